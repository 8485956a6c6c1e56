// Configuration files from structured values: one entry point for all formats.
//
// clang-format off
// | format     | content                                | options                                |
// |------------|----------------------------------------|----------------------------------------|
// | json       | any value                              | layout: pretty (default) or compact    |
// | yaml       | any value                              |                                        |
// | toml       | a map (TOML 1.0)                       |                                        |
// | hcl        | a map (HCL 2; see below)               |                                        |
// | ini        | a map of settings and of sections      | separator, quoting, lists              |
// | properties | a map, nested keys joined by dots      | separator, lists                       |
// | keyvalue   | a map, nested keys joined by dots      | separator, quoting, lists              |
// | table      | a list of rows, each a list of words   | align: true (default) or false         |
// | lines      | a list of lines                        |                                        |
// | text       | a text, written as it is               |                                        |
// clang-format on
//
// separator: between key and value, " = " by default, "=" for properties and for quoting: shell.
//
// quoting, of texts (numbers and true/false stand as they are):
//   none      as it is; what a reader would take apart is refused
//   double    "…" with \\, \", \n, \r, \t
//   postgresql '…' with '' and \\, \n: postgresql.conf
//   shell     '…' with '\'': a file for sh and for env files; keys must be names of variables
//   backtick  `…`: the INI files of Go programs
//
// lists: refuse, repeat (one line for each element) or comma (elements must not hold commas);
// properties: comma by default, the others: refuse.
//
// Members that are null are left out in toml, ini, properties and keyvalue, so that an expression
// can decide that a setting is not there.
//
// hcl: a member that is a map is a block, a list of maps is a block for each; labels stand behind
// the name in the key, quoted or not: `listener "tcp": {address: …}` or `listener tcp`. A key that
// ends with
// "=" is an attribute whatever its value: `tags =: {a: 1}` gives `tags = {…}`. Texts are never
// templates:
// ${ and %{ are escaped.
//
// table: a word is quoted the way of pg_hba.conf when it holds blanks, commas, quotes or #; an
// element that is a list is one field of words with commas between them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/value.h"

namespace allod::document {

/// The text of a file. Errors: invalid_input for an unknown format or option (with the nearest
/// one), and for content that the format cannot carry, with its path in the message and its place.
Result<std::string> write_configuration(std::string_view format, const Value& content,
                                        const Value& options = {});

/// The formats, sorted.
[[nodiscard]] std::vector<std::string> configuration_formats();

} // namespace allod::document
