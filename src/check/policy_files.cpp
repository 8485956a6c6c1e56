#include "check/policy_files.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/files.h"
#include "base/text.h"
#include "document/document_file.h"

namespace allod::check {
namespace {

bool is_document(const std::string& path) {
  return path.ends_with(".yaml") || path.ends_with(".yml") || path.ends_with(".json");
}

std::string stem_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.find('.'));
}

/// The files of folders, each once.
class Collection {
 public:
  /// What the folder's kustomization.yaml lists, which may take in other folders; without one, the
  /// documents in it and below it, sorted. Hidden names and examples are left out.
  void add_folder(const std::string& folder) {
    if (!seen_.insert(normal(folder)).second || add_listed(folder)) return;
    const Result<std::vector<std::string>> names = list_directory(folder);
    if (!names) return;
    for (const std::string& name : *names) {
      if (!name.starts_with('.')) add(folder + "/" + name);
    }
  }

  [[nodiscard]] std::vector<std::string> take() && { return std::move(files_); }

 private:
  static std::string normal(const std::string& path) {
    return std::filesystem::path(path).lexically_normal().string();
  }

  void add(const std::string& path) {
    if (is_directory(path)) {
      add_folder(path);
    } else if (is_document(path) && !is_example(path) && seen_.insert(normal(path)).second) {
      files_.push_back(normal(path));
    }
  }

  /// The files and folders under `resources` of a kustomization; what is fetched from elsewhere is
  /// kustomize's own business.
  bool add_listed(const std::string& folder) {
    const std::string path = folder + "/kustomization.yaml";
    if (!exists(path)) return false;
    const Result<document::Value> kustomization = document::read_document_file(path);
    const document::Value* const resources =
        kustomization ? kustomization->find("resources") : nullptr;
    if (resources == nullptr || !resources->is_list()) return false;
    for (const document::Value& resource : resources->items()) {
      if (resource.is_string() && resource.as_string().find("://") == std::string::npos)
        add(folder + "/" + resource.as_string());
    }
    return true;
  }

  std::set<std::string> seen_;
  std::vector<std::string> files_;
};

std::vector<std::string> files_of(const std::string& folder) {
  Collection collection;
  collection.add_folder(folder);
  return std::move(collection).take();
}

/// `only`: the name of the one policy that is wanted; empty: all.
void sort_document(document::Value value, const std::string& only, PolicyDocuments& into) {
  const std::string kind = value.string_or("kind", "");
  const std::string version = value.string_or("apiVersion", "");
  if (kind.empty() || version.empty()) return;
  const document::Value* items = value.find("items");
  if (kind == "List" && version == "v1" && items != nullptr && items->is_list()) {
    for (const document::Value& item : items->items())
      sort_document(item, only, into);
    return;
  }
  const document::Value* const name = value.at_path({"metadata", "name"});
  if (kind.ends_with("AdmissionPolicy") && !only.empty() &&
      (name == nullptr || !name->is_string() || name->as_string() != only))
    return;
  const Place place = value.mark().place();
  if (!into.places.emplace(place.file, place.line, place.column).second) return;
  const bool policy =
      version.starts_with("admissionregistration.k8s.io/") ||
      (version.starts_with("apiextensions.k8s.io/") && kind == "CustomResourceDefinition");
  (policy ? into.policies : into.params).push_back(std::move(value));
}

} // namespace

bool is_example(const std::string& path) {
  return path.ends_with(".good.yaml") || path.ends_with(".bad.yaml");
}

std::vector<std::string> PolicyLibrary::sets() const {
  std::vector<std::string> sets;
  for (const std::string& name : list_directory(folder_).value_or(std::vector<std::string>())) {
    if (!name.starts_with('.') && is_directory(folder_ + "/" + name)) sets.push_back(name);
  }
  return sets;
}

std::vector<std::string> PolicyLibrary::files_of_set(const std::string& set) const {
  return files_of(folder_ + "/" + set);
}

Result<ChosenPolicies> PolicyLibrary::find(const std::string& what) const {
  if (exists(what)) {
    if (!is_directory(what)) return ChosenPolicies{{what}, {}};
    ChosenPolicies chosen{files_of(what), {}};
    if (chosen.files.empty())
      return Error(ErrorCode::invalid_input, "the folder " + what + " holds no policies")
          .with_hint("policies are files that end in .yaml, .yml or .json");
    return chosen;
  }
  const std::vector<std::string> known = sets();
  if (std::find(known.begin(), known.end(), what) != known.end())
    return ChosenPolicies{files_of_set(what), {}};
  std::vector<std::string> names = known;
  for (const std::string& set : known) {
    const std::vector<std::string> files = files_of_set(set);
    for (const std::string& file : files) {
      const std::filesystem::path own = std::filesystem::path(folder_) / set;
      if (std::filesystem::path(file).parent_path() != own.lexically_normal())
        continue;                                         // taken in from another
      const std::string name = set + "-" + stem_of(file); // that of the policy in it
      if (name == what || set + "/" + stem_of(file) == what) return ChosenPolicies{files, name};
      names.push_back(name);
    }
  }
  const std::string near = nearest(what, names);
  return Error(ErrorCode::not_found,
               "there is no policy, set of policies, file or folder \"" + what + "\"")
      .with_hint((near.empty() ? "" : "did you mean \"" + near + "\"? ") +
                 ("sets: " + (known.empty() ? "none" : join(known, ", "))));
}

void read_policies(const ChosenPolicies& chosen, PolicyDocuments& into,
                   std::vector<Error>& problems) {
  for (const std::string& file : chosen.files) {
    Result<std::vector<document::Value>> documents = document::read_documents_file(file);
    if (!documents) {
      problems.push_back(std::move(documents).error());
      continue;
    }
    for (document::Value& value : *documents)
      sort_document(std::move(value), chosen.only, into);
  }
}

} // namespace allod::check
