#include "agent/json_rpc.h"

#include "agent/reconciler.h"
#include "document/json_writer.h"

namespace allod::agent {
namespace {

using document::Value;

Value message() {
  Value value = Value::map();
  value.set("jsonrpc", "2.0");
  return value;
}

std::string line(const Value& value) {
  return document::write_json(value) + "\n";
}

ErrorCode code_from(const std::string& name) {
  for (int number = 0; number <= static_cast<int>(ErrorCode::internal); ++number) {
    const auto code = static_cast<ErrorCode>(number);
    if (name == to_string(code)) return code;
  }
  return ErrorCode::internal;
}

} // namespace

std::string rpc_request(std::int64_t id, const std::string& method, const Value& params) {
  Value value = message();
  value.set("id", Value(id));
  value.set("method", method);
  value.set("params", params);
  return line(value);
}

std::string rpc_notification(const std::string& method, const Value& params) {
  Value value = message();
  value.set("method", method);
  value.set("params", params);
  return line(value);
}

std::string rpc_result(const Value& id, const Value& result) {
  Value value = message();
  value.set("id", id);
  value.set("result", result);
  return line(value);
}

std::string rpc_error(const Value& id, int code, const Error& error) {
  Value described = Value::map();
  described.set("code", code);
  described.set("message", error.message());
  described.set("data", to_value(error));
  Value value = message();
  value.set("id", id);
  value.set("error", std::move(described));
  return line(value);
}

Error error_from_value(const Value& value) {
  Error error(code_from(value.string_or("code", "")), value.string_or("message", "unknown error"));
  for (const std::string& doing : value.strings_at("context")) {
    error = std::move(error).during(doing);
  }
  if (const Value* details = value.find("details"); details != nullptr && details->is_list()) {
    for (const Value& detail : details->items()) {
      error =
          std::move(error).with_detail(detail.string_or("name", ""), detail.string_or("value", ""));
    }
  }
  const std::string hint = value.string_or("hint", "");
  return hint.empty() ? error : std::move(error).with_hint(hint);
}

} // namespace allod::agent
