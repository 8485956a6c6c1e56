#include "spiffe/workload_messages.h"

#include <functional>

#include "spiffe/protobuf.h"

namespace allod::spiffe {
namespace {

using nlohmann::json;

std::string encode_map(std::uint32_t field, const Bundles& bundles) {
  MessageWriter message;
  for (const auto& [domain, bundle] : bundles) {
    message.text(field, MessageWriter().text(1, domain).text(2, bundle).take());
  }
  return message.take();
}

std::string encode_struct(const json& object);

/// google.protobuf.Value: null 1, number 2, string 3, bool 4, struct 5, list 6.
std::string encode_value(const json& value) {
  MessageWriter message;
  if (value.is_null()) message.varint(1, 0);
  if (value.is_number()) message.number(2, value.get<double>());
  if (value.is_string()) message.text(3, value.get_ref<const std::string&>());
  if (value.is_boolean()) message.boolean(4, value.get<bool>());
  if (value.is_object()) message.text(5, encode_struct(value));
  if (value.is_array()) {
    MessageWriter list;
    for (const json& item : value)
      list.text(1, encode_value(item));
    message.text(6, list.take());
  }
  return message.take();
}

std::string encode_struct(const json& object) {
  MessageWriter message;
  for (const auto& [key, value] : object.items()) {
    message.text(1, MessageWriter().text(1, key).text(2, encode_value(value)).take());
  }
  return message.take();
}

/// Requests have texts in fields 1 and 2; others are of a later version.
Status for_each_text(std::string_view message,
                     const std::function<void(std::uint32_t, std::string_view)>& take) {
  MessageReader reader(message);
  while (!reader.at_end()) {
    const Result<Field> field = reader.next();
    if (!field) return field.error();
    if (field->type != WireType::length_delimited || field->number > 2) continue;
    if (invalid_utf8(field->bytes) != std::string_view::npos) {
      return Error(ErrorCode::invalid_input, "the message is malformed: a text is not UTF-8");
    }
    take(field->number, field->bytes);
  }
  return {};
}

} // namespace

std::string encode_x509_svid_response(const X509Identity& identity) {
  std::string svid = MessageWriter()
                         .text(1, identity.id)
                         .text(2, as_text(identity.chain))
                         .text(3, identity.key.reveal())
                         .text(4, as_text(identity.bundle))
                         .take();
  std::string message = MessageWriter().text(1, svid).take();
  wipe(svid);
  return message;
}

std::string encode_x509_bundles_response(const Bundles& bundles) {
  return encode_map(2, bundles);
}

std::string encode_jwt_bundles_response(const Bundles& bundles) {
  return encode_map(1, bundles);
}

std::string encode_jwt_svid_response(const std::string& id, const std::string& token) {
  return MessageWriter().text(1, MessageWriter().text(1, id).text(2, token).take()).take();
}

std::string encode_validate_response(const std::string& id, const json& claims) {
  return MessageWriter().text(1, id).text(2, encode_struct(claims)).take();
}

Result<JwtSvidRequest> decode_jwt_svid_request(std::string_view message) {
  JwtSvidRequest request;
  Status read = for_each_text(message, [&](std::uint32_t field, std::string_view text) {
    if (field == 1) request.audience.emplace_back(text);
    if (field == 2) request.id = text;
  });
  if (!read) return std::move(read).error();
  return request;
}

Result<ValidateJwtSvidRequest> decode_validate_request(std::string_view message) {
  ValidateJwtSvidRequest request;
  Status read = for_each_text(message, [&](std::uint32_t field, std::string_view text) {
    if (field == 1) request.audience = text;
    if (field == 2) request.token = text;
  });
  if (!read) return std::move(read).error();
  return request;
}

Status decode_empty_request(std::string_view message) {
  return for_each_text(message, [](std::uint32_t, std::string_view) {});
}

} // namespace allod::spiffe
