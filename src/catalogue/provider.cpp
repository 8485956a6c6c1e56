#include "catalogue/provider.h"

#include <algorithm>

#include "base/text.h"
#include "catalogue/recipe_environment.h"

namespace allod::catalogue {
namespace {

using document::Member;
using document::Value;

template<class T>
const T* find_by_name(const std::vector<T>& things, std::string_view name) {
  const auto found = std::find_if(things.begin(), things.end(),
                                  [&](const T& thing) { return thing.name == name; });
  return found == things.end() ? nullptr : &*found;
}

std::vector<std::string> keys_of(const Value* map) {
  std::vector<std::string> keys;
  if (map == nullptr || !map->is_map()) return keys;
  for (const Member& member : map->members())
    keys.push_back(member.key);
  return keys;
}

/// `before: server` and `before: [server, other]` alike.
std::vector<std::string> texts_of(const Value* value) {
  if (value == nullptr) return {};
  if (value->is_string()) return {value->as_string()};
  std::vector<std::string> texts;
  for (const Value& item : value->items())
    texts.push_back(item.as_string());
  return texts;
}

Value without(const Value& map, std::initializer_list<std::string_view> keys) {
  Value rest = map;
  for (const std::string_view key : keys)
    rest.erase(key);
  rest.set_mark(map.mark());
  return rest;
}

Error unknown_name(const document::Mark& mark, const std::string& what, const std::string& name,
                   const std::vector<std::string>& known) {
  Error error = document::error_at(mark, "unknown " + what + " \"" + name + "\"");
  const std::string near = nearest(name, known);
  std::string hint = near.empty() ? "" : "did you mean \"" + near + "\"? ";
  hint += known.empty() ? "there is none" : "known: " + join(known, ", ");
  return std::move(error).with_hint(hint);
}

std::map<std::string, SecretRecipe> read_secrets(const Value* secrets) {
  std::map<std::string, SecretRecipe> result;
  if (secrets == nullptr) return result;
  for (const Member& member : secrets->members()) {
    result[member.key] = {
        member.value.integer_or("length", 32), member.value.string_or("title", ""),
        member.value.string_or("shownAs", ""), member.value.boolean_or("once", false)};
  }
  return result;
}

/// Compiles the parts of units.yaml against one environment, checking names on the way.
class ProviderCompiler {
 public:
  ProviderCompiler(Provider& provider, const Value& units, const Surroundings& surroundings,
                   Problems& problems)
      : provider_(provider), units_(units), surroundings_(surroundings), problems_(problems),
        environment_(recipe_environment(provider.parameters, units, surroundings)) {}

  void compile() {
    compile_needs();
    provider_.secrets = read_secrets(units_.find("secrets"));
    compile_pages();
    for (const Member& member : members("outside")) {
      provider_.outside.push_back(
          {member.key,
           Template::compile(member.value, static_environment(provider_.parameters), problems_)});
    }
    compile_offers();
    compile_volumes();
    compile_units();
    for (const Member& step : members("steps"))
      provider_.steps.push_back(compile_step(step, environment_));
    for (const Member& copy : members("backup"))
      compile_copy(copy);
    check_order();
  }

 private:
  [[nodiscard]] const std::vector<Member>& members(std::string_view key) const {
    static const std::vector<Member> kNone;
    const Value* map = units_.find(key);
    return map == nullptr || !map->is_map() ? kNone : map->members();
  }

  void compile_needs() {
    for (const Member& member : members("needs")) {
      if (std::optional<Need> need = read_need(member, environment_, surroundings_, problems_)) {
        provider_.needs.push_back(std::move(*need));
      }
    }
  }

  std::optional<PortReference> read_port(const Value& value) {
    const std::vector<std::string> parts = split(value.as_string(), '.');
    const Value* unit = units_.at_path({"units", parts[0]});
    if (unit == nullptr) {
      problems_.push_back(
          unknown_name(value.mark(), "unit", parts[0], keys_of(units_.find("units"))));
      return std::nullopt;
    }
    if (unit->at_path({"ports", parts[1]}) == nullptr) {
      problems_.push_back(
          unknown_name(value.mark(), "port", parts[1], keys_of(unit->find("ports"))));
      return std::nullopt;
    }
    return PortReference{parts[0], parts[1]};
  }

