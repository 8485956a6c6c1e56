// libyaml's event stream with RAII handles and with its errors as Errors with places.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include <yaml.h>

#include "base/result.h"
#include "document/text_lines.h"
#include "document/value.h"

namespace allod::document {

/// One event, with whatever libyaml allocated for it.
class YamlEvent {
 public:
  YamlEvent() = default;
  ~YamlEvent() { yaml_event_delete(&event_); }
  YamlEvent(YamlEvent&& other) noexcept : event_(std::exchange(other.event_, yaml_event_t{})) {}
  YamlEvent& operator=(YamlEvent&& other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }
  YamlEvent(const YamlEvent&) = delete;
  YamlEvent& operator=(const YamlEvent&) = delete;

  [[nodiscard]] yaml_event_type_t type() const { return event_.type; }
  [[nodiscard]] yaml_event_t* get() { return &event_; }
  [[nodiscard]] const yaml_event_t& raw() const { return event_; }
  /// The anchor, or the name that an alias refers to; empty when there is none.
  [[nodiscard]] std::string_view anchor() const;
  /// The tag as libyaml resolved it ("tag:yaml.org,2002:str"); empty when there is none.
  [[nodiscard]] std::string_view tag() const;

 private:
  yaml_event_t event_{};
};

class YamlEvents {
 public:
  /// The source's text must be UTF-8 without a byte order mark.
  explicit YamlEvents(std::shared_ptr<const Source> source);
  ~YamlEvents();
  YamlEvents(const YamlEvents&) = delete;
  YamlEvents& operator=(const YamlEvents&) = delete;

  /// The next event. Errors: invalid_input, libyaml's complaint in words for people.
  Result<YamlEvent> next();
  /// The mark that an event covers, at most one line.
  [[nodiscard]] Mark mark_of(const YamlEvent& event) const;

 private:
  [[nodiscard]] Error translate() const;
  /// For hints: where the list or map starts that libyaml was in; empty when it was in neither.
  [[nodiscard]] std::string start_of_collection() const;

  std::shared_ptr<const Source> source_;
  TextLines lines_;
  yaml_parser_t parser_{};
};

} // namespace allod::document
