#include "check/exceptions.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/glob.h"
#include "document/document_file.h"

namespace allod::check {
namespace {

bool any_matches(const std::vector<std::string>& patterns, std::string_view text) {
  return patterns.empty() || any_glob_matches(patterns, text);
}

/// "./deploy/web.yaml" is "deploy/web.yaml": patterns are written without the first.
std::string_view plain_path(std::string_view path) {
  while (path.starts_with("./"))
    path.remove_prefix(2);
  return path;
}

/// The path, or an end of it that starts behind a slash: a check from another folder, or with
/// absolute paths, finds the same exceptions.
bool path_matches(const std::vector<std::string>& patterns, std::string_view path) {
  if (patterns.empty()) return true;
  for (path = plain_path(path);;) {
    if (any_glob_matches(patterns, path)) return true;
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

Exception exception_from(const document::Value& value) {
  Exception exception;
  exception.place = value.mark().place();
  if (const document::Value* name = value.at_path({"metadata", "name"})) {
    exception.name = name->as_string();
    exception.place = name->mark().place();
  }
  const document::Value& spec = *value.find("spec");
  exception.owner = spec.string_or("owner", "");
  exception.reason = spec.string_or("reason", "");
  exception.until = spec.string_or("until", "");
  exception.policies = spec.strings_at("policies");
  if (const document::Value* validations = spec.find("validations")) {
    for (const document::Value& index : validations->items())
      exception.validations.push_back(static_cast<std::size_t>(index.as_integer()));
  }
  if (const document::Value* objects = spec.find("objects")) {
    for (const document::Value& object : objects->items())
      exception.objects.push_back({object.string_or("kind", "*"),
                                   object.string_or("namespace", "*"),
                                   object.string_or("name", "*")});
  }
  exception.paths = spec.strings_at("paths");
  return exception;
}

} // namespace

Result<std::string> parse_day(std::string_view text) {
  const auto number = [&text](std::size_t at, std::size_t length, auto& into) {
    if (at + length > text.size()) return false;
    const char* const first = text.data() + at;
    return std::from_chars(first, first + length, into).ptr == first + length;
  };
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  const bool shaped = text.size() == 10 && text[4] == '-' && text[7] == '-' && number(0, 4, year) &&
                      number(5, 2, month) && number(8, 2, day);
  if (!shaped || year < 0 ||
      !std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month),
                                   std::chrono::day(day))
           .ok())
    return Error(ErrorCode::invalid_input, "\"" + std::string(text) + "\" is no day")
        .with_hint("days are written as 2027-03-31");
  return std::string(text);
}

bool Exception::covers(const Finding& finding, const Rule& rule) const {
  if (!any_matches(policies, rule.policy)) return false;
  if (!validations.empty() &&
      std::none_of(validations.begin(), validations.end(), [&finding](std::size_t index) {
        return finding.validation >= 0 && index == static_cast<std::size_t>(finding.validation);
      }))
    return false;
  if (!path_matches(paths, finding.place.file)) return false;
  return objects.empty() ||
         std::any_of(objects.begin(), objects.end(), [&finding](const Objects& selector) {
           return glob_matches(selector.kind, finding.object.kind) &&
                  glob_matches(selector.namespace_, finding.object.namespace_) &&
                  glob_matches(selector.name, finding.object.name);
         });
}

std::vector<Exception> read_exceptions(const std::string& path,
                                       const document::SchemaRegistry& schemas,
                                       std::vector<Error>& problems) {
  std::vector<Exception> exceptions;
  Result<std::vector<document::Value>> documents = document::read_documents_file(path);
  if (!documents) {
    problems.push_back(std::move(documents).error());
    return exceptions;
  }
  for (const document::Value& value : *documents) {
    std::vector<Error> faults = schemas.validate("allod:policy-exception", value);
    if (faults.empty()) {
      const document::Value& until = *value.at_path({"spec", "until"});
      if (Result<std::string> day = parse_day(until.as_string()); !day)
        faults.push_back(std::move(day).error().at(until.mark().place()));
    }
    if (faults.empty()) {
      exceptions.push_back(exception_from(value));
    } else {
      problems.insert(problems.end(), faults.begin(), faults.end());
    }
  }
  return exceptions;
}

void apply_exceptions(const std::vector<Exception>& exceptions, const std::string& today,
                      Report& report) {
  std::vector<bool> used(exceptions.size(), false);
  const auto covered = [&](Finding& finding) {
    const Rule* const rule = report.rule_of(finding);
    if (rule == nullptr) return false;
    const Exception* ended = nullptr;
    bool holds = false;
    for (std::size_t i = 0; i < exceptions.size(); ++i) {
      if (!exceptions[i].covers(finding, *rule)) continue;
      used[i] = true;
      if (exceptions[i].until >= today) {
        holds = true;
      } else if (ended == nullptr) {
        ended = &exceptions[i];
      }
    }
    if (holds || ended == nullptr) return holds;
    // What was let pass for a time fails once the time is over, warnings too.
    if (finding.verdict == Verdict::warned || finding.verdict == Verdict::audited)
      finding.verdict = Verdict::failed;
    finding.exception = ended->name;
    finding.hint = "exception " + ended->name + " ended on " + ended->until + "; ask its owner, " +
                   ended->owner;
    return false;
  };
  const auto end = std::remove_if(report.findings.begin(), report.findings.end(), covered);
  report.summary.excepted += static_cast<std::uint64_t>(report.findings.end() - end);
  report.findings.erase(end, report.findings.end());
  for (std::size_t i = 0; i < exceptions.size(); ++i) {
    if (used[i]) continue;
    Finding finding;
    finding.verdict = Verdict::unused;
    finding.message =
        "exception " + exceptions[i].name + " matches nothing" +
        (exceptions[i].until < today ? ", and it ended on " + exceptions[i].until : std::string());
    finding.place = exceptions[i].place;
    finding.hint = "remove it; its owner is " + exceptions[i].owner;
    finding.file = 0xFFFFFFFF; // behind all inputs
    finding.index = i;
    report.findings.push_back(std::move(finding));
  }
}

} // namespace allod::check
