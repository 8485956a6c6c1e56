#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "document/schema/finding.h"

namespace allod::document::schema {
namespace {

/// How far off a branch is; a "kind: x" that is another's weighs more than any number of other
/// faults.
using Distance = std::tuple<std::size_t, std::size_t, std::size_t>;

Distance distance(const Findings& findings, std::size_t depth) {
  std::size_t types = 0;
  std::size_t choices = 0;
  for (const Finding& finding : findings) {
    if (finding.fault == Fault::type && finding.depth == depth) ++types;
    if (finding.fault == Fault::choice && finding.depth <= depth + 1) ++choices;
  }
  return {types, choices, findings.size()};
}

/// Whether all branches say only this about the value itself.
bool all_say(const std::vector<Findings>& branches, Fault fault, std::size_t depth) {
  return std::all_of(branches.begin(), branches.end(), [&](const Findings& findings) {
    return std::all_of(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.fault == fault && finding.depth == depth;
    });
  });
}

std::vector<std::string> merged_names(const std::vector<Findings>& branches) {
  std::vector<std::string> names;
  for (const Findings& findings : branches) {
    for (const Finding& finding : findings) {
      for (const std::string& name : finding.names) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
  }
  return names;
}

Error retold(const Error& model, std::string message, std::string hint) {
  Error error = Error(model.code(), std::move(message)).with_hint(std::move(hint));
  return model.place() ? std::move(error).at(*model.place()) : std::move(error);
}

std::string quoted_all(const Findings& missing) {
  std::vector<std::string> keys;
  for (const Finding& finding : missing)
    keys.push_back("\"" + finding.names.front() + "\"");
  return join(keys, " and ");
}

/// "either "from" or "format" and "content" must be given"
Finding missing_either(const std::vector<Findings>& branches) {
  std::vector<std::string> forms;
  for (const Findings& findings : branches)
    forms.push_back(quoted_all(findings));
  Finding merged = branches.front().front();
  const std::string start = branches.size() == 2 ? "either " : "one of ";
  merged.error = retold(merged.error, start + join(forms, " or ") + " must be given", "");
  return merged;
}

Finding merged_choice(const std::vector<Findings>& branches) {
  Finding merged = branches.front().front();
  merged.names = merged_names(branches);
  const std::string prefix = merged.error.place() || merged.path.empty() ? "" : merged.path + ": ";
  merged.error =
      retold(merged.error,
             prefix + "\"" + merged.found + "\" is not one of the values that can stand here",
             suggestion(merged.found, merged.names, "allowed"));
  return merged;
}

/// The choice among branches that one member makes ("kind: http"), when no branch knows its value:
/// its fault in each branch that the value's own type does not rule out, or nothing.
std::vector<Findings> wrong_discriminator(const std::vector<Findings>& branches,
                                          std::size_t depth) {
  std::vector<Findings> choices;
  std::string path;
  for (const Findings& findings : branches) {
    if (std::get<0>(distance(findings, depth)) > 0) continue;
    const auto choice = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.fault == Fault::choice && finding.depth == depth + 1 &&
             (path.empty() || finding.path == path);
    });
    if (choice == findings.end()) return {};
    path = choice->path;
    choices.push_back({*choice});
  }
  return choices;
}

Finding merged_type(const std::vector<Findings>& branches) {
  Finding merged = branches.front().front();
  merged.names = merged_names(branches);
  std::string expected = merged.names.front();
  for (std::size_t i = 1; i < merged.names.size(); ++i) {
    expected += (i + 1 == merged.names.size() ? " or " : ", ") + merged.names[i];
  }
  // "expected a text, found a list": what was found is the same for all.
  const std::string& message = merged.error.message();
  const std::size_t start = message.rfind("expected ");
  const std::size_t found = message.rfind(", found ");
  merged.error = retold(
      merged.error, message.substr(0, start) + "expected " + expected + message.substr(found), "");
  return merged;
}

} // namespace

Findings choose_branch(std::vector<Findings> branches, std::size_t depth) {
  if (branches.empty()) return {};
  if (branches.size() > 1) {
    if (all_say(branches, Fault::type, depth)) return {merged_type(branches)};
    if (all_say(branches, Fault::choice, depth)) return {merged_choice(branches)};
    if (all_say(branches, Fault::missing, depth)) return {missing_either(branches)};
  }
  const std::vector<Findings> choices = wrong_discriminator(branches, depth);
  if (choices.size() > 1) return {merged_choice(choices)};
  const auto likeliest =
      std::min_element(branches.begin(), branches.end(), [&](const Findings& a, const Findings& b) {
        return distance(a, depth) < distance(b, depth);
      });
  return std::move(*likeliest);
}

} // namespace allod::document::schema
