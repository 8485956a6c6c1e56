// Bills of materials: licences as they are stated, Go programs, Java archives, the document.
#include <gtest/gtest.h>

#include "artifacts/sbom/bill.h"
#include "artifacts/sbom/go_build_info.h"
#include "artifacts/sbom/jars.h"
#include "artifacts/sbom/licences.h"
#include "base/files.h"
#include "document/json_reader.h"
#include "fixtures.h"

namespace allod::artifacts {
namespace {

std::string debian(const std::string& licences) {
  return debian_licence("pkg", "Format: https://www.debian.org/doc/packaging-manuals/"
                               "copyright-format/1.0/\n\n" +
                                   licences)
      .expression;
}

TEST(Licences, DebianNamesBecomeThoseOfSpdx) {
  EXPECT_EQ(debian("Files: *\nLicense: Expat\n"), "MIT");
  EXPECT_EQ(debian("Files: *\nLicense: GPL-2+ or Artistic\n"),
            "GPL-2.0-or-later OR Artistic-1.0-Perl");
  EXPECT_EQ(debian("Files: *\nLicense: GPL-2+ or MIT, and Zlib\n"),
            "(GPL-2.0-or-later OR MIT) AND Zlib");
  EXPECT_EQ(debian("Files: a\nLicense: MIT\n\nFiles: b\nLicense: ISC\n\nFiles: c\nLicense: MIT\n"),
            "ISC AND MIT");
}

TEST(Licences, UnknownDebianNamesKeepTheirText) {
  const StatedLicence licence =
      debian_licence("pkg", "Format: x/copyright-format/1.0/\n\nFiles: *\nLicense: Custom_x\n"
                            " Do as\n you like.\n");
  EXPECT_EQ(licence.expression, "LicenseRef-debian-pkg-Custom-x");
  ASSERT_EQ(licence.texts.size(), 1U);
  EXPECT_EQ(licence.texts.begin()->second, "Do as\nyou like.");
}

TEST(Licences, FreeFormCopyrightSaysNothing) {
  const StatedLicence licence =
      debian_licence("pkg", "This package was debianized by somebody.\nLicense: GPL-2\n");
  EXPECT_EQ(licence.expression, "");
  EXPECT_NE(licence.source.find("not in the machine-readable form"), std::string::npos);
}

TEST(Licences, NamesOfProjects) {
  for (const char* name :
       {"Apache-2.0", "Apache License, Version 2.0", "The Apache Software License, Version 2.0",
        "https://www.apache.org/licenses/LICENSE-2.0.txt", "Apache 2.0"}) {
    EXPECT_EQ(licence_by_name(name), "Apache-2.0") << name;
  }
  EXPECT_EQ(licence_by_name("MIT License"), "MIT");
  EXPECT_EQ(licence_by_name("http://www.eclipse.org/legal/epl-2.0"), "EPL-2.0");
  EXPECT_EQ(licence_by_name("Eclipse Public License v. 2.0"), "EPL-2.0");
  EXPECT_EQ(licence_by_name("my own"), "");
}

TEST(Licences, TextsAreTold) {
  EXPECT_EQ(licences_in_text("Mozilla Public License Version 2.0\n====\n1. Definitions"),
            std::vector<std::string>{"MPL-2.0"});
  EXPECT_EQ(licences_in_text("Apache License\n   Version 2.0, January 2004"),
            std::vector<std::string>{"Apache-2.0"});
  EXPECT_TRUE(licences_in_text("All rights reserved.").empty());
}

TEST(GoBuildInfo, ModulesAsTheCompilerWroteThem) {
  const GoBuildInfo info = parse_go_modules(
      "go1.25.1", "path\texample.org/x/cmd\nmod\texample.org/x\tv1.2.3\th1:a=\n"
                  "dep\texample.org/y\tv0.1.0\n=>\texample.org/fork\tv0.2.0\th1:b=\n"
                  "dep\texample.org/z\tv2.0.0\th1:c=\nbuild\t-trimpath=true\n");
  EXPECT_EQ(info.main.path, "example.org/x");
  ASSERT_EQ(info.modules.size(), 2U);
  EXPECT_EQ(info.modules[0].path, "example.org/fork");
  EXPECT_EQ(info.modules[1].sum, "h1:c=");
}

TEST(GoBuildInfo, ReadsAProgramAndNothingElse) {
  const test::Scratch scratch;
  const std::string sentinel(16, 's');
  const std::string list = sentinel + "mod\texample.org/x\tv1\th1:a=\n" + sentinel;
  std::string program(4096, 'x');
  std::string header = "\xff Go buildinf:";
  header += std::string(1, 8) + std::string(1, 2);
  header.resize(32, '\0');
  program += header + std::string(1, 6) + "go1.25" + static_cast<char>(list.size()) + list;
  ASSERT_LT(list.size(), 128U);
  ASSERT_TRUE(write_file(scratch / "program", program).ok());
  const auto info = read_go_build_info(scratch / "program");
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->toolchain, "go1.25");
  EXPECT_EQ(info->main.path, "example.org/x");
  // Cut off at any place, it is no program with a list.
  for (const std::size_t size :
       {program.size() - 1, program.size() - list.size(), std::size_t{4100}}) {
    ASSERT_TRUE(write_file(scratch / "cut", program.substr(0, size)).ok());
    EXPECT_FALSE(read_go_build_info(scratch / "cut").has_value()) << size;
  }
}

TEST(Jars, SayWhichArtefactTheyAre) {
  const test::Scratch scratch;
  test::write_zip(scratch / "org.example.thing-1.2.jar",
                  {{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nBundle-License: MIT\r\n\r\n"},
                   {"META-INF/maven/org.example/thing/pom.properties",
                    "groupId=org.example\nartifactId=thing\nversion=1.2\n"},
                   {"META-INF/maven/org.other/inner/pom.properties",
                    "groupId=org.other\nartifactId=inner\nversion=7\n"},
                   {"META-INF/maven/org.other/inner/pom.xml",
                    "<project><licenses><license><name>Apache-2.0</name></license></licenses>"}});
  test::write_zip(scratch / "nameless.jar", {{"a.class", "x"}});
  auto entries = scan_tree(scratch.path());
  ASSERT_TRUE(entries.ok());
  const JarParts jars = jar_parts(scratch.path(), *entries);
  ASSERT_EQ(jars.parts.size(), 2U);
  EXPECT_EQ(jars.parts[0].name, "nameless");
  const BillPart& thing = jars.parts[1];
  EXPECT_EQ(thing.purl, "pkg:maven/org.example/thing@1.2");
  EXPECT_EQ(thing.licence.expression, "MIT");
  ASSERT_EQ(thing.contains.size(), 1U);
  EXPECT_EQ(thing.contains[0].name, "org.other:inner");
  EXPECT_EQ(thing.contains[0].licence.expression, "Apache-2.0");
}

TEST(PackageUrl, EncodesWhatMustBe) {
  EXPECT_EQ(package_url("deb", "debian/libstdc++6", "1:2.0+b1~x", "arch=amd64&distro=bookworm"),
            "pkg:deb/debian/libstdc%2B%2B6@1:2.0%2Bb1~x?arch=amd64&distro=bookworm");
}

TEST(SpdxDocument, IsDecidedByItsContent) {
  Bill bill;
  bill.subject.name = "image";
  BillPart part;
  part.name = "one";
  part.version = "1";
  part.sha256 = std::string(64, 'a');
  part.purl = package_url("generic", "one", "1");
  bill.subject.contains = {part, part};
  const std::string text = spdx_document(bill, "allod-test");
  EXPECT_EQ(text, spdx_document(bill, "allod-test"));
  const auto document = document::read_json("sbom", text);
  ASSERT_TRUE(document.ok()) << document.error().describe();
  // The same part twice is one package.
  EXPECT_EQ(document->find("packages")->size(), 2U);
  EXPECT_EQ(document->find("packages")->items()[1].string_or("licenseDeclared", ""), "NOASSERTION");
  part.version = "2";
  bill.subject.contains.push_back(part);
  const auto other = document::read_json("sbom", spdx_document(bill, "allod-test"));
  EXPECT_NE(other->string_or("documentNamespace", ""),
            document->string_or("documentNamespace", ""));
}

} // namespace
} // namespace allod::artifacts
