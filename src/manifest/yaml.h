// Reads YAML and JSON streams into a document's arena.
#pragma once

#include <vector>

#include "base/result.h"
#include "manifest/document.h"
#include "manifest/limits.h"

namespace allod::manifest {

/// What a plain scalar means.
enum class Schema {
  kubernetes, ///< as kubectl reads it: "yes" and "on" are true, 0600 is octal
  core,       ///< the core schema of YAML 1.2.2
};

/// Reads the text of `document` into its roots, and goes on at the next line with --- after a
/// broken document. Returns what was wrong, each with a place; of many faults the first ones.
std::vector<Error> read_yaml_documents(Document& document, const Limits& limits = {},
                                       Schema schema = Schema::kubernetes);

/// The same for a text that must be right as a whole. Errors: invalid_input, the first fault.
Status read_yaml(Document& document, const Limits& limits = {}, Schema schema = Schema::kubernetes);

/// One or more JSON texts, one after the other (JSON Lines among them). RFC 8259.
Status read_json(Document& document, const Limits& limits = {});

} // namespace allod::manifest
