#include <gtest/gtest.h>

#include "agent/roots_text.h"
#include "graph/compile.h"

namespace allod::agent {
namespace {

TEST(RootsText, StandsInPlaceOfEveryMarker) {
  document::Value value = document::Value::map();
  value.set("certificate", graph::roots_marker() + "|" + graph::roots_marker());
  value.set("list", document::Value::List{document::Value(graph::roots_marker()), 1});
  value.set("other", "text");
  const document::Value filled = with_roots(value, [] { return std::string("PEM\n"); });
  EXPECT_EQ(filled.string_or("certificate", ""), "PEM\n|PEM\n");
  EXPECT_EQ(filled.find("list")->items().front().as_string(), "PEM\n");
  EXPECT_EQ(filled.string_or("other", ""), "text");
  int asked = 0;
  (void)with_roots(document::Value("nothing here"), [&asked] {
    ++asked;
    return std::string();
  });
  EXPECT_EQ(asked, 0);
}

} // namespace
} // namespace allod::agent
