#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "support.h"

namespace allod::cel {
namespace {

Value list_of(std::vector<Value> elements) {
  return Value::list(std::move(elements));
}

TEST(Value, NumbersAreEqualAcrossTypes) {
  EXPECT_EQ(Value::of_int(1), Value::of_uint(1));
  EXPECT_EQ(Value::of_int(1), Value::of_double(1.0));
  EXPECT_EQ(Value::of_uint(1), Value::of_double(1.0));
  EXPECT_FALSE(Value::of_int(-1) == Value::of_uint(std::numeric_limits<std::uint64_t>::max()));
  EXPECT_FALSE(Value::of_double(NAN) == Value::of_double(NAN));
  EXPECT_FALSE(Value::of_int(1) == Value::string("1"));
  EXPECT_EQ(Value::of_double(-0.0), Value::of_double(0.0));
}

TEST(Value, ListsAndMapsAreEqualInDepth) {
  EXPECT_EQ(list_of({Value::of_int(1), Value::string("a")}),
            list_of({Value::of_double(1), Value::string("a")}));
  EXPECT_FALSE(list_of({Value::of_int(1)}) == list_of({}));
  const Value left = Value::map(
      {{Value::string("a"), Value::of_int(1)}, {Value::string("b"), list_of({Value::null()})}});
  const Value right = Value::map(
      {{Value::string("b"), list_of({Value::null()})}, {Value::string("a"), Value::of_uint(1)}});
  EXPECT_EQ(left, right);
}

TEST(Value, MapsKeepTheirOrderAndFindKeys) {
  std::vector<std::pair<Value, Value>> entries;
  for (int i = 99; i >= 0; --i) {
    entries.emplace_back(Value::string("key" + std::to_string(i)), Value::of_int(i));
  }
  const Value map = Value::map(entries);
  EXPECT_EQ(map.as_map().size(), 100U);
  EXPECT_EQ(map.as_map().entry(0).first, Value::string("key99"));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(map.as_map().find("key" + std::to_string(i)), Value::of_int(i));
  }
  EXPECT_FALSE(map.as_map().find("key100"));
  EXPECT_FALSE(map.as_map().find(Value::of_int(1)));
}

TEST(Value, MapKeysOfAnyNumberType) {
  std::vector<std::pair<Value, Value>> entries;
  for (int i = 0; i < 50; ++i)
    entries.emplace_back(Value::of_int(i), Value::of_int(i * i));
  const Value map = Value::map(entries);
  EXPECT_EQ(map.as_map().find(Value::of_uint(7)), Value::of_int(49));
  EXPECT_EQ(map.as_map().find(Value::of_double(7)), Value::of_int(49));
  EXPECT_FALSE(map.as_map().find(Value::of_double(7.5)));
  EXPECT_FALSE(map.as_map().find(Value::of_bool(true)));
}

TEST(Value, OfEqualKeysTheLastOneCounts) {
  const Value map =
      Value::map({{Value::string("a"), Value::of_int(1)}, {Value::string("a"), Value::of_int(2)}});
  EXPECT_EQ(map.as_map().size(), 1U);
  EXPECT_EQ(map.as_map().find("a"), Value::of_int(2));
}

TEST(Value, PrintsAsALiteral) {
  const Value value =
      Value::map({{Value::string("a\n"), list_of({Value::of_uint(2), Value::null()})},
                  {Value::of_int(1), Value::bytes("\xFF")}});
  EXPECT_EQ(value.to_string(), "{\"a\\n\": [2u, null], 1: b\"\\xff\"}");
  EXPECT_EQ(Value::of_double(1).to_string(), "1.0");
  EXPECT_EQ(Value::of_double(1e100).to_string(), "1e+100");
  EXPECT_EQ(Value::timestamp({0, 500'000'000}).to_string(),
            "timestamp(\"1970-01-01T00:00:00.5Z\")");
  EXPECT_EQ(Value::duration(std::chrono::milliseconds(-1500)).to_string(), "duration(\"-1.5s\")");
  EXPECT_EQ(Value::optional(Value::of_int(1)).to_string(), "optional.of(1)");
  EXPECT_EQ(Value::unknown("a.b").to_string(), "unknown(a.b)");
  EXPECT_EQ(Value::string("äöü").to_string(4), "\"ä…");
}

TEST(Value, WhatItPrintsReadsBack) {
  for (const char* text : {"1", "-1", "2u", "0.1", "\"a\\\"\\\\\\n\\x01ü\"", "b\"\\x00\\xff\"",
                           "[]", "{\"a\": {1: [true, null]}}", "1e+300", "-0.0"}) {
    EXPECT_EQ(evaluated(text), text);
  }
}

/// A foreign tree: the squares of the first numbers, computed on demand.
class Squares final : public List {
 public:
  explicit Squares(std::size_t size) : size_(size) {}
  [[nodiscard]] std::size_t size() const override { return size_; }
  [[nodiscard]] Value at(std::size_t index) const override {
    return Value::of_int(static_cast<std::int64_t>(index * index));
  }

