#include "document/yaml_events.h"

#include <array>
#include <string>

namespace allod::document {
namespace {

struct Translation {
  std::string_view problem;
  const char* message;
  const char* hint;
  bool at_start = false; ///< points at where the construct starts rather than where libyaml stopped
};

constexpr std::array<Translation, 27> kTranslations = {{
    {"mapping values are not allowed in this context", "a \":\" cannot stand here",
     "put the text in quotes if the colon belongs to it, or check the indentation"},
    {"block sequence entries are not allowed in this context", "a list cannot start here",
     "start the list on a line of its own"},
    {"mapping keys are not allowed in this context", "a key cannot stand here", ""},
    {"could not find expected ':'", "a \":\" is missing after this key",
     "check the indentation of the lines below it", true},
    {"did not find expected ':'", "a \":\" is missing after this key", "", true},
    {"found unexpected end of stream", "this quoted text never ends", "", true},
    {"found unexpected document indicator",
     "this quoted text is cut by the start or end of a document", "", true},
    {"found unknown escape character", "an unknown escape in a quoted text",
     "write \\\\ for a backslash, or use single quotes"},
    {"did not find expected hexdecimal number", "an escape lacks its hex digits",
     "write \\\\ for a backslash, or use single quotes"},
    {"found invalid Unicode character escape code", "an escape names no Unicode character", ""},
    {"found a tab character that violates indentation", "a tab cannot indent a line", "use spaces"},
    {"found a tab character where an indentation space is expected", "a tab cannot indent a line",
     "use spaces"},
    {"found a tab character where an intendation space is expected", "a tab cannot indent a line",
     "use spaces"},
    {"did not find expected alphabetic or numeric character", "a name is missing after & or *",
     "put the text in quotes if it starts with & or *"},
    {"did not find expected comment or line break", "nothing but a comment can follow here", ""},
    {"found an indentation indicator equal to 0", "an indentation of 0 cannot be asked for", ""},
    {"did not find expected key", "this line is not indented like the map that it belongs to", ""},
    {"did not find expected '-' indicator",
     "this line is not indented like the list that it belongs to", ""},
    {"did not find expected ',' or ']'", "a \",\" or \"]\" is missing before this", ""},
    {"did not find expected ',' or '}'", "a \",\" or \"}\" is missing before this", ""},
    {"did not find expected node content", "a value is missing here", ""},
    {"did not find expected <document start>", "a document cannot start here",
     "separate documents by a line with ---"},
    {"found undefined tag handle", "an unknown tag handle",
     "put the text in quotes if it starts with !"},
    {"found incompatible YAML document", "this version of YAML is not known", "leave out %YAML"},
    {"found duplicate %YAML directive", "a second %YAML directive", ""},
    {"found unknown directive name", "an unknown directive",
     "put the text in quotes if it starts with %"},
    {"control characters are not allowed", "a control character cannot stand in YAML",
     "write it as an escape in double quotes, for instance \"\\x07\""},
}};

std::string_view view(const void* text) {
  return text == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(text));
}

/// "found character that cannot start any token": the character decides what to say.
Error cannot_start(char c) {
  if (c == '\t') {
    return Error(ErrorCode::invalid_input, "a tab cannot indent a line").with_hint("use spaces");
  }
  return Error(ErrorCode::invalid_input,
               std::string("a plain text cannot start with \"") + c + "\"")
      .with_hint("put it in quotes");
}

} // namespace

std::string_view YamlEvent::anchor() const {
  switch (event_.type) {
  case YAML_ALIAS_EVENT:
    return view(event_.data.alias.anchor);
  case YAML_SCALAR_EVENT:
    return view(event_.data.scalar.anchor);
  case YAML_SEQUENCE_START_EVENT:
    return view(event_.data.sequence_start.anchor);
  case YAML_MAPPING_START_EVENT:
    return view(event_.data.mapping_start.anchor);
  default:
    return {};
  }
}

std::string_view YamlEvent::tag() const {
  switch (event_.type) {
  case YAML_SCALAR_EVENT:
    return view(event_.data.scalar.tag);
  case YAML_SEQUENCE_START_EVENT:
    return view(event_.data.sequence_start.tag);
  case YAML_MAPPING_START_EVENT:
    return view(event_.data.mapping_start.tag);
  default:
    return {};
  }
}

YamlEvents::YamlEvents(std::shared_ptr<const Source> source)
    : source_(std::move(source)), lines_(source_->text) {
  if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
  yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(
      &parser_, reinterpret_cast<const unsigned char*>(source_->text.data()), source_->text.size());
}

YamlEvents::~YamlEvents() {
  yaml_parser_delete(&parser_);
}

Result<YamlEvent> YamlEvents::next() {
  YamlEvent event;
  if (yaml_parser_parse(&parser_, event.get()) == 0) return translate();
  return event;
}

Mark YamlEvents::mark_of(const YamlEvent& event) const {
  const auto start = lines_.at_character(event.raw().start_mark.index);
  const auto end = lines_.at_character(event.raw().end_mark.index);
  return lines_.mark(source_, start, end);
}

std::string YamlEvents::start_of_collection() const {
  const std::string_view context = view(parser_.context);
  const bool list = context.ends_with("sequence") || context.ends_with("collection");
  if (!list && !context.ends_with("mapping")) return {};
  const auto start = lines_.at_character(parser_.context_mark.index);
  return std::string(list ? "the list" : "the map") + " starts at line " +
         std::to_string(start.line) + ", column " + std::to_string(start.column);
}

Error YamlEvents::translate() const {
  const std::string_view problem = view(parser_.problem);
  std::size_t offset = lines_.byte_of_character(parser_.problem_mark.index);
  if (parser_.error == YAML_READER_ERROR) offset = parser_.problem_offset;
  const auto place_at = [&](TextLines::Position at) {
    return lines_.mark(source_, at, at).place();
  };
  if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
  if (problem == "found character that cannot start any token") {
    const char c = offset < source_->text.size() ? source_->text[offset] : ' ';
    return cannot_start(c).at(place_at(lines_.at_byte(offset)));
  }
  for (const Translation& known : kTranslations) {
    if (known.problem != problem) continue;
    const bool has_start = known.at_start && parser_.context != nullptr;
    const auto position =
        has_start ? lines_.at_character(parser_.context_mark.index) : lines_.at_byte(offset);
    const std::string hint = *known.hint == '\0' ? start_of_collection() : known.hint;
    return Error(ErrorCode::invalid_input, known.message).at(place_at(position)).with_hint(hint);
  }
  std::string message = "not valid YAML: " + std::string(problem);
  if (parser_.context != nullptr) message += " " + std::string(parser_.context);
  return Error(ErrorCode::invalid_input, std::move(message)).at(place_at(lines_.at_byte(offset)));
}

} // namespace allod::document
