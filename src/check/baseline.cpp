#include "check/baseline.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/hash.h"
#include "document/document_file.h"

namespace allod::check {
namespace {

/// Whether a baseline may hold it. Exceptions are looked after where they are written.
bool can_be_known(const Finding& finding) {
  return finding.verdict != Verdict::unused && finding.exception.empty();
}

std::string_view group_of(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

} // namespace

std::string fingerprint(const Report& report, const Finding& finding) {
  const Rule* const rule = report.rule_of(finding);
  Sha256 hash;
  const auto add = [&hash](std::string_view part) {
    hash.update(part);
    hash.update(std::string_view("\0", 1));
  };
  // Whether a refusal denies or warns is the binding's business, not the finding's.
  const bool refused = finding.verdict == Verdict::warned || finding.verdict == Verdict::audited;
  add(to_string(refused ? Verdict::failed : finding.verdict));
  if (rule == nullptr) {
    add(finding.place.file);
    add(finding.message);
  } else {
    add(rule->policy);
    add(finding.part);
    add(std::to_string(finding.validation));
    add(finding.binding);
    add(group_of(finding.object.api_version));
    add(finding.object.kind);
    add(finding.object.namespace_);
    add(finding.object.name);
    add(finding.path);
  }
  return hash.finish_hex().substr(0, 32);
}

std::vector<BaselineEntry> read_baseline(const std::string& path,
                                         const document::SchemaRegistry& schemas,
                                         std::vector<Error>& problems) {
  std::vector<BaselineEntry> entries;
  Result<document::Value> value = document::read_document_file(path);
  if (!value) {
    problems.push_back(std::move(value).error());
    return entries;
  }
  const std::vector<Error> faults = schemas.validate("allod:policy-baseline", *value);
  problems.insert(problems.end(), faults.begin(), faults.end());
  if (!faults.empty()) return entries;
  for (const document::Value& entry : value->find("findings")->items())
    entries.push_back({entry.string_or("fingerprint", ""), entry.string_or("file", "")});
  return entries;
}

document::Value make_baseline(const Report& report) {
  struct Line {
    std::string file, object, policy, path, fingerprint;
  };
  std::vector<Line> lines;
  for (const Finding& finding : report.findings) {
    if (!can_be_known(finding)) continue;
    const Rule* const rule = report.rule_of(finding);
    lines.push_back({finding.place.file, describe(finding.object),
                     rule == nullptr ? std::string() : rule->policy, finding.path,
                     fingerprint(report, finding)});
  }
  const auto key = [](const Line& line) {
    return std::tie(line.file, line.object, line.policy, line.path, line.fingerprint);
  };
  std::sort(lines.begin(), lines.end(),
            [&key](const Line& a, const Line& b) { return key(a) < key(b); });
  document::Value baseline = document::Value::map();
  baseline.set("apiVersion", "allod/v1alpha1");
  baseline.set("kind", "PolicyBaseline");
  document::Value& findings = baseline.set("findings", document::Value::list());
  for (Line& line : lines) {
    document::Value& entry = findings.push(document::Value::map());
    entry.set("fingerprint", std::move(line.fingerprint));
    entry.set("file", std::move(line.file));
    if (!line.policy.empty()) entry.set("policy", std::move(line.policy));
    if (!line.object.empty()) entry.set("object", std::move(line.object));
    if (!line.path.empty()) entry.set("path", std::move(line.path));
  }
  return baseline;
}

void apply_baseline(std::vector<BaselineEntry> baseline, Report& report) {
  std::map<std::pair<std::string, std::string>, std::size_t> in_file;
  for (BaselineEntry& entry : baseline)
    ++in_file[{std::move(entry.fingerprint), std::move(entry.file)}];

  std::vector<std::string> prints(report.findings.size());
  std::vector<bool> known(report.findings.size(), false);
  for (std::size_t i = 0; i < report.findings.size(); ++i) {
    const Finding& finding = report.findings[i];
    if (!can_be_known(finding)) continue;
    prints[i] = fingerprint(report, finding);
    const auto found = in_file.find({prints[i], finding.place.file});
    if (found == in_file.end() || found->second == 0) continue;
    --found->second;
    known[i] = true;
  }
  std::map<std::string, std::size_t> elsewhere;
  for (const auto& [entry, count] : in_file)
    elsewhere[entry.first] += count;
  std::vector<Finding> rest;
  for (std::size_t i = 0; i < report.findings.size(); ++i) {
    if (!known[i] && !prints[i].empty()) {
      const auto found = elsewhere.find(prints[i]);
      if (found != elsewhere.end() && found->second > 0) {
        --found->second;
        known[i] = true;
      }
    }
    if (known[i]) {
      ++report.summary.known;
    } else {
      rest.push_back(std::move(report.findings[i]));
    }
  }
  report.findings = std::move(rest);
}

} // namespace allod::check
