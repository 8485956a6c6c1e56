#include "policy/expression.h"

#include <algorithm>

#include "base/text.h"
#include "cel/compile.h"
#include "document/mark_within.h"

namespace allod::policy {

using cel::Type;

namespace {

void declare_request(cel::Environment& environment) {
  const Type text = Type::string();
  environment.declare_object("kubernetes.GroupVersionKind",
                             {{"group", text}, {"version", text}, {"kind", text}});
  environment.declare_object("kubernetes.GroupVersionResource",
                             {{"group", text}, {"version", text}, {"resource", text}});
  environment.declare_object("kubernetes.UserInfo", {{"username", text},
                                                     {"uid", text},
                                                     {"groups", Type::list(text)},
                                                     {"extra", Type::map(text, Type::list(text))}});
  const Type kind = Type::object("kubernetes.GroupVersionKind");
  const Type resource = Type::object("kubernetes.GroupVersionResource");
  environment.declare_object("kubernetes.AdmissionRequest",
                             {{"kind", kind},
                              {"resource", resource},
                              {"subResource", text},
                              {"requestKind", kind},
                              {"requestResource", resource},
                              {"requestSubResource", text},
                              {"name", text},
                              {"namespace", text},
                              {"operation", text},
                              {"userInfo", Type::object("kubernetes.UserInfo")},
                              {"dryRun", Type::boolean()},
                              {"options", Type::dyn()}});
  environment.declare(name::kRequest, Type::object("kubernetes.AdmissionRequest"));
}

void declare_namespace(cel::Environment& environment) {
  const Type text = Type::string();
  const Type texts = Type::list(text);
  const Type labels = Type::map(text, text);
  environment.declare_object("kubernetes.NamespaceMetadata",
                             {{"name", text},
                              {"generateName", text},
                              {"namespace", text},
                              {"labels", labels},
                              {"annotations", labels},
                              {"UID", text},
                              {"creationTimestamp", Type::timestamp()},
                              {"deletionGracePeriodSeconds", Type::int64()},
                              {"deletionTimestamp", Type::timestamp()},
                              {"generation", Type::int64()},
                              {"resourceVersion", text},
                              {"finalizers", texts}});
  environment.declare_object("kubernetes.NamespaceSpec", {{"finalizers", texts}});
  environment.declare_object("kubernetes.NamespaceCondition",
                             {{"status", text},
                              {"type", text},
                              {"lastTransitionTime", Type::timestamp()},
                              {"message", text},
                              {"reason", text}});
  environment.declare_object(
      "kubernetes.NamespaceStatus",
      {{"conditions", Type::list(Type::object("kubernetes.NamespaceCondition"))}, {"phase", text}});
  environment.declare_object("kubernetes.Namespace",
                             {{"metadata", Type::object("kubernetes.NamespaceMetadata")},
                              {"spec", Type::object("kubernetes.NamespaceSpec")},
                              {"status", Type::object("kubernetes.NamespaceStatus")}});
  environment.declare(name::kNamespaceObject, Type::object("kubernetes.Namespace"));
}

/// The type that a variable has where it is used: lists, maps and scalars keep theirs, everything
/// else is dyn.
Type variable_type(const Type& type) {
  switch (type.kind()) {
  case cel::TypeKind::boolean:
  case cel::TypeKind::bytes:
  case cel::TypeKind::float64:
  case cel::TypeKind::duration:
  case cel::TypeKind::int64:
  case cel::TypeKind::null:
  case cel::TypeKind::string:
  case cel::TypeKind::timestamp:
  case cel::TypeKind::uint64:
    return type;
  case cel::TypeKind::list:
    return Type::list(variable_type(type.element()));
  case cel::TypeKind::map:
    return Type::map(variable_type(type.key()), variable_type(type.value()));
  default:
    return Type::dyn();
  }
}

const cel::Environment& base_environment() {
  static const cel::Environment kBase = [] {
    cel::Environment environment = cel::Environment::kubernetes();
    environment.declare(name::kObject, Type::dyn());
    environment.declare(name::kOldObject, Type::dyn());
    declare_request(environment);
    declare_namespace(environment);
    return environment;
  }();
  return kBase;
}

std::string types_text(const std::vector<Type>& types) {
  if (types.size() == 1) return types.front().to_string();
  std::string text;
  for (const Type& type : types)
    text += (text.empty() ? "[" : " ") + type.to_string();
  return "one of " + text + "]";
}

/// Bytes of a text up to a place that counts lines and code points.
std::size_t offset_of(std::string_view text, const Place& place) {
  std::size_t at = 0;
  for (std::uint32_t line = 1; line < place.line; ++line) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  for (std::uint32_t column = 1; column < place.column && at < text.size(); ++column) {
    do
      ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U);
  }
  return at;
}

} // namespace

const SubjectSlots& subject_slots() {
  static const SubjectSlots kSlots{base_environment().slot(name::kObject),
                                   base_environment().slot(name::kOldObject),
                                   base_environment().slot(name::kNamespaceObject)};
  return kSlots;
}

cel::Environment expression_environment(const ExpressionScope& scope) {
  cel::Environment environment = base_environment();
  if (scope.params) environment.declare(name::kParams, Type::dyn());
  if (scope.authorizer) {
    environment.declare(name::kAuthorizer, Type::opaque("kubernetes.authorization.Authorizer"));
    environment.declare(name::kResourceAuthorizer,
                        Type::opaque("kubernetes.authorization.ResourceCheck"));
  }
  if (scope.patches) environment.declare_mutation_types();
  if (scope.variables != nullptr) {
    std::vector<cel::Field> fields;
    for (const Variable& variable : *scope.variables) {
      const Type type = variable_type(variable.expression.program.result_type());
      // A qualified name is found without making a map of all variables; the object is for those
      // who ask has(variables.x) or want the map itself.
      environment.declare(std::string(name::kVariables) + "." + variable.name, type);
      fields.push_back({variable.name, type});
    }
    environment.declare_object("kubernetes.variables", std::move(fields));
    environment.declare(name::kVariables, Type::object("kubernetes.variables"));
  }
  return environment;
}

std::optional<Expression> compile_expression(const document::Value& text, const std::string& path,
                                             const cel::Environment& environment,
                                             const std::vector<Type>& types, FieldErrors& errors) {
  Result<cel::Program> program = cel::compile(environment, text.as_string());
  if (!program) {
    const Error& fault = program.error();
    document::Mark mark = text.mark();
    if (fault.place()) {
      const std::size_t offset = offset_of(text.as_string(), *fault.place());
      mark = document::mark_within(text, offset, std::max(1U, fault.place()->length));
    }
    errors.add(document::error_at(mark, path + ": compilation failed: " + fault.message())
                   .with_hint(fault.hint()));
    return std::nullopt;
  }
  const Type& result = program->result_type();
  if (!types.empty() && std::find(types.begin(), types.end(), result) == types.end()) {
    errors.invalid(text, path,
                   "must evaluate to " + types_text(types) + " but got " + result.to_string());
    return std::nullopt;
  }
  return Expression{text, std::move(*program)};
}

} // namespace allod::policy
