#include "document/diagnostics.h"

#include <algorithm>
#include <optional>

#include "base/files.h"
#include "base/text.h"
#include "document/character_width.h"
#include "document/excerpt.h"
#include "document/text_lines.h"

namespace allod::document {
namespace {

constexpr std::size_t kGutter = 5;      // columns for line numbers, as compilers print them
constexpr std::size_t kGutterWidth = 8; // with " | "

/// ANSI colours, or nothing.
struct Paint {
  bool on = false;
  [[nodiscard]] std::string operator()(const char* code, const std::string& text) const {
    return on && !text.empty() ? std::string("\x1b[") + code + "m" + text + "\x1b[0m" : text;
  }
  [[nodiscard]] std::string bold(const std::string& text) const { return (*this)("1", text); }
  [[nodiscard]] std::string red(const std::string& text) const { return (*this)("1;31", text); }
  [[nodiscard]] std::string green(const std::string& text) const { return (*this)("1;32", text); }
  [[nodiscard]] std::string yellow(const std::string& text) const { return (*this)("1;33", text); }
  [[nodiscard]] std::string dim(const std::string& text) const { return (*this)("2", text); }
};

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty())
    columns += static_cast<std::size_t>(character_width(next_character(text)));
  return columns;
}

std::string gutter(const std::string& number) {
  const std::size_t fill = number.size() < kGutter ? kGutter - number.size() : 0;
  return std::string(fill, ' ') + number + " | ";
}

/// Lines after the first stand under the first one's start.
std::string hang(std::string_view text, std::size_t indentation) {
  const std::vector<std::string> lines = split(trim(text), '\n');
  return join(lines, "\n" + std::string(indentation, ' '));
}

std::string header(const Error& error, std::string_view label, const Paint& paint) {
  std::string where;
  if (const auto& place = error.place()) {
    where = printable(place->file);
    if (place->line != 0) where += ":" + std::to_string(place->line);
    if (place->line != 0 && place->column != 0) where += ":" + std::to_string(place->column);
    where = paint.bold(where + ":") + " ";
  }
  const std::string name = std::string(label) + ":";
  const std::string shown = label == "error" ? paint.red(name) : paint.yellow(name);
  return where + shown + " " + paint.bold(hang(printable(error.message(), true), 2)) + "\n";
}

/// The text that a place is in; kept alive by `holder` when it is read from the file.
const Source* source_of(const Place& place, const DiagnosticOptions& options, Source& holder) {
  if (options.sources != nullptr) {
    if (const Source* source = options.sources->find(place.file)) return source;
  }
  if (!options.read_files) return nullptr;
  Result<std::string> text = read_file(place.file);
  if (!text) return nullptr;
  holder = Source{place.file, *std::move(text)};
  return &holder;
}

/// The line that a place is on, or nothing.
std::optional<std::string> line_of(const Place& place, const DiagnosticOptions& options) {
  if (!options.line.empty()) return std::string(options.line);
  Source holder;
  const Source* source = source_of(place, options, holder);
  if (source == nullptr) return std::nullopt;
  const TextLines lines(without_byte_order_mark(source->text));
  if (place.line > lines.count()) return std::nullopt;
  return std::string(lines.line(place.line));
}

/// The line, the underline and the hint; empty when the line is not to be had.
std::string excerpt_lines(const Error& error, const DiagnosticOptions& options,
                          const Paint& paint) {
  if (!error.place() || error.place()->line == 0) return {};
  const Place& place = *error.place();
  const std::optional<std::string> line_text = line_of(place, options);
  if (!line_text) return {};
  const std::size_t room = options.width > kGutterWidth + 20 ? options.width - kGutterWidth : 20;
  const Excerpt excerpt = make_excerpt(*line_text, place.column, place.length, room);
  std::string text = paint.dim(gutter(std::to_string(place.line))) + excerpt.text + "\n";
  const std::string hint = printable(error.hint(), true);
  if (place.column == 0) {
    return hint.empty() ? text : text + paint.dim(gutter("")) + hang(hint, kGutterWidth) + "\n";
  }
  const std::string line = "^" + std::string(excerpt.length - 1, '~');
  text += paint.dim(gutter("")) + std::string(excerpt.offset, ' ') + paint.green(line);
  if (hint.empty()) return text + "\n";
  const std::size_t before = excerpt.offset + excerpt.length + 1;
  if (before + columns_of(hint) <= room && hint.find('\n') == std::string::npos) {
    return text + " " + hint + "\n";
  }
  // No room beside the underline: below it, from the left.
  return text + "\n" + paint.dim(gutter("")) + hang(hint, kGutterWidth) + "\n";
}

std::string detail_lines(const Error& error, const Paint& paint) {
  std::size_t widest = 0;
  for (const auto& [name, value] : error.details()) {
    widest = std::max(widest, columns_of(printable(name)));
  }
  std::string text;
  for (const auto& [name, value] : error.details()) {
    const std::string shown = printable(name);
    const std::string fill(widest - columns_of(shown) + 1, ' ');
    text += "  " + paint.dim(shown) + fill + hang(printable(value, true), widest + 3) + "\n";
  }
  return text;
}

} // namespace

void Sources::add(std::shared_ptr<const Source> source) {
  std::string name = source->name;
  sources_[std::move(name)] = std::move(source);
}

void Sources::add(std::string name, std::string text) {
  add(std::make_shared<const Source>(Source{std::move(name), std::move(text)}));
}

const Source* Sources::find(const std::string& name) const {
  const auto found = sources_.find(name);
  return found == sources_.end() ? nullptr : found->second.get();
}

std::string render(const Error& error, const DiagnosticOptions& options) {
  const Paint paint{options.colour};
  std::string text = header(error, options.label, paint);
  const std::string excerpt = excerpt_lines(error, options, paint);
  text += excerpt;
  if (excerpt.empty() && !error.hint().empty()) {
    text += "  " + hang(printable(error.hint(), true), 2) + "\n";
  }
  text += detail_lines(error, paint);
  for (const std::string& step : error.context()) {
    text += "  " + paint.dim("while " + hang(printable(step, true), 2)) + "\n";
  }
  return text;
}

std::string render(const std::vector<Error>& errors, const DiagnosticOptions& options) {
  std::string text;
  for (const Error& error : errors)
    text += render(error, options);
  if (errors.size() > 1) text += std::to_string(errors.size()) + " errors\n";
  return text;
}

Value to_json(const Error& error) {
  Value json = Value::map();
  json.set("code", to_string(error.code()));
  json.set("level", "error");
  json.set("message", error.message());
  if (const auto& place = error.place()) {
    json.set("file", place->file);
    if (place->line != 0) json.set("line", static_cast<int>(place->line));
    if (place->column != 0) {
      json.set("column", static_cast<int>(place->column));
      json.set("endColumn", static_cast<int>(place->column + std::max(place->length, 1U)));
    }
  }
  if (!error.hint().empty()) json.set("hint", error.hint());
  if (!error.details().empty()) {
    Value& details = json.set("details", Value::list());
    for (const auto& [name, value] : error.details()) {
      Value& detail = details.push(Value::map());
      detail.set("name", name);
      detail.set("value", value);
    }
  }
  if (!error.context().empty()) {
    Value& context = json.set("context", Value::list());
    for (const std::string& step : error.context())
      context.push(step);
  }
  return json;
}

} // namespace allod::document
