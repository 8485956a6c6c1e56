// A reader of YAML 1.2 in one pass over the text. One method for each production, more or less;
// what is read goes to a Builder. Names in quotes in the comments are those of the specification.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "manifest/builder.h"
#include "manifest/document.h"
#include "manifest/limits.h"
#include "manifest/text_scan.h"
#include "manifest/yaml.h"

namespace allod::manifest {

class YamlReader {
 public:
  YamlReader(Document& document, const Limits& limits, Schema schema);

  /// What was wrong, document by document.
  std::vector<Error> read();

 private:
  enum class Tag : std::uint8_t {
    none,
    non_specific, ///< "!"
    string,
    integer,
    number,
    boolean,
    null,
    binary,
    timestamp,
    list,
    map,
    merge,
    other,
  };

  /// "Node properties": what may stand before a node.
  struct Properties {
    std::string_view anchor;
    std::string_view tag_text; ///< as it was written, for messages
    Tag tag = Tag::none;
    const char* at = nullptr; ///< where they start; null: there are none
  };

  /// What an anchor names, and what it costs to repeat it.
  struct Anchored {
    Node node;
    bool complete = false; ///< false while the anchored node itself is being read
    std::size_t nodes = 0;
    std::size_t bytes = 0;
    std::size_t height = 0;
  };

  /// What had been counted before an anchored node.
  struct Counted {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
    std::size_t deepest = 0;
  };

  /// A map under construction that has merge keys: after how many members which value was merged.
  using Merges = std::vector<std::pair<std::size_t, Node>>;

  /// What a node may be where it stands.
  struct Context {
    int parent = -1;       ///< the indentation of what holds it; its own lines are indented deeper
    bool block = true;     ///< a list or map of the block style may start right here
    bool of_map = false;   ///< it is the value of a map: a list may be indented like the map's keys
    bool anchored = false; ///< an anchor of the node stood on a line before
    bool tagged = false;   ///< a tag of the node stood on a line before
  };

  // All of these return false after complain() was called.

  // yaml_stream.cpp
  bool documents();
  bool skip_to_next_document();
  bool document();
  bool directives();
  bool directive(std::string_view line, const char* at);

  // yaml_block.cpp. Each leaves the reader at the next token, which starts a line or ends the
  // document.
  bool block_node(Node& out, const Context& context, std::size_t depth);
  bool block_content(Node& out, const Context& context, const Properties& properties,
                     std::size_t depth);
  bool plain_content(Node& out, const Context& context, const Properties& properties,
                     const Counted& before, std::size_t depth);
  bool block_value(Node& out, const Context& context, std::size_t depth);
  bool block_list(Node& out, int column, std::size_t depth);
  bool map_from_key(Node& out, const Context& context, const Member& key, bool is_merge,
                    const char* begin, const char* tab, std::size_t depth);
  bool block_map(Node& out, int column, std::size_t depth, const Member* first, bool is_merge);
  bool implicit_key(Member& key, bool& is_merge);
  bool explicit_key(Member& key, bool& is_merge, int column, std::size_t depth, bool& has_value);
  bool end_line();

  // yaml_flow.cpp. Each leaves the reader right behind what it read.
  bool flow_node(Node& out, std::size_t depth, bool& plain);
  bool flow_collection(Node& out, std::size_t depth);
  bool flow_list(Node& out, std::size_t depth);
  bool flow_item(Node& out, std::size_t depth);
  bool flow_map(Node& out, std::size_t depth);
  bool flow_key(Member& key, bool& is_merge, std::size_t depth, bool& plain);
  bool flow_value(Node& out, std::size_t depth);
  bool plain_in_flow(Node& out, const Properties& properties);
  bool next_flow_token();
  bool check_flow_plain(const char* begin, const char* stop);
  [[nodiscard]] bool at_flow_colon(bool plain) const {
    return *at_ == ':' && (!plain || is(at_[1], kBlank | kBreak | kEnd | kFlow));
  }

  // yaml_text.cpp
  bool quoted(std::string_view& out);
  bool double_quoted_rest(const char* begin, const char* stop, std::string_view& out);
  bool single_quoted_rest(const char* begin, const char* stop, std::string_view& out);
  bool double_escape(const char*& at);
  bool hex_escape(const char*& at, unsigned digits, std::uint32_t& out);
  bool fold_quoted_break(const char*& at, std::size_t keep);
  bool block_text(std::string_view& out, int parent);
  bool find_indentation(int& indentation, int parent);
  void block_text_lines(bool literal, int indentation, char chomping);
  void fold_plain_break(const char* stop);

  // yaml_properties.cpp
  bool properties(Properties& out);
  bool tag(Properties& out);
  bool check_single(const Properties& own, const Context& context);
  bool alias(Node& out, std::size_t depth);
  [[nodiscard]] std::string_view anchor_name(const char* at) const;
  Counted start_anchor(const Properties& properties, std::size_t depth);
  void finish_anchor(const Properties& properties, const Counted& before, const Node& node,
                     std::size_t depth);
  bool plain_value(Node& out, std::string_view text, std::uint32_t offset,
                   const Properties& properties);
  bool tagged_value(Node& out, std::string_view text, std::uint32_t offset,
                    const Properties& properties, bool plain);
  bool check_collection_tag(const Properties& properties, const Node& node);
  bool plain_key(Member& key, bool& is_merge, std::string_view text, std::uint32_t offset,
                 const Properties& properties);
  bool make_key(Member& key, const Node& node);
  bool finish_map(Node& out, std::size_t open, const Merges& merges, std::uint32_t offset);
  bool finish_merged_map(Node& out, std::size_t open, const Merges& merges, std::uint32_t offset);

