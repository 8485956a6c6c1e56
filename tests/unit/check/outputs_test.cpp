#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "check/outputs/output.h"
#include "document/json_reader.h"
#include "samples.h"

namespace allod::check {
namespace {

std::string written(Form form, const Report& report) {
  OutputOptions options;
  options.version = "0.1.0";
  std::string text;
  write_report(form, report, options, [&text](std::string_view piece) { text += piece; });
  return text;
}

/// Each form against tests/unit/check/golden/NAME; ALLOD_ACCEPT=1 writes them anew.
TEST(Outputs, AreAsTheyWereAccepted) {
  const Report report = sample_report();
  for (const std::string& name : form_names()) {
    const std::string file = std::string(ALLOD_SOURCE_DIR "/tests/unit/check/golden/") + name;
    const std::string text = written(form_named(name), report);
    if (std::getenv("ALLOD_ACCEPT") != nullptr) std::ofstream(file) << text;
    EXPECT_EQ(text, read_file(file).value_or("")) << name;
  }
}

TEST(Outputs, OfNothingAreWellFormed) {
  const Report report;
  EXPECT_NE(written(Form::text, report).find("no findings"), std::string::npos);
  for (const Form form : {Form::json, Form::sarif, Form::gitlab})
    EXPECT_TRUE(document::read_json("x", written(form, report)).ok());
}

TEST(Outputs, AreJsonWhereTheySaySo) {
  for (const Form form : {Form::json, Form::sarif, Form::gitlab}) {
    const Result<document::Value> value = document::read_json("x", written(form, sample_report()));
    EXPECT_TRUE(value.ok()) << value.error().describe();
  }
}

TEST(Outputs, DoNotLetTextsOfInputsSteerATerminal) {
  Report report = sample_report();
  report.findings[0].message = "\x1b[2J";
  report.findings[0].object.name = "\x1b]0;x\x07";
  report.findings[0].place.file = "a\x1b[31m.yaml";
  report.findings[0].excerpt = "\x1b[0m";
  EXPECT_EQ(written(Form::text, report).find('\x1b'), std::string::npos);
  EXPECT_EQ(written(Form::junit, report).find('\x1b'), std::string::npos);
}

} // namespace
} // namespace allod::check
