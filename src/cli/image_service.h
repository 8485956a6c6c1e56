// The images of a stack: their keys for the plan, and the assembly with its progress on the
// terminal.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "artifacts/assembler.h"
#include "base/result.h"
#include "catalogue/catalogue.h"
#include "cli/context.h"
#include "graph/compile.h"

namespace allod::cli {

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
  Result<std::string> key(const std::string& image);
  /// As it lies in the store, with its parts. Errors: not_found when it was not assembled.
  Result<artifacts::AssembledImage> assembled(const std::string& image);
  /// For graph::compile.
  [[nodiscard]] graph::ImageKey keys();

  /// Assembles what is not there, several at a time, drawing progress. Errors: the first failure.
  Result<std::vector<artifacts::AssembledImage>> ensure(const std::vector<std::string>& images,
                                                        Terminal& terminal);

  [[nodiscard]] const artifacts::Store& store() const { return store_; }
  [[nodiscard]] const artifacts::AssemblyOptions& options() const { return options_; }
  /// CATALOGUE/lock.
  [[nodiscard]] std::string lock_folder() const { return catalogue_->folder() + "/lock"; }
  /// Every image of every provider, as PROVIDER/IMAGE.
  Result<std::vector<std::string>> all_images();

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

} // namespace allod::cli
