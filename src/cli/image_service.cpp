#include "cli/image_service.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/places.h"
#include "artifacts/sbom/image_bill.h"
#include "base/files.h"
#include "base/text.h"

namespace allod::cli {
namespace {

constexpr unsigned kParallel = 4;

std::string describe(const artifacts::ProgressEvent& event) {
  std::string text = event.image + "  " + event.phase;
  if (event.bytes_total > 0) {
    text += "  " + format_size(event.bytes_done) + " of " + format_size(event.bytes_total);
  }
  return text;
}

artifacts::Progress progress_on(Terminal& terminal) {
  artifacts::Progress progress;
  progress.on_event = [&](const artifacts::ProgressEvent& event) {
    terminal.running("image/" + event.image, describe(event));
  };
  progress.on_note = [&](const std::string& image, const std::string& text) {
    terminal.note("  " + image + ": " + text);
  };
  return progress;
}

} // namespace

Result<artifacts::Store> open_store() {
  Result<artifacts::Store> store = artifacts::Store::open(agent::Places::of("x").store_root);
  if (!store) return std::move(store).error().during("opening the artefact store");
  return store;
}

Result<OpenedImages> open_images(const GlobalOptions& global, const ImageOptions& options) {
  Result<std::string> folder = find_catalogue(global);
  if (!folder) return std::move(folder).error();
  catalogue::Problems problems;
  Result<std::unique_ptr<catalogue::Catalogue>> catalogue =
      catalogue::Catalogue::open(*folder, problems);
  if (!catalogue) return std::move(catalogue).error();
  if (!problems.empty()) return std::move(problems.front());
  Result<ImageService> service = ImageService::open(**catalogue, options);
  if (!service) return std::move(service).error();
  return OpenedImages{std::move(*catalogue), std::make_unique<ImageService>(std::move(*service))};
}

Result<ImageService> ImageService::open(catalogue::Catalogue& catalogue,
                                        const ImageOptions& options) {
  const agent::Places places = agent::Places::of("x");
  Result<artifacts::Store> store = open_store();
  if (!store) return std::move(store).error();
  artifacts::AssemblyOptions assembly;
  assembly.locked = options.locked;
  assembly.offline = options.offline;
  assembly.local_lock_folder = places.state_root + "/lock";
  return ImageService(catalogue, std::move(*store), std::move(assembly));
}

Status ImageService::load(const std::string& provider) {
  Result<std::vector<artifacts::ImageDefinition>> definitions =
      artifacts::load_image_definitions(catalogue_->folder() + "/providers/" + provider);
  if (!definitions) return std::move(definitions).error();
  for (artifacts::ImageDefinition& definition : *definitions) {
    const std::string name = provider + "/" + definition.name;
    definitions_.emplace(name, std::move(definition));
  }
  return {};
}

Result<const artifacts::ImageDefinition*> ImageService::definition(const std::string& image) {
  if (!definitions_.contains(image)) {
    if (Status loaded = load(image.substr(0, image.find('/'))); !loaded)
      return std::move(loaded).error();
  }
  const auto found = definitions_.find(image);
  if (found == definitions_.end())
    return Error(ErrorCode::not_found, "the catalogue has no image \"" + image + "\"");
  return &found->second;
}

Result<artifacts::ImageLock> ImageService::lock_of(const std::string& image) {
  Result<const artifacts::ImageDefinition*> found = definition(image);
  if (!found) return std::move(found).error();
  const std::string path =
      artifacts::lock_path(lock_folder(), artifacts::machine_architecture(), (*found)->name);
  Result<artifacts::ImageLock> lock = artifacts::read_lock(path);
  if (!lock && lock.error().code() == ErrorCode::not_found) {
    return Error(ErrorCode::not_found,
                 "image \"" + image + "\" has no lock for " + artifacts::machine_architecture())
        .with_hint("make one with: allod images lock " + image);
  }
  return lock;
}

Result<artifacts::ImageLock> ImageService::lock_in_use(const std::string& image) {
  Result<artifacts::ImageLock> lock = lock_of(image);
  if (!lock) return lock;
  return artifacts::effective_lock(definitions_.at(image), *lock, options_);
}

Result<std::string> ImageService::key(const std::string& image) {
  if (const auto known = keys_.find(image); known != keys_.end()) return known->second;
  Result<artifacts::ImageLock> lock = lock_of(image);
  if (!lock) return std::move(lock).error();
  Result<const artifacts::ImageDefinition*> found = definition(image);
  if (!found) return std::move(found).error();
  Result<std::string> key =
      artifacts::image_key(**found, artifacts::effective_lock(**found, *lock, options_));
  if (key) keys_[image] = *key;
  return key;
}

Result<artifacts::AssembledImage> ImageService::assembled(const std::string& image) {
  Result<artifacts::ImageLock> lock = lock_of(image);
  if (!lock) return std::move(lock).error();
  Result<const artifacts::ImageDefinition*> found = definition(image);
  if (!found) return std::move(found).error();
  return artifacts::find_image(**found, *lock, store_, options_);
}

graph::ImageKey ImageService::keys() {
  return [this](const std::string& image) { return key(image); };
}

Result<std::vector<artifacts::AssembledImage>>
ImageService::ensure(const std::vector<std::string>& images, Terminal& terminal) {
  std::vector<artifacts::ImageLock> locks;
  for (const std::string& image : images) {
    Result<artifacts::ImageLock> lock = lock_of(image);
    if (!lock) return std::move(lock).error();
    locks.push_back(std::move(*lock));
  }
  const artifacts::Progress progress = progress_on(terminal);
  std::vector<std::optional<artifacts::AssembledImage>> done(images.size());
  std::optional<Error> failure;
  std::mutex mutex;
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < images.size(); i = next++) {
      Result<artifacts::AssembledImage> image =
          artifacts::ensure(definitions_.at(images[i]), locks[i], store_, options_, progress);
      const std::lock_guard lock(mutex);
      terminal.finished("image/" + definitions_.at(images[i]).name);
      if (image) {
        done[i] = std::move(*image);
      } else if (!failure) {
        failure = std::move(image).error().during("assembling image " + images[i]);
      }
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min<std::size_t>(kParallel, images.size()); ++i)
    threads.emplace_back(work);
  for (std::thread& thread : threads)
    thread.join();
  if (failure) return std::move(*failure);

