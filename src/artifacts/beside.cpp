#include "artifacts/beside.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include <unistd.h>

#include "base/encoding.h"
#include "base/files.h"
#include "base/hash.h"

namespace allod::artifacts {

Result<std::vector<KeptBeside>> make_beside(const ImageDefinition& definition,
                                            const std::string& tree, const Store& store,
                                            const AssemblyOptions& options,
                                            const Progress& progress) {
  const StepRunner runner = options.run_step ? options.run_step : container_step_runner(store);
  std::vector<KeptBeside> kept;
  for (const BesideFile& file : definition.beside) {
    const std::string name = file.path.substr(file.path.rfind('/') + 1);
    progress.event({definition.name, "making " + name, 0, 0});
    const Result<TemporaryFolder> output = store.temporary_folder("beside");
    if (!output) return output.error();
    StepPlace place;
    place.tree = tree;
    place.environment = definition.config.environment;
    place.output = output->path();
    place.memory = file.writable;
    place.environment.emplace("PATH", definition.config.path);
    for (const auto& [key, value] : file.step.environment)
      place.environment[key] = value;
    if (Status ran = runner(file.step, place); !ran) {
      return Error(ran.error()).during("making " + file.path + " beside image " + definition.name);
    }
    if (!exists(output->path() + "/" + name)) {
      return Error(ErrorCode::not_found, "image " + definition.name + ": the step left no file " +
                                             name + " in /run/beside")
          .at(file.step.mark.place());
    }
    Result<Digest> digest = store.import_new_file(output->path() + "/" + name);
    if (!digest) return std::move(digest).error();
    kept.push_back({file.path, std::move(*digest)});
  }
  return kept;
}

Status place_beside(const AssembledImage& image, const Store& store) {
  const std::string layer = store.tree_folder(image.image.layer.sha256);
  const std::string folder = layer + "/beside";
  for (const KeptBeside& file : image.beside) {
    const std::string place = folder + file.path;
    const std::string blob = store.blob_path(file.digest.sha256);
    if (!store.verify(file.digest)) {
      if (::unlink(place.c_str()) != 0 && errno != ENOENT) return errno_error("remove " + place);
      continue;
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink(place.c_str(), target.data(), target.size());
    if (length > 0 && std::string_view(target.data(), static_cast<std::size_t>(length)) == blob) {
      continue;
    }
    if (Status made = make_directories(place.substr(0, place.rfind('/'))); !made) return made;
    const std::string fresh = layer + "/beside-" + to_hex(random_bytes(6));
    if (::symlink(blob.c_str(), fresh.c_str()) != 0) return errno_error("link " + fresh);
    if (::rename(fresh.c_str(), place.c_str()) != 0) return errno_error("rename " + fresh);
  }
  return {};
}

bool beside_is_whole(const ImageDefinition& definition, const AssembledImage& image,
                     const Store& store) {
  return std::all_of(
      definition.beside.begin(), definition.beside.end(), [&](const BesideFile& wanted) {
        return std::any_of(image.beside.begin(), image.beside.end(), [&](const KeptBeside& file) {
          return file.path == wanted.path && store.has(file.digest);
        });
      });
}

} // namespace allod::artifacts
