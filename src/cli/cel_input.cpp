#include "cli/cel_input.h"

#include <iostream>
#include <iterator>

#include "base/files.h"
#include "cel/authorizer.h"
#include "document/cel_value.h"
#include "document/yaml_reader.h"

namespace allod::cli {

CelInput::CelInput() : environment_(cel::Environment::standard()) {
  environment_.declare_mutation_types();
  environment_.declare("authorizer", cel::Type::opaque("kubernetes.authorization.Authorizer"));
  activation_.set_slot(environment_.slot("authorizer"), cel::authorizer_value(nullptr));
  bind("object", cel::Value::null());
  bind("self", cel::Value::null());
}

void CelInput::bind(const std::string& name, cel::Value value) {
  environment_.declare(name, cel::Type::dyn());
  activation_.set_slot(environment_.slot(name), std::move(value));
}

void CelInput::set_input(const document::Value& value) {
  const cel::Value given = document::to_cel(value);
  bind("object", given);
  bind("self", given);
}

void CelInput::set(const std::string& name, const document::Value& value) {
  bind(name, document::to_cel(value));
}

void CelInput::set_unknown(const std::string& name) {
  bind(name, cel::Value::unknown(name));
}

Status CelInput::set_from_text(const std::string& text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string::npos || sign == 0) {
    return Error(ErrorCode::invalid_input, "\"" + text + "\" does not give a variable a value")
        .with_hint("--var name=VALUE with VALUE in YAML, name=@FILE, or name=? for unknown");
  }
  const std::string name = text.substr(0, sign);
  const std::string value = text.substr(sign + 1);
  if (value == "?") {
    set_unknown(name);
    return {};
  }
  if (value.starts_with('@')) {
    auto read = read_cel_input(value.substr(1));
    if (!read) return std::move(read).error();
    set(name, *read);
    return {};
  }
  auto documents = document::read_yaml("--var " + name, value);
  if (!documents) return std::move(documents).error();
  set(name, documents->empty() ? document::Value() : documents->front());
  return {};
}

Result<document::Value> read_cel_input(const std::string& path) {
  if (path == "-") {
    const std::string text(std::istreambuf_iterator<char>(std::cin), {});
    return document::read_yaml_document("standard input", text);
  }
  auto text = read_file(path);
  if (!text) return std::move(text).error();
  return document::read_yaml_document(path, *text);
}

document::Value show_cel(const cel::Value& value) {
  auto shown = document::from_cel(value);
  return shown ? std::move(*shown) : document::Value(value.to_string());
}

} // namespace allod::cli
