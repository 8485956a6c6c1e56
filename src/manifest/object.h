// One thing that is judged: a document of a stream, an item of a List, a resource of a plan.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cel/value.h"
#include "manifest/document.h"

namespace allod::manifest {

enum class Origin : std::uint8_t {
  kubernetes, ///< a Kubernetes object
  plan,       ///< a resource change of an OpenTofu or Terraform plan
  state,      ///< a resource of a state
  stack,      ///< an allod document: a stack or a compiled resource
};

struct Location {
  std::string file;
  Position position;
  bool operator==(const Location&) const = default;
};

struct Object {
  std::shared_ptr<const Document> document;
  const Node* node = nullptr;
  Origin origin = Origin::kubernetes;
  /// Which file it comes from: files count in the order of the inputs, folders sorted.
  std::uint32_t file = 0;
  /// Grows within the file from object to object; not without gaps.
  std::uint64_t index = 0;
  /// The template that it was rendered from, as a path, or the folder; empty when it was read.
  std::string_view rendered_from;

  [[nodiscard]] std::string_view api_version() const { return node->text_at("apiVersion"); }
  [[nodiscard]] std::string_view kind() const { return node->text_at("kind"); }
  /// metadata.name, or metadata.generateName when there is no name.
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] std::string_view namespace_() const;

  /// As CEL sees it: borrowed, valid while `document` lives.
  [[nodiscard]] cel::Value value() const { return node->value(); }

  /// The place of the value at `path`, or of its nearest ancestor that is there. For rendered
  /// objects the template, with a line only where its text tells which.
  [[nodiscard]] Location locate(std::span<const Step> path = {}) const;
  /// The line that a location of this object is on, for an excerpt; empty when there is none to
  /// show: of plans, states and Secrets (they may hold secrets anywhere), and of what was rendered.
  [[nodiscard]] std::string_view line_text(const Location& location) const;
};

} // namespace allod::manifest
