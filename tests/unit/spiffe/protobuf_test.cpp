#include <gtest/gtest.h>

#include "spiffe/protobuf.h"
#include "spiffe/workload_messages.h"

namespace allod::spiffe {
namespace {

TEST(Protobuf, WritesWhatTheEncodingGuideShows) {
  // https://protobuf.dev/programming-guides/encoding/: 150 in field 1, "testing" in field 2.
  EXPECT_EQ(MessageWriter().varint(1, 150).take(), "\x08\x96\x01");
  EXPECT_EQ(MessageWriter().text(2, "testing").take(), "\x12\x07testing");
  EXPECT_EQ(MessageWriter().boolean(3, true).take(), "\x18\x01");
  EXPECT_EQ(MessageWriter().number(1, 1.0).take(),
            std::string("\x09\x00\x00\x00\x00\x00\x00\xF0\x3F", 9));
}

TEST(Protobuf, ReadsFieldsAndPassesOverOtherTypes) {
  const std::string message = std::string("\x08\x96\x01\x12\x02hi\x1D\x01\x02\x03\x04", 12);
  MessageReader reader(message);
  const Result<Field> first = reader.next();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->number, 1U);
  EXPECT_EQ(first->varint, 150U);
  const Result<Field> second = reader.next();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->bytes, "hi");
  const Result<Field> third = reader.next();
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(third->type, WireType::fixed32);
  EXPECT_TRUE(reader.at_end());
}

TEST(Protobuf, RefusesWhatIsMalformed) {
  const std::string cases[] = {
      std::string("\x08", 1),                                 // a number that does not come
      std::string("\x12\x05hi", 4),                           // cut short
      std::string("\x00\x01", 2),                             // field 0
      std::string("\x0B", 1),                                 // a group
      std::string("\x08") + std::string(10, '\xFF') + "\x01", // over ten bytes
      std::string("\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11), // a length beyond memory
  };
  for (const std::string& message : cases) {
    MessageReader reader(message);
    EXPECT_FALSE(reader.next().ok()) << testing::PrintToString(message);
  }
}

TEST(WorkloadMessages, ReadsRequests) {
  const std::string message =
      MessageWriter().text(1, "a").text(1, "b").text(2, "spiffe://d/x").varint(9, 1).take();
  const Result<JwtSvidRequest> request = decode_jwt_svid_request(message);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->audience, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request->id, "spiffe://d/x");
  EXPECT_FALSE(decode_jwt_svid_request(MessageWriter().text(1, "\xFF").take()).ok());
}

TEST(WorkloadMessages, ClaimsBecomeAStruct) {
  // {"a": "b"}: fields { key: "a" value { string_value: "b" } }
  EXPECT_EQ(encode_validate_response("i", {{"a", "b"}}),
            std::string("\x0A\x01i\x12\x0A\x0A\x08\x0A\x01"
                        "a\x12\x03\x1A\x01"
                        "b"));
}

} // namespace
} // namespace allod::spiffe