  // The token machine.

  /// Moves over blanks, comments and line breaks.
  void next_token();
  [[nodiscard]] bool at_indicator() const { return is_space(at_[1]); }
  [[nodiscard]] bool at_end() const { return *at_ == '\0' && at_ >= end_; }
  /// Nothing of the document can follow: the text ends, or a line with --- or ... is next.
  [[nodiscard]] bool document_ends() const { return marker_ || at_end(); }
  void skip_blanks() {
    while (is_blank(*at_))
      ++at_;
  }
  /// Over a line break at `at`.
  static const char* after_break(const char* at) {
    return at + (at[0] == '\r' && at[1] == '\n' ? 2 : 1);
  }
  /// Whether a line with --- or ... starts here.
  static bool is_marker(const char* line) {
    return ((line[0] == '-' && line[1] == '-' && line[2] == '-') ||
            (line[0] == '.' && line[1] == '.' && line[2] == '.')) &&
           is_space(line[3]);
  }

  static constexpr std::uint8_t kBlank = 1;      // space, tab
  static constexpr std::uint8_t kBreak = 2;      // line feed, carriage return
  static constexpr std::uint8_t kEnd = 4;        // the zero behind the text
  static constexpr std::uint8_t kFlow = 8;       // , [ ] { }
  static constexpr std::uint8_t kIndicator = 16; // cannot start a plain scalar
  static const std::array<std::uint8_t, 256> kClasses;
  static bool is(char c, unsigned classes) {
    return (kClasses[static_cast<unsigned char>(c)] & classes) != 0;
  }
  static bool is_blank(char c) { return c == ' ' || c == '\t'; }
  static bool is_break(char c) { return c == '\n' || c == '\r'; }
  static bool is_space(char c) { return is(c, kBlank | kBreak | kEnd); }

  /// Where a plain scalar that starts at `at` stops on its line: at a line break, the end, ": ",
  /// " #", and in flow style at a flow indicator.
  template<bool flow>
  [[nodiscard]] static const char* find_plain_stop(const char* at) {
    const char* const begin = at;
    while (true) {
      if constexpr (flow) {
        at = find_any<':', '#', '\n', '\r', ',', '[', ']', '{', '}'>(at);
      } else {
        at = find_any<':', '#', '\n', '\r'>(at);
      }
      if (*at == ':') {
        if (flow ? is(at[1], kBlank | kBreak | kEnd | kFlow) : is_space(at[1])) return at;
      } else if (*at != '#' || (at > begin && is_blank(at[-1]))) {
        return at;
      }
      ++at;
    }
  }
  static std::string_view trimmed(const char* begin, const char* end) {
    while (end > begin && is_blank(end[-1]))
      --end;
    return {begin, static_cast<std::size_t>(end - begin)};
  }
  [[nodiscard]] bool starts_plain(bool flow) const;

  [[nodiscard]] std::uint32_t offset_of(const char* at) const {
    return static_cast<std::uint32_t>(at - start_);
  }
  bool count(const char* at, std::size_t bytes) {
    ++nodes_;
    bytes_ += bytes;
    return nodes_ - repeated_nodes_ <= limits_.nodes || complain_of_number(at);
  }
  bool enter(const char* at, std::size_t depth) {
    if (depth > deepest_) deepest_ = depth;
    return depth <= limits_.depth || complain_of_depth(at);
  }
  bool count_repeated(const char* at, std::size_t nodes, std::size_t bytes);
  bool complain_of_number(const char* at);
  bool complain_of_depth(const char* at);
  bool complain(const char* at, std::string message, std::string hint = {});
  bool complain_of_start();
  bool complain_of_repetition(const Member& first, const Member& second);
  bool complain_of_indentation(const char* what);
  bool complain_of_tab(const char* tab);
  bool complain_of_colon(const char* at);

  Document& document_;
  const Limits& limits_;
  Schema schema_;
  Builder builder_;
  const char* start_;
  const char* end_;
  const char* at_;
  const char* line_;          ///< the start of the current line
  int column_ = 0;            ///< of the current token: on a fresh line, the spaces before it
  bool fresh_ = true;         ///< the current token is the first of its line
  bool marker_ = false;       ///< the current token is --- or ... at the start of a line
  bool comment_ = false;      ///< a comment stood before the current token
  const char* tab_ = nullptr; ///< the first tab among the blanks before the current token
  std::string scratch_;

  std::unordered_map<std::string_view, Anchored> anchors_;
  std::vector<std::pair<std::string, std::string>> tag_handles_; ///< of the current document
  std::size_t nodes_ = 0;                                        ///< with what aliases repeat
  std::size_t bytes_ = 0; ///< of texts, with what aliases repeat
  std::size_t repeated_nodes_ = 0;
  std::size_t repeated_bytes_ = 0;
  std::size_t deepest_ = 0; ///< the depth of the deepest collection since it was last set
  std::optional<Error> error_;
  std::uint32_t error_offset_ = 0;
};

} // namespace allod::manifest
