#include "catalogue/recipe_environment.h"

#include "catalogue/schema_type.h"

namespace allod::catalogue {
namespace {

using cel::Field;
using cel::Type;
using document::Member;
using document::Value;

/// Declares an object with one field for each member of a map, all of one type.
Type names_of(const Value* map, const std::string& object, const Type& type,
              cel::Environment& environment) {
  std::vector<Field> fields;
  if (map != nullptr && map->is_map()) {
    for (const Member& member : map->members())
      fields.push_back({member.key, type});
  }
  environment.declare_object("object " + object, std::move(fields));
  return Type::object("object " + object);
}

/// The contract that a need is about; empty when it names nothing known.
std::string contract_of(const Value& need, const Surroundings& surroundings) {
  if (const Value* contract = need.find("contract")) return contract->as_string();
  const auto capability = surroundings.capabilities.find(need.string_or("capability", ""));
  if (capability == surroundings.capabilities.end() || capability->second.contracts.empty())
    return {};
  return capability->second.contracts.front();
}

void declare_needs(const Value& units, const Surroundings& surroundings,
                   cel::Environment& environment) {
  std::vector<Field> fields;
  if (const Value* needs = units.find("needs")) {
    for (const Member& need : needs->members()) {
      const auto contract = surroundings.contracts.find(contract_of(need.value, surroundings));
      Type type = contract == surroundings.contracts.end()
                      ? Type::dyn()
                      : type_of_schema(contract->second.binding, "needs." + need.key, environment);
      fields.push_back({need.key, need.value.boolean_or("all", false) ? Type::list(type) : type});
    }
  }
  environment.declare_object("object needs", std::move(fields));
  environment.declare("needs", Type::object("object needs"));
}

void declare_consumers(const Value& units, const Surroundings& surroundings,
                       cel::Environment& environment) {
  std::vector<Field> fields;
  if (const Value* offers = units.find("offers")) {
    for (const Member& offer : offers->members()) {
      const std::string name = "consumer." + offer.key;
      const auto contract = surroundings.contracts.find(offer.value.string_or("contract", ""));
      const Type options =
          contract == surroundings.contracts.end()
              ? Type::dyn()
              : type_of_schema(contract->second.options, name + ".options", environment);
      const Type secrets =
          names_of(offer.value.find("secrets"), name + ".secrets", Type::string(), environment);
      environment.declare_object("object " + name, {{"name", Type::string()},
                                                    {"component", Type::string()},
                                                    {"address", Type::string()},
                                                    {"identity", Type::string()},
                                                    {"commonName", Type::string()},
                                                    {"options", options},
                                                    {"secrets", secrets},
                                                    {"previous", secrets}});
      fields.push_back({offer.key, Type::list(Type::object("object " + name))});
    }
  }
  environment.declare_object("object consumers", std::move(fields));
  environment.declare("consumers", Type::object("object consumers"));
}

void declare_units(const Value& units, cel::Environment& environment) {
  std::vector<Field> fields;
  if (const Value* members = units.find("units")) {
    for (const Member& unit : members->members()) {
      const std::string name = "units." + unit.key;
      const Type ports =
          names_of(unit.value.find("ports"), name + ".ports", Type::int64(), environment);
      environment.declare_object("object " + name, {{"ports", ports}});
      fields.push_back({unit.key, Type::object("object " + name)});
    }
  }
  environment.declare_object("object units", std::move(fields));
  environment.declare("units", Type::object("object units"));
}

void declare_identity(cel::Environment& environment) {
  std::vector<Field> fields;
  for (const char* path : {"certificate", "leaf", "key", "keyDer", "keystore", "bundle", "clients",
                           "clientsOpenssl"}) {
    fields.push_back({path, Type::string()});
  }
  environment.declare_object("object identity", std::move(fields));
  environment.declare("identity", Type::object("object identity"));
}

} // namespace

cel::Environment static_environment(const Value& parameters) {
  cel::Environment environment = cel::Environment::standard();
  environment.declare_object("object stack.listen",
                             {{"address", Type::string()}, {"port", Type::int64()}});
  environment.declare_object("object stack", {{"name", Type::string()},
                                              {"domain", Type::string()},
                                              {"trustDomain", Type::string()},
                                              {"listen", Type::object("object stack.listen")}});
  environment.declare("stack", Type::object("object stack"));
  environment.declare_object("object component", {{"name", Type::string()},
                                                  {"host", Type::string()},
                                                  {"address", Type::string()},
                                                  {"identity", Type::string()},
                                                  {"commonName", Type::string()}});
  environment.declare("component", Type::object("object component"));
  environment.declare("parameters", type_of_schema(parameters, "parameters", environment));
  return environment;
}

cel::Environment recipe_environment(const Value& parameters, const Value& units,
                                    const Surroundings& surroundings) {
  cel::Environment environment = static_environment(parameters);
  declare_needs(units, surroundings, environment);
  declare_consumers(units, surroundings, environment);
  declare_units(units, environment);
  declare_identity(environment);
  const Type secrets = names_of(units.find("secrets"), "secrets", Type::string(), environment);
  environment.declare("secrets", secrets);
  environment.declare("previous", secrets);
  environment.declare_object("object trust", {{"roots", Type::string()}});
  environment.declare("trust", Type::object("object trust"));
  environment.declare("volumes",
                      names_of(units.find("volumes"), "volumes", Type::string(), environment));
  environment.declare_object("object outlet", {{"host", Type::string()}, {"port", Type::int64()}});
  environment.declare("outside", names_of(units.find("outside"), "outside",
                                          Type::object("object outlet"), environment));
  environment.declare_object("object page", {{"host", Type::string()}, {"url", Type::string()}});
  environment.declare(
      "pages", names_of(units.find("pages"), "pages", Type::object("object page"), environment));
  return environment;
}

cel::Environment consumer_environment(const cel::Environment& recipe, const std::string& offer) {
  cel::Environment environment = recipe;
  environment.declare("consumer", Type::object("object consumer." + offer));
  return environment;
}

} // namespace allod::catalogue
