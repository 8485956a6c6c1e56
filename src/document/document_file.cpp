#include "document/document_file.h"

#include "base/files.h"
#include "document/json_reader.h"
#include "document/yaml_reader.h"

namespace allod::document {
namespace {

bool is_json(const std::string& path) {
  return path.ends_with(".json");
}

Result<std::string> read_text(const std::string& path, const ReadLimits& limits) {
  if (!is_json(path) && !path.ends_with(".yaml") && !path.ends_with(".yml")) {
    return Error(ErrorCode::invalid_input, path + " is neither .yaml, .yml nor .json by its name");
  }
  // One byte more than the limit: the reader then says so with its own words.
  return read_file(path, limits.bytes + 1);
}

} // namespace

Result<Value> read_document_file(const std::string& path, const ReadLimits& limits,
                                 const std::string& name) {
  Result<std::string> text = read_text(path, limits);
  if (!text) return std::move(text).error();
  const std::string& shown = name.empty() ? path : name;
  return is_json(path) ? read_json(shown, *text, limits) : read_yaml_document(shown, *text, limits);
}

Result<std::vector<Value>> read_documents_file(const std::string& path, const ReadLimits& limits,
                                               const std::string& name) {
  Result<std::string> text = read_text(path, limits);
  if (!text) return std::move(text).error();
  const std::string& shown = name.empty() ? path : name;
  if (!is_json(path)) return read_yaml(shown, *text, limits);
  Result<Value> value = read_json(shown, *text, limits);
  if (!value) return std::move(value).error();
  return std::vector<Value>{*std::move(value)};
}

} // namespace allod::document