  void compile_pages() {
    for (const Member& member : members("pages")) {
      const std::optional<PortReference> port = read_port(*member.value.find("port"));
      if (!port) continue;
      const Value* path = member.value.find("path");
      provider_.pages.push_back(
          {member.key, member.value.string_or("title", ""), *port,
           member.value.string_or("signOn", "gateway"), member.value.strings_at("groups"),
           Template::compile(path == nullptr ? Value("/") : *path,
                             static_environment(provider_.parameters), problems_)});
    }
  }

  void compile_offers() {
    for (const Member& member : members("offers")) {
      Offer offer;
      offer.name = member.key;
      offer.mark = member.key_mark;
      offer.contract = member.value.string_or("contract", "");
      if (!surroundings_.contracts.contains(offer.contract)) {
        std::vector<std::string> known;
        for (const auto& [name, contract] : surroundings_.contracts)
          known.push_back(name);
        problems_.push_back(
            unknown_name(member.value.find("contract")->mark(), "contract", offer.contract, known));
      }
      if (const Value* port = member.value.find("port")) offer.port = read_port(*port);
      offer.page = member.value.string_or("page", "");
      if (!offer.page.empty() && provider_.find_page(offer.page) == nullptr) {
        problems_.push_back(unknown_name(member.value.find("page")->mark(), "page", offer.page,
                                         keys_of(units_.find("pages"))));
      }
      offer.secrets = read_secrets(member.value.find("secrets"));
      const cel::Environment environment = consumer_environment(environment_, offer.name);
      offer.binding = Template::compile(*member.value.find("binding"), environment, problems_);
      if (const Value* grant = member.value.find("grant")) {
        for (const Member& step : grant->members())
          offer.grant.push_back(compile_step(step, environment));
      }
      provider_.offers.push_back(std::move(offer));
    }
  }

  void compile_volumes() {
    for (const Member& member : members("volumes")) {
      provider_.volumes.push_back(
          {member.key, member.value.string_or("path", ""),
           Template::compile(*member.value.find("size"), environment_, problems_),
           member.value.strings_at("folders")});
    }
  }

  void compile_units() {
    const cel::Environment early = static_environment(provider_.parameters);
    for (const Member& member : members("units")) {
      UnitRecipe unit;
      unit.name = member.key;
      unit.mark = member.key_mark;
      unit.source = member.value;
      unit.after = texts_of(member.value.find("after"));
      if (const Value* ports = member.value.find("ports")) {
        unit.ports = Template::compile(*ports, early, problems_);
      }
      unit.body =
          Template::compile(without(member.value, {"ports", "after"}), environment_, problems_);
      check_volumes(member.value);
      check_probe(member.value);
      provider_.units.push_back(std::move(unit));
    }
  }

  void check_volumes(const Value& unit) {
    const Value* volumes = unit.find("volumes");
    if (volumes == nullptr) return;
    for (const Value& volume : volumes->items()) {
      if (units_.at_path({"volumes", volume.as_string()}) == nullptr) {
        problems_.push_back(unknown_name(volume.mark(), "volume", volume.as_string(),
                                         keys_of(units_.find("volumes"))));
      }
    }
  }

  void check_probe(const Value& unit) {
    for (const std::string_view kind : {"http", "tcp"}) {
      const Value* port = unit.at_path({"ready", kind, "port"});
      if (port == nullptr || unit.at_path({"ports", port->as_string()}) != nullptr) continue;
      problems_.push_back(
          unknown_name(port->mark(), "port", port->as_string(), keys_of(unit.find("ports"))));
    }
  }

  StepRecipe compile_step(const Member& member, const cel::Environment& environment) {
    StepRecipe step;
    step.name = member.key;
    step.mark = member.key_mark;
    step.before = texts_of(member.value.find("before"));
    step.after = texts_of(member.value.find("after"));
    step.like = member.value.string_or("like", "");
    step.image = member.value.string_or("image", "");
    step.http = member.value.contains("http");
    if (!step.like.empty() && units_.at_path({"units", step.like}) == nullptr) {
      problems_.push_back(unknown_name(member.value.find("like")->mark(), "unit", step.like,
                                       keys_of(units_.find("units"))));
    }
    TemplateOptions options;
    options.deferred = step.http || member.value.at_path({"undo", "http"}) != nullptr;
    step.body = Template::compile(without(member.value, {"before", "after", "like"}), environment,
                                  problems_, options);
    return step;
  }

