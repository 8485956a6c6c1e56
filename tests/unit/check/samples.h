// A report to try exceptions, baselines and outputs on.
#pragma once

#include <fstream>
#include <string>

#include "base/files.h"
#include "check/finding.h"
#include "document/document_file.h"
#include "document/schema.h"

namespace allod::check {

inline Finding sample_finding(std::string file, std::string name, std::string path) {
  Finding finding;
  finding.rule = 0;
  finding.validation = 1;
  finding.message = "container app must not be privileged";
  finding.object = {"apps/v1", "Deployment", "shop", std::move(name)};
  finding.place = {std::move(file), 14, 13, 10};
  finding.excerpt = "            privileged: true";
  finding.path = std::move(path);
  return finding;
}

inline Report sample_report() {
  Report report;
  Rule rule;
  rule.policy = "no-privileged";
  rule.title = "Containers are not privileged";
  rule.rationale = "A privileged container is root on the node.";
  rule.mend = "remove securityContext.privileged";
  rule.controls = {"nist-800-53:AC-6"};
  rule.severity = Severity::high;
  rule.expressions = {"true", "object.spec.containers.all(c, c.name != '')"};
  report.rules.push_back(rule);
  report.findings.push_back(
      sample_finding("deploy/web.yaml", "web", "spec.template.spec.containers[name=app]"));
  Finding undecided = sample_finding("deploy/web.yaml", "web", "");
  undecided.verdict = Verdict::undecided;
  undecided.message = "";
  undecided.unknowns = {"namespaceObject"};
  undecided.validation = 0;
  report.findings.push_back(undecided);
  Finding warned = sample_finding("deploy/web,db:1.yaml", "db", "spec");
  warned.verdict = Verdict::warned;
  warned.file = 1;
  warned.message = "50% of <b>it</b> | \"all\"\nand more";
  report.findings.push_back(warned);
  Finding broken;
  broken.verdict = Verdict::broken;
  broken.message = "a mapping value is not allowed here";
  broken.place = {"deploy/broken.yaml", 3, 4, 1};
  broken.excerpt = "a: b: c";
  broken.file = 2;
  report.findings.push_back(broken);
  report.summary.files = 3;
  report.summary.objects = 2;
  report.summary.policies = 1;
  report.summary.rules = 2;
  report.summary.evaluations = 4;
  report.summary.milliseconds = 12;
  sort_findings(report);
  count_findings(report);
  return report;
}

/// The catalogue's schemas of exceptions and baselines.
inline document::SchemaRegistry sample_schemas() {
  document::SchemaRegistry schemas;
  for (const char* name : {"common", "policy-exception", "policy-baseline"}) {
    Result<document::Value> schema = document::read_document_file(
        std::string(ALLOD_SOURCE_DIR "/catalogue/schemas/") + name + ".schema.json");
    if (schema) (void)schemas.add(std::move(*schema));
  }
  return schemas;
}

/// A file that is gone when this is.
class TemporaryFile {
 public:
  TemporaryFile(const std::string& suffix, const std::string& text) {
    char name[] = "/tmp/allod-check-XXXXXX";
    const int file = ::mkstemp(name);
    if (file >= 0) ::close(file);
    base_ = name;
    path_ = base_ + suffix;
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() {
    (void)remove_tree(path_);
    (void)remove_tree(base_);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string base_;
  std::string path_;
};

} // namespace allod::check
