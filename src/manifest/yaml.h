// Reads YAML and JSON streams into a document's arena.
#pragma once

#include "base/result.h"
#include "manifest/document.h"
#include "manifest/limits.h"

namespace allod::manifest {

/// What a plain scalar means.
enum class Schema {
  kubernetes, ///< as kubectl reads it: "yes" and "on" are true, 0600 is octal
  core,       ///< the core schema of YAML 1.2.2
};

/// Reads the text of `document` into its roots. Errors: invalid_input with a place.
Status read_yaml(Document& document, const Limits& limits = {}, Schema schema = Schema::kubernetes);

/// One or more JSON texts, one after the other (JSON Lines among them). RFC 8259.
Status read_json(Document& document, const Limits& limits = {});

} // namespace allod::manifest