 private:
  std::size_t size_;
};

class Environs final : public Map {
 public:
  using Map::find;
  [[nodiscard]] std::size_t size() const override { return 1; }
  [[nodiscard]] std::optional<Value> find(std::string_view key) const override {
    if (key != "squares") return std::nullopt;
    return Value::list(std::make_shared<const Squares>(10));
  }
  [[nodiscard]] std::pair<Value, Value> entry(std::size_t) const override {
    return {Value::string("squares"), *find("squares")};
  }
};

TEST(Value, ForeignTreesAreReadInPlace) {
  Environment environment = Environment::standard();
  environment.declare("tree", Type::map());
  Activation activation;
  activation.set("tree", Value::map(std::make_shared<const Environs>()));
  EXPECT_EQ(evaluated("tree.squares[3] + tree['squares'][2]", activation, environment), "13");
  EXPECT_EQ(evaluated("tree.squares.filter(s, s > 40)", activation, environment), "[49, 64, 81]");
  EXPECT_EQ(evaluated("tree.all(k, k == 'squares') && !has(tree.cubes)", activation, environment),
            "true");
  EXPECT_EQ(
      evaluated("tree == {'squares': lists.range(10).map(i, i * i)}", activation, environment),
      "true");
  EXPECT_EQ(evaluated("tree[1]", activation, environment),
            "error: the operator [] does not take (map(string, dyn), int)");
}

TEST(Activation, ParentsAndLazyValues) {
  int computed = 0;
  Activation parent;
  parent.set("a", Value::of_int(1)).set("b", Value::of_int(2));
  Activation child(&parent);
  child.set("a", Value::of_int(10)).set_lazy("c", [&computed] {
    ++computed;
    return Value::of_int(5);
  });
  Environment environment = Environment::standard();
  for (const char* name : {"a", "b", "c", "d"})
    environment.declare(name, Type::int64());
  EXPECT_EQ(evaluated("a + b", child, environment), "12");
  EXPECT_EQ(computed, 0);
  EXPECT_EQ(evaluated("c + c + c", child, environment), "15");
  EXPECT_EQ(computed, 1);
  EXPECT_EQ(evaluated("d", child, environment), "error: no value is given for the variable \"d\"");
}

/// A list that counts what is asked of it, as a foreign tree would be.
class Letters final : public List {
 public:
  explicit Letters(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] std::size_t size() const override { return text_.size(); }
  [[nodiscard]] Value at(std::size_t index) const override {
    return Value::borrow_string(std::string_view(text_).substr(index, 1));
  }

 private:
  std::string text_;
};

TEST(Value, BorrowsTexts) {
  const std::string text = "borrowed, and long enough to lie outside";
  const Value value = Value::borrow_string(text);
  const Value copy(value);
  EXPECT_EQ(copy.as_string().data(), text.data());
  EXPECT_EQ(copy, Value::string(text));
  EXPECT_NE(copy.owned().as_string().data(), text.data());
  EXPECT_EQ(copy.owned(), copy);
}

TEST(Value, OwnedCopiesOutliveWhatWasBorrowed) {
  Value kept;
  {
    const Letters letters("abc");
    const Value map = Value::map({{Value::string("letters"), Value::borrow(letters)}});
    kept = Value::optional(map).owned();
  }
  EXPECT_EQ(kept.to_string(), "optional.of({\"letters\": [\"a\", \"b\", \"c\"]})");
}

TEST(Value, OwnedCopiesShareWhatIsShared) {
  // Written out this would have 2^64 elements.
  Value value = Value::string("x");
  for (int i = 0; i < 64; ++i)
    value = list_of({value, value});
  EXPECT_EQ(value.owned().elements()->size(), 2U);
}

TEST(Value, SharedTreesStayAlive) {
  std::shared_ptr<const Map> map;
  std::shared_ptr<const List> list;
  {
    const Value value = Value::map({{Value::string("a"), list_of({Value::of_int(1)})}});
    map = value.share_map();
    list = value.as_map().find("a")->share_list();
  }
  EXPECT_EQ(map->size(), 1U);
  EXPECT_EQ(list->at(0), Value::of_int(1));
}

} // namespace
} // namespace allod::cel
