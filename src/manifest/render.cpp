#include "manifest/render.h"

#include <cstdlib>
#include <utility>

#include "base/process.h"
#include "base/text.h"
#include "manifest/builder.h"
#include "manifest/load.h"
#include "manifest/text_scan.h"

namespace allod::manifest {
namespace {

constexpr std::size_t kLargestTemplate = 1U << 20;
constexpr std::chrono::minutes kTimeout{2};

/// What these tools take from the environment: where their configuration and caches are.
std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> result;
  for (const char* name : {"HOME", "PATH", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
                           "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "TMPDIR"}) {
    if (const char* const value = std::getenv(name)) result.emplace(name, value);
  }
  return result;
}

Error missing(const std::string& folder, const std::string& what, const std::string& tools,
              const std::string& command) {
  return Error(ErrorCode::not_found,
               folder + " is " + what + ", and " + tools + " is not installed")
      .at(Place{folder, 0, 0, 0})
      .with_hint("install it, or give what it renders: " + command + " | allod check -");
}

Result<std::vector<std::string>> arguments(Recipe recipe, const std::string& folder,
                                           const std::vector<std::string>& values_files) {
  if (recipe == Recipe::helm) {
    if (find_program("helm").empty()) {
      return missing(folder, "a Helm chart", "helm", "helm template " + folder);
    }
    std::vector<std::string> result{"helm", "template", "--include-crds", folder};
    for (const std::string& file : values_files) {
      result.emplace_back("--values");
      result.push_back(file);
    }
    return result;
  }
  if (!find_program("kustomize").empty()) {
    return std::vector<std::string>{"kustomize", "build", folder};
  }
  if (!find_program("kubectl").empty()) {
    return std::vector<std::string>{"kubectl", "kustomize", folder};
  }
  return missing(folder, "a kustomization", "neither kustomize nor kubectl",
                 "kustomize build " + folder);
}

/// The start of the line that a byte is on.
std::size_t line_start(std::string_view text, std::size_t offset) {
  const std::size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  return before == std::string_view::npos ? 0 : before + 1;
}

/// "chart/templates/x.yaml" from the comment above a document that starts at `offset`.
std::string_view helm_source(std::string_view text, std::size_t offset) {
  constexpr std::string_view kMark = "# Source: ";
  std::size_t start = line_start(text, offset);
  while (start > 0) {
    const std::size_t end = start - 1;
    start = line_start(text, end);
    std::string_view line = text.substr(start, end - start);
    if (line.starts_with(kMark)) return trim(line.substr(kMark.size()));
    if (!line.starts_with('#') && !trim(line).empty()) break;
  }
  return {};
}

/// "deployment.yaml" from kustomize's annotation.
std::string_view kustomize_source(const Node& root) {
  const Node* const metadata = root.find("metadata");
  const Node* const annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  if (annotations == nullptr) return {};
  std::string_view origin = annotations->text_at("config.kubernetes.io/origin");
  if (origin.find("repo:") != std::string_view::npos) return {}; // of another repository
  constexpr std::string_view kPath = "path: ";
  const std::size_t at = origin.find(kPath);
  if (at == std::string_view::npos) return {};
  origin.remove_prefix(at + kPath.size());
  return trim(origin.substr(0, origin.find('\n')));
}

/// A line without what a list and indentation put before it.
std::string_view content(std::string_view line) {
  line = trim(line);
  while (line.starts_with("- "))
    line = trim(line.substr(2));
  return line;
}

} // namespace

Result<std::string> render(Recipe recipe, const std::string& folder,
                           const std::vector<std::string>& values_files, std::size_t limit) {
  Result<std::vector<std::string>> words = arguments(recipe, folder, values_files);
  if (!words) return std::move(words).error();
  Command command;
  command.arguments = *std::move(words);
  command.environment = environment();
  command.timeout = kTimeout;
  command.output_limit = limit;
  const std::string name = command.arguments[0];
  Result<Finished> finished = run(command);
  if (!finished) return std::move(finished).error().at(Place{folder, 0, 0, 0});
  if (finished->ok()) return std::move(finished->output);
  constexpr std::size_t kQuoted = 1000;
  std::string_view said = trim(finished->errors);
  if (said.size() > kQuoted) said.remove_prefix(said.size() - kQuoted);
  return Error(ErrorCode::invalid_input, name + " cannot render " + folder)
      .at(Place{folder, 0, 0, 0})
      .with_detail(name, std::string(said));
}

std::string_view find_template(Document& document, const Node& root) {
  std::string path = document.name();
  if (!path.ends_with('/')) path += '/';
  std::string_view source = helm_source(document.text(), root.offset());
  if (!source.empty()) {
    // The first part is the chart's name, whatever its folder is called.
    source.remove_prefix(std::min(source.find('/') + 1, source.size()));
  } else {
    source = kustomize_source(root);
  }
  path += source;
  return Builder(document.arena()).keep(path);
}

Position find_in_template(const std::string& path, std::string_view rendered_line,
                          std::string_view key) {
  const std::optional<std::string> text = read_small_file(path, kLargestTemplate);
  if (!text) return {};
  struct Found {
    std::size_t count = 0;
    Position position;
  };
  Found same;
  Found sets;
  const std::string_view wanted = content(rendered_line);
  const std::string setting = std::string(key) + ":";
  std::uint32_t number = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    const std::string_view own = content(line);
    const auto note = [&](Found& found) {
      if (++found.count > 1) return;
      const auto before = static_cast<std::size_t>(own.data() - line.data());
      found.position = Position{
          number, static_cast<std::uint32_t>(count_code_points(line.substr(0, before)) + 1),
          static_cast<std::uint32_t>(count_code_points(own))};
    };
    if (!wanted.empty() && own == wanted) note(same);
    if (!key.empty() && own.starts_with(setting)) note(sets);
  }
  if (same.count == 1) return same.position;
  if (sets.count == 1) return sets.position;
  return {};
}

} // namespace allod::manifest
