#include "catalogue/catalogue.h"

#include <algorithm>
#include <iterator>

#include "base/files.h"
#include "catalogue/monitoring.h"
#include "document/document_file.h"

namespace allod::catalogue {
namespace {

using document::Value;

/// Files of a folder that end in `suffix`, with their folder.
std::vector<std::string> files_in(const std::string& folder, std::string_view suffix) {
  std::vector<std::string> files;
  const Result<std::vector<std::string>> names = list_directory(folder);
  if (!names) return files;
  for (const std::string& name : *names) {
    if (name.ends_with(suffix)) files.push_back(folder + "/" + name);
  }
  return files;
}

void append(Problems& problems, Problems more) {
  problems.insert(problems.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

} // namespace

Result<std::unique_ptr<Catalogue>> Catalogue::open(const std::string& folder, Problems& problems) {
  std::unique_ptr<Catalogue> catalogue(new Catalogue(folder));
  if (Status loaded = catalogue->load_schemas(problems); !loaded) return std::move(loaded).error();
  catalogue->load_contracts(problems);
  catalogue->load_capabilities(problems);
  const Result<std::vector<std::string>> names = list_directory(folder + "/providers");
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (exists(folder + "/providers/" + name + "/provider.yaml"))
      catalogue->provider_names_.push_back(name);
  }
  return catalogue;
}

Status Catalogue::load_schemas(Problems& problems) {
  const std::vector<std::string> files = files_in(folder_ + "/schemas", ".schema.json");
  if (files.empty())
    return Error(ErrorCode::not_found, folder_ + " is no catalogue: it has no schemas");
  for (const std::string& file : files) {
    Result<Value> schema = document::read_document_file(file);
    if (!schema) return std::move(schema).error();
    append(problems, schemas_.add(std::move(*schema)));
  }
  return {};
}

bool Catalogue::validate(const std::string& schema, Value& document, Problems& problems) const {
  std::vector<Error> faults = schemas_.validate(schema, document);
  const bool fits = faults.empty();
  if (fits) schemas_.apply_defaults(schema, document);
  append(problems, std::move(faults));
  return fits;
}

void Catalogue::load_contracts(Problems& problems) {
  for (const std::string& file : files_in(folder_ + "/contracts", ".yaml")) {
    Result<Value> document = document::read_document_file(file);
    if (!document) {
      problems.push_back(std::move(document).error());
      continue;
    }
    if (!validate("allod:contract", *document, problems)) continue;
    Contract contract;
    contract.name = document->at_path({"metadata", "name"})->as_string();
    contract.title = document->string_or("title", "");
    contract.options = *document->find("options");
    contract.binding = *document->find("binding");
    append(problems, schemas_.add(contract.options, options_schema(contract.name)));
    append(problems, schemas_.add(contract.binding, "binding:" + contract.name));
    contracts_.emplace(contract.name, std::move(contract));
  }
}

void Catalogue::load_capabilities(Problems& problems) {
  for (const std::string& file : files_in(folder_ + "/capabilities", ".yaml")) {
    Result<Value> document = document::read_document_file(file);
    if (!document) {
      problems.push_back(std::move(document).error());
      continue;
    }
    if (!validate("allod:capability", *document, problems)) continue;
    Capability capability;
    capability.name = document->at_path({"metadata", "name"})->as_string();
    capability.title = document->string_or("title", "");
    capability.contracts = document->strings_at("contracts");
    capability.default_provider = document->string_or("default", "");
    capabilities_.emplace(capability.name, std::move(capability));
  }
}

const Provider* Catalogue::provider(const std::string& name, Problems& problems) {
  const auto found = providers_.find(name);
  if (found != providers_.end()) return found->second.get();
  if (std::find(provider_names_.begin(), provider_names_.end(), name) == provider_names_.end())
    return nullptr;
  return providers_.emplace(name, load_provider(name, problems)).first->second.get();
}

Value Catalogue::optional_document(const std::string& path, const std::string& schema,
                                   Problems& problems) {
  if (!exists(path)) return {};
  Result<Value> document = document::read_document_file(path);
  if (!document) {
    problems.push_back(std::move(document).error());
    return {};
  }
  return validate(schema, *document, problems) ? std::move(*document) : Value();
}

std::unique_ptr<Provider> Catalogue::load_provider(const std::string& name, Problems& problems) {
  const std::string folder = folder_ + "/providers/" + name;
  Result<Value> facts = document::read_document_file(folder + "/provider.yaml");
  Result<Value> units = document::read_document_file(folder + "/units.yaml");
  if (!facts || !units) {
    problems.push_back(facts ? std::move(units).error() : std::move(facts).error());
    return nullptr;
  }
  const std::size_t before = problems.size();
  validate("allod:provider", *facts, problems);
  validate("allod:units", *units, problems);
  if (problems.size() != before) return nullptr;
  Value monitoring = optional_document(folder + "/monitoring.yaml", "allod:monitoring", problems);
  if (!monitoring.is_null()) add_monitoring(name, monitoring, *units);
  append(problems, schemas_.add(*facts->find("parameters"), parameters_schema(name)));
  std::unique_ptr<Provider> provider =
      compile_provider(folder, *facts, *units, surroundings(), problems);
  provider->baseline = optional_document(folder + "/baseline.yaml", "allod:baseline", problems);
  provider->monitoring = std::move(monitoring);
  return problems.size() == before ? std::move(provider) : nullptr;
}

std::vector<std::string> Catalogue::providers_of(const std::string& capability,
                                                 Problems& problems) {
  std::vector<std::string> names;
  for (const std::string& name : provider_names_) {
    const Provider* candidate = provider(name, problems);
    if (candidate == nullptr) continue;
    const auto& fulfilled = candidate->capabilities;
    if (std::find(fulfilled.begin(), fulfilled.end(), capability) != fulfilled.end())
      names.push_back(name);
  }
  return names;
}

void Catalogue::check_all(Problems& problems) {
  append(problems, schemas_.check_references());
  for (const std::string& name : provider_names_)
    provider(name, problems);
  for (const auto& [name, capability] : capabilities_) {
    for (const std::string& contract : capability.contracts) {
      if (contracts_.contains(contract)) continue;
      problems.push_back(Error(ErrorCode::invalid_input,
                               "capability " + name + " names no known contract: " + contract));
    }
  }
}

} // namespace allod::catalogue
