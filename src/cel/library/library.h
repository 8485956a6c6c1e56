// The functions that come with the language and its extensions, one table per library.
#pragma once

#include <span>
#include <string_view>

#include "cel/environment.h"

namespace allod::cel {

/// One line of a library: a signature and what it does.
struct LibraryEntry {
  std::string_view signature;
  Value (*implementation)(Arguments arguments, Meter& meter);
};

// The standard functions; add_operators is in environment.h.
void add_standard_functions(Environment& environment);
void add_conversions(Environment& environment);
void add_time_functions(Environment& environment);

// Extension libraries.
void add_optional_functions(Environment& environment);
void add_string_functions(Environment& environment);
void add_format_functions(Environment& environment);
void add_math_functions(Environment& environment);
void add_list_functions(Environment& environment);
void add_set_functions(Environment& environment);
void add_encoder_functions(Environment& environment);
void add_regex_functions(Environment& environment);

// The libraries of Kubernetes.
void add_quantity_functions(Environment& environment);
void add_url_functions(Environment& environment);
void add_network_functions(Environment& environment);
void add_semver_functions(Environment& environment);
void add_named_format_functions(Environment& environment);
void add_authorizer_functions(Environment& environment);
void add_mutation_functions(Environment& environment);

/// Adds a table. A line that does not fit is a mistake in this program, not of its user.
void add_entries(Environment& environment, std::span<const LibraryEntry> entries);

} // namespace allod::cel
