#include "cli/watch_check.h"

#include <set>

#include "base/files.h"
#include "base/time.h"
#include "check/watch.h"
#include "cli/exit_code.h"
#include "document/diagnostics.h"

namespace allod::cli {
namespace {

/// Everything whose change may change the report.
std::vector<std::string> watched_paths(const Context& context, const CheckSettings& settings) {
  std::vector<std::string> paths = settings.run.inputs.paths;
  const auto add = [&paths](const std::vector<std::string>& more) {
    for (const std::string& path : more) {
      if (!path.empty() && exists(path)) paths.push_back(path);
    }
  };
  add(settings.policies);
  add(settings.params);
  add(settings.run.old_paths);
  add({settings.exceptions, settings.baseline, context.options.file});
  if (const Result<std::string> catalogue = find_catalogue(context.options))
    add({*catalogue + "/policies"});
  return paths;
}

/// The findings that `before` does not have.
check::Report fresh_findings(const check::Report& report,
                             const std::multiset<std::string>& before) {
  check::Report fresh = report;
  std::multiset<std::string> left = before;
  std::erase_if(fresh.findings, [&](const check::Finding& finding) {
    const auto found = left.find(check::fingerprint(report, finding));
    if (found == left.end()) return false;
    left.erase(found);
    return true;
  });
  return fresh;
}

std::multiset<std::string> prints_of(const check::Report& report) {
  std::multiset<std::string> prints;
  for (const check::Finding& finding : report.findings)
    prints.insert(check::fingerprint(report, finding));
  return prints;
}

} // namespace

int watch_check(Context& context, const CheckSettings& settings) {
  Result<check::Watch> watch = check::Watch::open(watched_paths(context, settings));
  if (!watch) return context.fail(watch.error());
  std::multiset<std::string> before;
  for (bool first = true;; first = false) {
    catalogue::Problems problems;
    const check::Report report = check_once(context, settings, problems);
    if (!problems.empty()) {
      // What cannot be used now may be mended in a moment.
      (void)context.fail(problems);
    } else {
      std::multiset<std::string> prints = prints_of(report);
      const check::Report fresh = first ? report : fresh_findings(report, before);
      const std::size_t gone = before.size() + fresh.findings.size() - prints.size();
      if (Status published = publish(context, settings, fresh); !published)
        return context.fail(published.error());
      if (!first)
        context.terminal.note(format_rfc3339(now()) + ": " + std::to_string(fresh.findings.size()) +
                              " new, " + std::to_string(gone) + " gone, " +
                              std::to_string(prints.size()) + " in all");
      before = std::move(prints);
    }
    const Result<bool> changed = watch->wait();
    if (!changed) return context.fail(changed.error());
  }
}

} // namespace allod::cli
