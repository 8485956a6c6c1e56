// A text that was read, with the nodes that were read from it. It is kept alive by whoever holds a
// node or a value of it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "document/value.h"
#include "manifest/arena.h"
#include "manifest/node.h"

namespace allod::manifest {

/// Where something stands: line and column from 1, columns and length in code points; 0 = unknown.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 0;
  bool operator==(const Position&) const = default;
};

/// One step of a path into a value: a key or an index.
using Step = document::PathStep;

class Document {
 public:
  /// Bytes of zero that follow the text, so that scanners may read beyond its end.
  static constexpr std::size_t kPadding = 64;

  Document() = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  /// The file's name as it was given or found; "-" is standard input.
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The part of the file that this document holds: all of it, unless it was large.
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }
  /// The line of the file that the text starts with, from 1.
  [[nodiscard]] std::uint32_t first_line() const { return first_line_; }
  /// The documents of the stream, in order.
  [[nodiscard]] std::span<const Node> roots() const { return roots_; }
  /// It was read as JSON: no node is reached by two ways.
  [[nodiscard]] bool is_json() const { return is_json_; }

  /// The place of a byte of the text; the length is 1.
  [[nodiscard]] Position position(std::uint32_t offset) const;
  /// The place of a node with its length, at most to the end of its first line.
  [[nodiscard]] Position position(const Node& node) const;
  /// A line of the file without its break; empty when it is not in this text.
  [[nodiscard]] std::string_view line(std::uint32_t number) const;

  // For the readers.

  /// Makes the document empty again, with room for `size` bytes of text and the padding.
  void reset(std::string name, std::uint32_t first_line = 1);
  /// Room for `size` bytes of text; what is there stays.
  [[nodiscard]] char* reserve(std::size_t size);
  /// The text is the first `size` bytes of what reserve() gave; writes the padding.
  void set_size(std::size_t size);
  void set_text(std::string_view text);
  /// It is the output of a tool that the user has: its places are to be mapped to the templates.
  [[nodiscard]] bool is_rendered() const { return is_rendered_; }
  void set_is_rendered(bool is_rendered) { is_rendered_ = is_rendered; }
  void set_is_json(bool is_json) { is_json_ = is_json; }
  [[nodiscard]] Arena& arena() { return arena_; }
  [[nodiscard]] std::vector<Node>& mutable_roots() { return roots_; }
  /// Bytes held, used or not.
  [[nodiscard]] std::size_t capacity() const { return text_.capacity() + arena_.capacity(); }

 private:
  struct Checkpoint {
    std::uint32_t offset = 0;
    std::uint32_t line = 0;   ///< of the text, from 0
    std::uint32_t column = 0; ///< code points since the line's start
  };
  [[nodiscard]] Checkpoint checkpoint_before(std::uint32_t offset) const;
  void make_checkpoints() const;

  std::string name_;
  std::vector<char> text_; ///< with the padding
  std::size_t size_ = 0;
  std::uint32_t first_line_ = 1;
  bool is_json_ = false;
  bool is_rendered_ = false;
  Arena arena_;
  std::vector<Node> roots_;

  mutable std::mutex checkpoints_mutex_;
  mutable std::vector<Checkpoint> checkpoints_; ///< made when a place is first asked for
};

} // namespace allod::manifest