  void compile_copy(const Member& member) {
    CopyRecipe copy;
    copy.name = member.key;
    copy.log = member.value.boolean_or("log", false);
    const auto step = [&](const Value& value) {
      Member named = member;
      named.value = value;
      return compile_step(named, environment_);
    };
    if (const Value* take = member.value.find("take")) copy.take = step(*take);
    copy.restore = step(*member.value.find("restore"));
    if (const Value* folder = member.value.find("folder")) {
      copy.volume = folder->string_or("volume", "");
      copy.folder = folder->string_or("path", "");
      if (units_.at_path({"volumes", copy.volume}) == nullptr) {
        problems_.push_back(unknown_name(folder->find("volume")->mark(), "volume", copy.volume,
                                         keys_of(units_.find("volumes"))));
      }
    }
    check_volumes(member.value);
    copy.volumes = member.value.strings_at("volumes");
    copy.stopped = member.value.strings_at("stopped");
    for (const std::string& unit : copy.stopped) {
      if (units_.at_path({"units", unit}) != nullptr) continue;
      problems_.push_back(unknown_name(member.value.find("stopped")->mark(), "unit", unit,
                                       keys_of(units_.find("units"))));
    }
    provider_.backup.push_back(std::move(copy));
  }

  /// Every name in before and after is a unit or a step.
  void check_order() {
    std::vector<std::string> known = keys_of(units_.find("units"));
    for (const std::string& step : keys_of(units_.find("steps")))
      known.push_back(step);
    const auto check = [&](const Value& thing) {
      for (const std::string_view key : {"before", "after"}) {
        const Value* names = thing.find(key);
        for (const std::string& name : texts_of(names)) {
          if (std::find(known.begin(), known.end(), name) != known.end()) continue;
          problems_.push_back(unknown_name(names->mark(), "unit or step", name, known));
        }
      }
    };
    for (const Member& unit : members("units"))
      check(unit.value);
    for (const Member& step : members("steps"))
      check(step.value);
    for (const Member& copy : members("backup"))
      check(*copy.value.find("restore"));
  }

  Provider& provider_;
  const Value& units_;
  const Surroundings& surroundings_;
  Problems& problems_;
  cel::Environment environment_;
};

} // namespace

const Need* Provider::find_need(std::string_view need) const {
  return find_by_name(needs, need);
}
const Offer* Provider::find_offer(std::string_view offer) const {
  return find_by_name(offers, offer);
}
const Page* Provider::find_page(std::string_view page) const {
  return find_by_name(pages, page);
}
const UnitRecipe* Provider::find_unit(std::string_view unit) const {
  return find_by_name(units, unit);
}

bool Provider::keeps_backups() const {
  return std::any_of(units.begin(), units.end(),
                     [](const UnitRecipe& unit) { return unit.source.contains("repository"); });
}

std::optional<Need> read_need(const Member& member, const cel::Environment& environment,
                              const Surroundings& surroundings, Problems& problems) {
  Need need;
  need.name = member.key;
  need.mark = member.key_mark;
  need.optional = member.value.boolean_or("optional", false);
  need.all = member.value.boolean_or("all", false);
  need.wait = member.value.boolean_or("wait", true);
  need.contract = member.value.string_or("contract", "");
  if (const Value* capability = member.value.find("capability")) {
    need.capability = capability->as_string();
    const auto found = surroundings.capabilities.find(need.capability);
    if (found == surroundings.capabilities.end()) {
      std::vector<std::string> known;
      for (const auto& [name, ignored] : surroundings.capabilities)
        known.push_back(name);
      problems.push_back(unknown_name(capability->mark(), "capability", need.capability, known));
      return std::nullopt;
    }
    if (need.contract.empty()) need.contract = found->second.contracts.front();
  }
  if (!surroundings.contracts.contains(need.contract)) {
    std::vector<std::string> known;
    for (const auto& [name, ignored] : surroundings.contracts)
      known.push_back(name);
    const Value* contract = member.value.find("contract");
    problems.push_back(unknown_name(contract == nullptr ? member.key_mark : contract->mark(),
                                    "contract", need.contract, known));
    return std::nullopt;
  }
  const Value* options = member.value.find("options");
  Value none = Value::map();
  need.options = Template::compile(options == nullptr ? none : *options, environment, problems);
  return need;
}

std::unique_ptr<Provider> compile_provider(const std::string& folder, const Value& facts,
                                           const Value& units, const Surroundings& surroundings,
                                           Problems& problems) {
  auto provider = std::make_unique<Provider>();
  provider->name = facts.at_path({"metadata", "name"})->as_string();
  provider->folder = folder;
  provider->facts = facts;
  provider->parameters = *facts.find("parameters");
  provider->capabilities = facts.strings_at("capabilities");
  ProviderCompiler(*provider, units, surroundings, problems).compile();
  return provider;
}

} // namespace allod::catalogue
