// Licences as parts state them, in the words of SPDX: identifiers of the SPDX licence list where a
// statement is one of them, references with the stated text where not, nothing where nothing is
// stated. Nobody's judgement is added.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace allod::artifacts {

/// A licence expression (SPDX 2.3, annex D).
struct StatedLicence {
  std::string expression;                   ///< empty: nothing that could be read
  std::string source;                       ///< where it is stated, for people
  std::map<std::string, std::string> texts; ///< of each LicenseRef- in the expression
};

/// Of a Debian copyright file. Only the machine-readable form (copyright-format 1.0) is read; of
/// others the expression stays empty. All licences of all files of the source package are joined by
/// AND, since which of them a binary package holds is not stated.
[[nodiscard]] StatedLicence debian_licence(const std::string& package, std::string_view copyright);

/// The identifier for a name or an address as projects write them ("Apache License, Version 2.0",
/// "http://www.eclipse.org/legal/epl-2.0"), or "".
[[nodiscard]] std::string licence_by_name(std::string_view name);

/// The identifiers of licences whose own words are in a text (a file LICENSE), sorted.
[[nodiscard]] std::vector<std::string> licences_in_text(std::string_view text);

/// Every name of a list that can be read, joined; empty when one cannot.
[[nodiscard]] std::string join_licences(const std::vector<std::string>& expressions,
                                        std::string_view word);

} // namespace allod::artifacts
