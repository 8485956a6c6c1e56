// Charts and kustomizations: what the user's tool makes of them, and where it came from. The parts
// that need a tool are skipped where it is not installed.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/process.h"
#include "inputs_test.h"
#include "manifest/read.h"
#include "manifest/render.h"

namespace allod::manifest {
namespace {

namespace fs = std::filesystem;

class RenderTest : public test::InputsTest {};

TEST_F(RenderTest, PlacesInATemplate) {
  const std::string path =
      write("x.yaml", "kind: A # {{ .Values.x }}\nspec:\n- name: ä\n  host: true\n"
                      "{{ range }}\n- name: c\n{{ end }}\n  only: {{ .y }}\n");
  EXPECT_EQ(find_in_template(path, "      - name: ä", "name"), (Position{3, 3, 7}));
  EXPECT_EQ(find_in_template(path, "  host: true", "host"), (Position{4, 3, 10}));
  EXPECT_EQ(find_in_template(path, "  only: 5", "only"), (Position{8, 3, 14}));
  EXPECT_EQ(find_in_template(path, "  name: z", "name"), Position{}); // two lines set it
  EXPECT_EQ(find_in_template(path, "", ""), Position{});
  EXPECT_EQ(find_in_template(path + "x", "kind: A", "kind"), Position{});
}

constexpr std::string_view kDeployment =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n";

TEST_F(RenderTest, Kustomizations) {
  if (find_program("kustomize").empty() && find_program("kubectl").empty()) {
    GTEST_SKIP() << "neither kustomize nor kubectl is installed";
  }
  write("k/kustomization.yaml",
        "buildMetadata: [originAnnotations]\nresources: [web.yaml]\nnamePrefix: dev-\n");
  write("k/web.yaml", kDeployment);
  Inputs inputs;
  inputs.paths = {folder_.string()};
  run(inputs);
  ASSERT_EQ(objects_.size(), 1U) << (problems_.empty() ? "" : problems_[0].error.describe());
  EXPECT_EQ(objects_[0].name(), "dev-web");
  const std::vector<Step> path{std::string("spec"), std::string("replicas")};
  EXPECT_EQ(objects_[0].locate(path),
            (Location{(folder_ / "k/web.yaml").string(), Position{6, 3, 11}}));
  // As plain files the kustomization is one that is no object, and the name has no prefix.
  inputs.render = false;
  run(inputs);
  ASSERT_EQ(objects_.size(), 1U);
  EXPECT_EQ(objects_[0].name(), "web");
  write("k/kustomization.yaml", "resources: [missing.yaml]\n");
  inputs.render = true;
  run(inputs);
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(problems_[0].error.place()->file, (folder_ / "k").string());
}

TEST_F(RenderTest, Charts) {
  if (find_program("helm").empty()) GTEST_SKIP() << "helm is not installed";
  write("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n");
  write("chart/values.yaml", "replicas: 1\n");
  write("chart/templates/web.yaml",
        "{{- /* a comment that leaves no line */ -}}\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}-web\nspec:\n"
        "  replicas: {{ .Values.replicas }}\n  paused: true\n");
  Inputs inputs;
  inputs.paths = {(folder_ / "chart").string()};
  inputs.values_files = {write("live.yaml", "replicas: 3\n")};
  run(inputs);
  ASSERT_EQ(objects_.size(), 1U) << (problems_.empty() ? "" : problems_[0].error.describe());
  EXPECT_EQ(objects_[0].node->find("spec")->find("replicas")->as_integer(), 3);
  const std::string path = (folder_ / "chart/templates/web.yaml").string();
  const std::vector<Step> paused{std::string("spec"), std::string("paused")};
  EXPECT_EQ(objects_[0].locate(paused), (Location{path, Position{8, 3, 12}}));
  const std::vector<Step> replicas{std::string("spec"), std::string("replicas")};
  EXPECT_EQ(objects_[0].locate(replicas).position.line, 7U);
  write("chart/templates/broken.yaml", "a: {{ .Values.x.y }}\n");
  run(inputs);
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(problems_[0].error.message(), "helm cannot render " + inputs.paths[0]);
}

TEST_F(RenderTest, AMissingToolIsAProblemWithAWayOut) {
  write("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n");
  const std::string path = std::getenv("PATH") == nullptr ? "" : std::getenv("PATH");
  ::setenv("PATH", folder_.c_str(), 1);
  Inputs inputs;
  inputs.paths = {(folder_ / "chart").string()};
  run(inputs);
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(problems_[0].error.code(), ErrorCode::not_found);
  EXPECT_EQ(problems_[0].error.hint(), "install it, or give what it renders: helm template " +
                                           inputs.paths[0] + " | allod check -");
}

} // namespace
} // namespace allod::manifest
