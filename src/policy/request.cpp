#include "policy/request.h"

#include <optional>
#include <string>
#include <utility>

namespace allod::policy {

namespace {

/// A map of which one entry is known.
class PartlyKnown : public cel::Map {
 public:
  PartlyKnown(std::string path, std::string key, cel::Value value)
      : path_(std::move(path)), key_(std::move(key)), value_(std::move(value)) {}

  [[nodiscard]] std::size_t size() const override { return 1; }
  [[nodiscard]] std::optional<cel::Value> find(std::string_view key) const override {
    if (key == key_) return value_;
    return cel::Value::unknown(path_ + "." + std::string(key));
  }
  [[nodiscard]] std::pair<cel::Value, cel::Value> entry(std::size_t) const override {
    return {cel::Value::string(key_), value_};
  }

 private:
  std::string path_;
  std::string key_;
  cel::Value value_;
};

} // namespace

std::string text_of(const cel::Value& map, std::string_view key) {
  if (!map.is(cel::Kind::map)) return {};
  const std::optional<cel::Value> value = map.as_map().find(key);
  return value && value->is(cel::Kind::string) ? std::string(value->as_string()) : std::string();
}

std::string_view to_string(Operation operation) {
  switch (operation) {
  case Operation::create:
    return "CREATE";
  case Operation::update:
    return "UPDATE";
  case Operation::remove:
    return "DELETE";
  case Operation::connect:
    return "CONNECT";
  }
  return "";
}

cel::Value unknown_namespace_labels(std::string_view name) {
  // The API server puts this label on every namespace.
  return cel::Value::map(std::make_shared<PartlyKnown>("namespaceObject.metadata.labels",
                                                       "kubernetes.io/metadata.name",
                                                       cel::Value::string(std::string(name))));
}

Subject subject_of(cel::Value object, Operation operation, const Resources& resources,
                   std::string_view default_namespace) {
  Subject subject;
  Request& request = subject.request;
  request.operation = operation;
  request.resource = &resources.of_kind(text_of(object, "apiVersion"), text_of(object, "kind"));
  cel::Value metadata;
  if (object.is(cel::Kind::map)) {
    metadata = object.as_map().find("metadata").value_or(cel::Value());
  }
  request.name = text_of(metadata, "name");
  if (request.resource->namespaced) {
    request.namespace_ = text_of(metadata, "namespace");
    if (request.namespace_.empty()) request.namespace_ = default_namespace;
  } else if (request.resource->group.empty() && request.resource->plural == "namespaces") {
    request.namespace_ = request.name;
  }
  (operation == Operation::remove ? subject.old_object : subject.object) = std::move(object);
  return subject;
}

} // namespace allod::policy
