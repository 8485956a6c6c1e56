#include "document/yaml_reader.h"

#include <algorithm>
#include <unordered_map>

#include "document/scalar.h"
#include "document/text_lines.h"
#include "document/yaml_events.h"

namespace allod::document {
namespace {

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

/// What an anchor names, and what it costs to repeat it.
struct Anchored {
  Value value;
  bool complete = false; ///< false while the anchored node itself is being read
  std::size_t nodes = 0;
  std::size_t bytes = 0;
  std::size_t height = 0;
};

std::size_t height_of(const Value& value) {
  std::size_t below = 0;
  if (value.is_list()) {
    for (const Value& item : value.items())
      below = std::max(below, height_of(item));
  } else if (value.is_map()) {
    for (const Member& member : value.members())
      below = std::max(below, height_of(member.value));
  } else {
    return 0;
  }
  return below + 1;
}

class Composer {
 public:
  Composer(std::shared_ptr<const Source> source, const ReadLimits& limits)
      : events_(std::move(source)), limits_(limits) {}

  Result<std::vector<Value>> documents();

 private:
  Result<Value> node(const YamlEvent& event, std::size_t depth);
  Result<Value> content(const YamlEvent& event, std::size_t depth);
  Result<Value> scalar(const YamlEvent& event) const;
  Result<Value> list(const YamlEvent& start, std::size_t depth);
  Result<Value> map(const YamlEvent& start, std::size_t depth);
  Result<Member> key(const YamlEvent& event);
  Result<Value> alias(const YamlEvent& event, std::size_t depth);
  Status count(const YamlEvent& event, std::size_t nodes, std::size_t bytes);
  Status check_collection(const YamlEvent& start, std::string_view tag, std::size_t depth) const;
  [[nodiscard]] Error error(const YamlEvent& event, std::string message) const {
    return error_at(events_.mark_of(event), std::move(message));
  }