  keys_.clear(); // a successor of a part changes the key
  std::vector<artifacts::AssembledImage> assembled;
  for (std::optional<artifacts::AssembledImage>& image : done)
    assembled.push_back(std::move(*image));
  return assembled;
}

Result<artifacts::Bill> ImageService::bill(const std::string& image) {
  const Result<artifacts::AssembledImage> here = assembled(image);
  if (!here) {
    return Error(here.error()).with_hint("assemble it with: allod images pull " + image);
  }
  return artifacts::image_bill(*here, artifacts::machine_architecture(), store_);
}

Result<std::string> ImageService::sbom(const std::string& image) {
  const Result<std::string> image_of = key(image);
  if (!image_of) return image_of.error();
  const std::string came_with = store_.sbom_path(*image_of);
  if (exists(came_with)) return read_file(came_with, std::size_t{1} << 28);
  const Result<artifacts::Bill> made = bill(image);
  if (!made) return made.error();
  return artifacts::spdx_document(*made, kSbomTool);
}

Result<artifacts::OutdatedParts> ImageService::outdated(const std::string& image,
                                                        Terminal& terminal) {
  const Result<artifacts::ImageLock> lock = lock_in_use(image);
  if (!lock) return lock.error();
  terminal.running("image/" + image, image + "  asking the registries");
  artifacts::OutdatedParts parts =
      artifacts::outdated_parts(definitions_.at(image), *lock, store_, options_);
  terminal.finished("image/" + image);
  return parts;
}

Result<artifacts::Rebuild> ImageService::rebuild(const std::string& image, Terminal& terminal) {
  const Result<artifacts::ImageLock> lock = lock_of(image);
  if (!lock) return lock.error();
  const artifacts::ImageDefinition& known = definitions_.at(image);
  Result<artifacts::Rebuild> result =
      artifacts::rebuild_image(known, *lock, store_, options_, progress_on(terminal));
  terminal.finished("image/" + known.name);
  return result;
}

Result<std::vector<std::string>> ImageService::all_images() {
  for (const std::string& provider : catalogue_->provider_names()) {
    if (Status loaded = load(provider); !loaded) return std::move(loaded).error();
  }
  std::vector<std::string> names;
  for (const auto& [name, definition] : definitions_)
    names.push_back(name);
  return names;
}

Result<std::vector<std::string>> ImageService::chosen(const std::vector<std::string>& names) {
  Result<std::vector<std::string>> all = all_images();
  if (!all || names.empty()) return all;
  for (const std::string& name : names) {
    if (std::find(all->begin(), all->end(), name) != all->end()) continue;
    const std::string near = nearest(name, *all);
    return Error(ErrorCode::not_found, "the catalogue has no image \"" + name + "\"")
        .with_hint((near.empty() ? "" : "did you mean \"" + near + "\"? ") +
                   ("images: " + join(*all, ", ")));
  }
  return names;
}

} // namespace allod::cli
