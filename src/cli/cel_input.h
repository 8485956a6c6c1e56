// What `allod cel` gives an expression to see: an input, variables, names that are not known.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cel/cel.h"
#include "document/value.h"

namespace allod::cli {

/// An environment with values. `object` and `self` are the input; `authorizer` is known by its
/// questions only; the types Object and JSONPatch of mutations are there.
class CelInput {
 public:
  CelInput();

  void set_input(const document::Value& value);
  void set(const std::string& name, const document::Value& value);
  /// An unknown of that name.
  void set_unknown(const std::string& name);
  /// "name=VALUE" with VALUE in YAML, "name=@FILE", or "name=?" for an unknown. Errors:
  /// invalid_input, and those of reading a file.
  Status set_from_text(const std::string& text);

  [[nodiscard]] const cel::Environment& environment() const { return environment_; }
  [[nodiscard]] const cel::Activation& activation() const { return activation_; }

 private:
  void bind(const std::string& name, cel::Value value);

  cel::Environment environment_;
  cel::Activation activation_;
};

/// The one document of a file, or of standard input for "-". JSON is YAML. Errors: as read_yaml,
/// and those of reading a file.
Result<document::Value> read_cel_input(const std::string& path);

/// A result as a document; what a document cannot hold is its CEL literal.
[[nodiscard]] document::Value show_cel(const cel::Value& value);

} // namespace allod::cli