  YamlEvents events_;
  ReadLimits limits_;
  std::unordered_map<std::string, Anchored> anchors_; ///< of the current document
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
};

Result<std::vector<Value>> Composer::documents() {
  std::vector<Value> documents;
  while (true) {
    Result<YamlEvent> event = events_.next();
    if (!event) return std::move(event).error();
    switch (event->type()) {
    case YAML_STREAM_END_EVENT:
      return documents;
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
      break;
    case YAML_DOCUMENT_START_EVENT:
      anchors_.clear();
      break;
    default: {
      Result<Value> value = node(*event, 1);
      if (!value) return std::move(value).error();
      documents.push_back(*std::move(value));
    }
    }
  }
}

Status Composer::count(const YamlEvent& event, std::size_t nodes, std::size_t bytes) {
  nodes_ += nodes;
  bytes_ += bytes;
  if (nodes_ <= limits_.nodes && bytes_ <= limits_.expanded_bytes) return {};
  if (event.type() == YAML_ALIAS_EVENT) {
    return error(event, "aliases repeat more than can be right: over " +
                            (nodes_ > limits_.nodes
                                 ? std::to_string(limits_.nodes) + " values"
                                 : std::to_string(limits_.expanded_bytes) + " bytes of text"));
  }
  return error(event, "this text holds more than " + std::to_string(limits_.nodes) + " values");
}

Result<Value> Composer::node(const YamlEvent& event, std::size_t depth) {
  if (event.type() == YAML_ALIAS_EVENT) return alias(event, depth);
  const std::string anchor(event.anchor());
  const std::size_t nodes_before = nodes_;
  const std::size_t bytes_before = bytes_;
  if (!anchor.empty()) anchors_[anchor] = Anchored();
  Result<Value> value = content(event, depth);
  if (!value || anchor.empty()) return value;
  anchors_[anchor] =
      Anchored{*value, true, nodes_ - nodes_before, bytes_ - bytes_before, height_of(*value)};
  return value;
}

Result<Value> Composer::content(const YamlEvent& event, std::size_t depth) {
  const std::size_t bytes = event.type() == YAML_SCALAR_EVENT ? event.raw().data.scalar.length : 0;
  if (Status counted = count(event, 1, bytes); !counted) return std::move(counted).error();
  switch (event.type()) {
  case YAML_SCALAR_EVENT:
    return scalar(event);
  case YAML_SEQUENCE_START_EVENT:
    return list(event, depth);
  case YAML_MAPPING_START_EVENT:
    return map(event, depth);
  default:
    return error(event, "a value is missing here");
  }
}

Result<Value> Composer::scalar(const YamlEvent& event) const {
  const auto& raw = event.raw().data.scalar;
  const std::string_view text(reinterpret_cast<const char*>(raw.value), raw.length);
  std::string_view tag = event.tag();
  const Mark mark = events_.mark_of(event);
  const bool plain = raw.style == YAML_PLAIN_SCALAR_STYLE;
  if (tag == "!" || (tag.empty() && !plain)) return Value(text).set_mark(mark);
  Result<Value> resolved = resolve_core_scalar(text);
  if (tag.empty()) {
    if (!resolved) return std::move(resolved).error().at(mark.place());
    return resolved->set_mark(mark);
  }
  if (!tag.starts_with(kCoreTag)) {
    return error(event, "the tag \"" + std::string(tag) + "\" is not known")
        .with_hint("put the text in quotes if it starts with !");
  }
  tag.remove_prefix(kCoreTag.size());
  if (tag == "str") return Value(text).set_mark(mark);
  if (!resolved) return std::move(resolved).error().at(mark.place());
  if (tag == "float" && resolved->is_integer()) {
    return Value(resolved->as_number()).set_mark(mark);
  }
  const bool fits = (tag == "null" && resolved->is_null()) ||
                    (tag == "bool" && resolved->is_boolean()) ||
                    (tag == "int" && resolved->is_integer()) ||
                    (tag == "float" && resolved->kind() == Kind::number);
  if (!fits)
    return error(event, "\"" + std::string(text) + "\" is no value for !!" + std::string(tag));
  return resolved->set_mark(mark);
}

Status Composer::check_collection(const YamlEvent& start, std::string_view tag,
                                  std::size_t depth) const {
  if (depth > limits_.depth) {
    return error(start,
                 "lists and maps are nested more than " + std::to_string(limits_.depth) + " deep");
  }
  const std::string_view given = start.tag();
  const bool core = given.starts_with(kCoreTag) && given.substr(kCoreTag.size()) == tag;
  if (given.empty() || given == "!" || core) return {};
  return error(start, "the tag \"" + std::string(given) + "\" is not known");
}

Result<Value> Composer::list(const YamlEvent& start, std::size_t depth) {
  if (Status fits = check_collection(start, "seq", depth); !fits) return std::move(fits).error();
  Value value = Value::list();
  value.set_mark(events_.mark_of(start));
  while (true) {
    Result<YamlEvent> event = events_.next();
    if (!event) return std::move(event).error();
    if (event->type() == YAML_SEQUENCE_END_EVENT) return value;
    Result<Value> item = node(*event, depth + 1);
    if (!item) return item;
    value.push(*std::move(item));
  }
}

Result<Member> Composer::key(const YamlEvent& event) {
  if (event.type() == YAML_SEQUENCE_START_EVENT || event.type() == YAML_MAPPING_START_EVENT) {
    return error(event, std::string("a key must be a text, this is ") +
                            (event.type() == YAML_SEQUENCE_START_EVENT ? "a list" : "a map"))
        .with_hint("put the text in quotes if it starts with { or [");
  }
  const bool plain = event.type() == YAML_SCALAR_EVENT && event.tag().empty() &&
                     event.raw().data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  Result<Value> value = node(event, 1);
  if (!value) return std::move(value).error();
  if (plain && value->is_string() && value->as_string() == "<<") {
    return error(event, "merge keys (\"<<\") are not supported")
        .with_hint("write the members out, or use an alias for a whole value");
  }
  if (!value->is_string()) {
    return error(event, std::string("a key must be a text, this is ") + describe(value->kind()))
        .with_hint("put it in quotes");
  }
  return Member{value->as_string(), value->mark(), Value()};
}

Result<Value> Composer::map(const YamlEvent& start, std::size_t depth) {
  if (Status fits = check_collection(start, "map", depth); !fits) return std::move(fits).error();
  Value value = Value::map();
  value.set_mark(events_.mark_of(start));
  while (true) {
    Result<YamlEvent> event = events_.next();
    if (!event) return std::move(event).error();
    if (event->type() == YAML_MAPPING_END_EVENT) return value;
    Result<Member> member = key(*event);
    if (!member) return std::move(member).error();
    if (value.size() == 0 && start.raw().data.mapping_start.style != YAML_FLOW_MAPPING_STYLE) {
      value.set_mark(member->key_mark); // a block map has no sign of its own to point at
    }
    if (const Member* first = value.find_member(member->key)) {
      return duplicate_key(*first, member->key_mark);
    }
    event = events_.next();
    if (!event) return std::move(event).error();
    Result<Value> content = node(*event, depth + 1);
    if (!content) return content;
    member->value = *std::move(content);
    value.insert(*std::move(member));
  }
}

Result<Value> Composer::alias(const YamlEvent& event, std::size_t depth) {
  const std::string name(event.anchor());
  const auto found = anchors_.find(name);
  if (found == anchors_.end()) {
    std::vector<std::string> known;
    for (const auto& [anchor, unused] : anchors_)
      known.push_back(anchor);
    std::sort(known.begin(), known.end());
    Error unknown = error(event, "no anchor \"&" + name + "\" stands before this alias");
    return known.empty()
               ? std::move(unknown).with_hint("put the text in quotes if it starts with *")
               : std::move(unknown).with_hint(suggestion(name, known, "anchors"));
  }
  const Anchored& anchored = found->second;
  if (!anchored.complete) return error(event, "\"*" + name + "\" stands within what it repeats");
  if (depth + anchored.height > limits_.depth + 1) {
    return error(event,
                 "lists and maps are nested more than " + std::to_string(limits_.depth) + " deep");
  }
  if (Status counted = count(event, anchored.nodes, anchored.bytes); !counted) {
    return std::move(counted).error();
  }
  Value copy = anchored.value;
  return copy.set_mark(events_.mark_of(event));
}

} // namespace

Result<std::vector<Value>> read_yaml(const std::string& name, std::string_view text,
                                     const ReadLimits& limits) {
  if (Status checked = check_text(name, text, limits.bytes); !checked) {
    return std::move(checked).error();
  }
  auto source =
      std::make_shared<const Source>(Source{name, std::string(without_byte_order_mark(text))});
  return Composer(std::move(source), limits).documents();
}

Result<Value> read_yaml_document(const std::string& name, std::string_view text,
                                 const ReadLimits& limits) {
  Result<std::vector<Value>> documents = read_yaml(name, text, limits);
  if (!documents) return std::move(documents).error();
  if (documents->empty()) {
    return Error(ErrorCode::invalid_input, "this text is empty").at(Place{name, 0, 0, 0});
  }
  if (documents->size() > 1) {
    return error_at((*documents)[1].mark(), "a second document starts here; only one is expected");
  }
  return std::move(documents->front());
}

} // namespace allod::document
