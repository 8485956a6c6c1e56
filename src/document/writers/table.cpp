// Rows of words, quoted the way of pg_hba.conf (PostgreSQL documentation, "The pg_hba.conf File").
#include <algorithm>

#include "base/encoding.h"
#include "document/writers/common.h"

namespace allod::document::writers {
namespace {

Result<std::string> word(const Path& path, const Value& value) {
  if (value.is_boolean() || value.is_numeric()) return plain_scalar(value);
  if (!value.is_string()) return refuse_kind(path, value, "a table");
  const std::string& text = value.as_string();
  if (has_controls(text, "\t")) {
    return refuse(path, value.mark(),
                  "a text with line breaks or control characters cannot stand in a table");
  }
  const bool special =
      text.empty() || text.find_first_of(" \t,\"#") != std::string::npos || text.back() == '\\';
  if (!special) return text;
  std::string result = "\"";
  for (const char c : text) {
    result += c;
    if (c == '"') result += c;
  }
  return result + "\"";
}

Result<std::string> field(const Path& path, const Value& value) {
  if (!value.is_list()) return word(path, value);
  if (value.size() == 0) return refuse(path, value.mark(), "a field of a table needs a word");
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    Path inner = path;
    inner.emplace_back(i);
    const Result<std::string> one = word(inner, value.items()[i]);
    if (!one) return one;
    text += (i == 0 ? "" : ",") + *one;
  }
  return text;
}

using Row = std::vector<std::string>;

Result<Row> row_of(std::size_t number, const Value& value) {
  const Path path{number};
  if (!value.is_list() || value.size() == 0) {
    return refuse(path, value.mark(), "a row of a table is written from a list of words");
  }
  Row row;
  for (std::size_t i = 0; i < value.size(); ++i) {
    Path inner = path;
    inner.emplace_back(i);
    Result<std::string> one = field(inner, value.items()[i]);
    if (!one) return std::move(one).error();
    row.push_back(*std::move(one));
  }
  return row;
}

} // namespace

Result<std::string> write_table(const Value& content, const Value& options) {
  if (!content.is_list())
    return refuse({}, content.mark(), "a table is written from a list of rows");
  std::vector<Row> rows;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < content.size(); ++i) {
    Result<Row> row = row_of(i, content.items()[i]);
    if (!row) return std::move(row).error();
    widths.resize(std::max(widths.size(), row->size()));
    for (std::size_t j = 0; j < row->size(); ++j) {
      widths[j] = std::max(widths[j], utf8_length((*row)[j]));
    }
    rows.push_back(*std::move(row));
  }
  const bool align = options.boolean_or("align", true);
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t j = 0; j < row.size(); ++j) {
      text += row[j];
      if (j + 1 == row.size()) continue;
      text.append(align ? widths[j] - utf8_length(row[j]) + 1 : 1, ' ');
    }
    text += '\n';
  }
  return text;
}

} // namespace allod::document::writers
