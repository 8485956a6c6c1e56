// The images of a stack: their keys for the plan, and the assembly with its progress on the
// terminal.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "artifacts/assembler.h"
#include "artifacts/outdated.h"
#include "artifacts/rebuild.h"
#include "artifacts/sbom/bill.h"
#include "base/result.h"
#include "catalogue/catalogue.h"
#include "cli/context.h"
#include "graph/compile.h"

namespace allod::cli {

/// Who SPDX documents say they were made by.
inline constexpr const char* kSbomTool = "allod-" ALLOD_VERSION;

struct ImageOptions {
  bool locked = false;
  bool offline = false;
};

class ImageService {
 public:
  /// Errors: permission, io (the store cannot be made).
  static Result<ImageService> open(catalogue::Catalogue& catalogue, const ImageOptions& options);

  /// PROVIDER/IMAGE → its definition. Errors: not_found, invalid_input.
  Result<const artifacts::ImageDefinition*> definition(const std::string& image);
  Result<artifacts::ImageLock> lock_of(const std::string& image);
  /// The same with the successors that this machine took.
  Result<artifacts::ImageLock> lock_in_use(const std::string& image);
  Result<std::string> key(const std::string& image);
  /// As it lies in the store, with its parts. Errors: not_found when it was not assembled.
  Result<artifacts::AssembledImage> assembled(const std::string& image);
  /// For graph::compile.
  [[nodiscard]] graph::ImageKey keys();

  /// Assembles what is not there, several at a time, drawing progress. Errors: the first failure.
  Result<std::vector<artifacts::AssembledImage>> ensure(const std::vector<std::string>& images,
                                                        Terminal& terminal);

  /// The image's bill of materials. Errors: not_found when it is not assembled.
  Result<artifacts::Bill> bill(const std::string& image);
  /// The same as a document (SPDX 2.3): the one that came with an imported image, else made now.
  Result<std::string> sbom(const std::string& image);

  /// What the registries have newer. Errors: not_found.
  Result<artifacts::OutdatedParts> outdated(const std::string& image, Terminal& terminal);

  /// Builds the image a second time and compares. Errors: as artifacts::rebuild_image.
  Result<artifacts::Rebuild> rebuild(const std::string& image, Terminal& terminal);

  [[nodiscard]] const artifacts::Store& store() const { return store_; }
  [[nodiscard]] const artifacts::AssemblyOptions& options() const { return options_; }
  /// CATALOGUE/lock.
  [[nodiscard]] std::string lock_folder() const { return catalogue_->folder() + "/lock"; }
  /// Every image of every provider, as PROVIDER/IMAGE.
  Result<std::vector<std::string>> all_images();
  /// The images named, or all. Errors: not_found.
  Result<std::vector<std::string>> chosen(const std::vector<std::string>& names);

 private:
  ImageService(catalogue::Catalogue& catalogue, artifacts::Store store,
               artifacts::AssemblyOptions options)
      : catalogue_(&catalogue), store_(std::move(store)), options_(std::move(options)) {}
  Status load(const std::string& provider);

  catalogue::Catalogue* catalogue_;
  artifacts::Store store_;
  artifacts::AssemblyOptions options_;
  std::map<std::string, artifacts::ImageDefinition> definitions_;
  std::map<std::string, std::string> keys_;
};

/// The machine's store. Errors: permission, io.
Result<artifacts::Store> open_store();

/// The catalogue with its image service: what verbs about images start from.
struct OpenedImages {
  std::unique_ptr<catalogue::Catalogue> catalogue;
  std::unique_ptr<ImageService> service;
};
Result<OpenedImages> open_images(const GlobalOptions& global, const ImageOptions& options);

} // namespace allod::cli
