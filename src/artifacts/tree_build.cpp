#include "artifacts/tree_build.h"

#include <set>

#include <sys/stat.h>

#include "artifacts/layout.h"
#include "artifacts/oci_image.h"
#include "base/files.h"

namespace allod::artifacts {
namespace {

/// Runs the steps one by one, each on a tree with settled times (tree_listing.h says why), and
/// gathers the files that they wrote.
Result<std::vector<std::string>> run_steps(const ImageDefinition& definition, const Store& store,
                                           const std::string& tree, const AssemblyOptions& options,
                                           const Progress& progress) {
  const StepRunner runner = options.run_step ? options.run_step : container_step_runner(store);
  std::set<std::string> written;
  for (const RunStep& step : definition.run) {
    progress.event({definition.name, "running " + step.command.front(), 0, 0});
    StepPlace place;
    place.tree = tree;
    place.environment = definition.config.environment;
    place.environment.emplace("PATH", definition.config.path);
    for (const auto& [name, value] : step.environment)
      place.environment[name] = value;
    if (Status ran = runner(step, place); !ran) {
      return Error(ran.error()).during("assembling image " + definition.name);
    }
    const Result<std::vector<std::string>> changed = changed_files(tree);
    if (!changed) return changed.error();
    written.insert(changed->begin(), changed->end());
    if (Status settled = normalise_tree(tree); !settled) return std::move(settled).error();
  }
  for (const std::vector<std::string>& globs : {definition.remove, definition.remove_after}) {
    if (Status removed = remove_matching(tree, globs); !removed) return std::move(removed).error();
  }
  std::vector<std::string> left;
  for (const std::string& path : written) {
    if (exists(tree + path)) left.push_back(path);
  }
  return left;
}

} // namespace

Result<BuiltTree> build_tree(const ImageDefinition& definition, const ImageLock& lock,
                             const Store& store, const std::string& tree,
                             const AssemblyOptions& options, const Progress& progress) {
  const Result<std::vector<const LockedPart*>> matched = match_lock(definition, lock);
  if (!matched) return matched.error();
  if (Status made = make_directories(tree); !made) return std::move(made).error();
  // Whatever the umask was: processes of other users look through this folder.
  if (::chmod(tree.c_str(), 0755) != 0) return errno_error("chmod " + tree);

  BuiltTree built;
  progress.event({definition.name, "laying out", 0, 0});
  if (Status laid = lay_out(definition, *matched, store, tree); !laid) {
    return std::move(laid).error();
  }
  if (Status settled = normalise_tree(tree); !settled) return std::move(settled).error();
  if (!definition.run.empty()) {
    Result<std::vector<std::string>> written =
        run_steps(definition, store, tree, options, progress);
    if (!written) return std::move(written).error();
    built.written_by_steps = std::move(*written);
  }
  // What they are mounted over; the folder is the image's own.
  for (const BesideFile& file : definition.beside) {
    if (Status made = write_file(tree + file.path, ""); !made) return std::move(made).error();
  }
  if (Status settled = normalise_tree(tree); !settled) return std::move(settled).error();
  progress.event({definition.name, "digesting", 0, 0});
  Result<std::vector<TreeEntry>> entries = scan_tree(tree);
  if (!entries) return std::move(entries).error();
  built.entries = std::move(*entries);
  Result<Digest> layer = digest_layer(tree, built.entries);
  if (!layer) return std::move(layer).error();
  built.layer = std::move(*layer);
  return built;
}

} // namespace allod::artifacts
