#include "cli/image_service.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/places.h"
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

} // namespace

Result<ImageService> ImageService::open(catalogue::Catalogue& catalogue,
                                        const ImageOptions& options) {
  const agent::Places places = agent::Places::of("x");
  Result<artifacts::Store> store = artifacts::Store::open(places.store_root);
  if (!store) return std::move(store).error().during("opening the artefact store");
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
  artifacts::Progress progress;
  progress.on_event = [&](const artifacts::ProgressEvent& event) {
    terminal.running("image/" + event.image, describe(event));
  };
  progress.on_note = [&](const std::string& image, const std::string& text) {
    terminal.note("  " + image + ": " + text);
  };

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

Result<std::vector<std::string>> ImageService::all_images() {
  for (const std::string& provider : catalogue_->provider_names()) {
    if (Status loaded = load(provider); !loaded) return std::move(loaded).error();
  }
  std::vector<std::string> names;
  for (const auto& [name, definition] : definitions_)
    names.push_back(name);
  return names;
}

} // namespace allod::cli
