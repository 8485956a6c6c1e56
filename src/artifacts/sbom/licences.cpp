#include "artifacts/sbom/licences.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "base/text.h"

namespace allod::artifacts {
namespace {

struct Name {
  std::string_view written; ///< in lower case
  std::string_view id;
};

/// Short names of Debian's copyright files (copyright-format 1.0, section 7.1, and what is in use).
constexpr std::array kDebianNames = {
    Name{"apache-2.0", "Apache-2.0"},
    Name{"artistic", "Artistic-1.0-Perl"},
    Name{"artistic-1", "Artistic-1.0"},
    Name{"artistic-2.0", "Artistic-2.0"},
    Name{"bsd-2-clause", "BSD-2-Clause"},
    Name{"bsd-3-clause", "BSD-3-Clause"},
    Name{"bsd-4-clause", "BSD-4-Clause"},
    Name{"bsl-1.0", "BSL-1.0"},
    Name{"cc0", "CC0-1.0"},
    Name{"cc0-1.0", "CC0-1.0"},
    Name{"curl", "curl"},
    Name{"expat", "MIT"},
    Name{"gfdl-1.3+", "GFDL-1.3-or-later"},
    Name{"gpl-1+", "GPL-1.0-or-later"},
    Name{"gpl-2", "GPL-2.0-only"},
    Name{"gpl-2+", "GPL-2.0-or-later"},
    Name{"gpl-3", "GPL-3.0-only"},
    Name{"gpl-3+", "GPL-3.0-or-later"},
    Name{"icu", "ICU"},
    Name{"isc", "ISC"},
    Name{"lgpl-2", "LGPL-2.0-only"},
    Name{"lgpl-2+", "LGPL-2.0-or-later"},
    Name{"lgpl-2.1", "LGPL-2.1-only"},
    Name{"lgpl-2.1+", "LGPL-2.1-or-later"},
    Name{"lgpl-3", "LGPL-3.0-only"},
    Name{"lgpl-3+", "LGPL-3.0-or-later"},
    Name{"mit", "MIT"},
    Name{"mit-0", "MIT-0"},
    Name{"mpl-1.1", "MPL-1.1"},
    Name{"mpl-2.0", "MPL-2.0"},
    Name{"openldap-2.8", "OLDAP-2.8"},
    Name{"openssl", "OpenSSL"},
    Name{"postgresql", "PostgreSQL"},
    Name{"python-2.0", "Python-2.0"},
    Name{"tcl", "TCL"},
    Name{"x11", "X11"},
    Name{"zlib", "Zlib"},
};

/// What projects write into manifests and POMs, without "the", "license", "version" and
/// punctuation.
constexpr std::array kProjectNames = {
    Name{"0bsd", "0BSD"},
    Name{"apache 2", "Apache-2.0"},
    Name{"apache 2 0", "Apache-2.0"},
    Name{"apache software 2 0", "Apache-2.0"},
    Name{"apache software", "Apache-2.0"},
    Name{"asl 2 0", "Apache-2.0"},
    Name{"al2 0", "Apache-2.0"},
    Name{"www apache org s 2 0", "Apache-2.0"},
    Name{"www apache org s 2 0 txt", "Apache-2.0"},
    Name{"www apache org s 2 0 html", "Apache-2.0"},
    Name{"opensource org s apache 2 0", "Apache-2.0"},
    Name{"bsd 2 clause", "BSD-2-Clause"},
    Name{"bsd 3 clause", "BSD-3-Clause"},
    Name{"new bsd", "BSD-3-Clause"},
    Name{"revised bsd", "BSD-3-Clause"},
    Name{"opensource org s bsd 3 clause", "BSD-3-Clause"},
    Name{"cc0", "CC0-1.0"},
    Name{"cc0 1 0 universal", "CC0-1.0"},
    Name{"public domain per creative commons cc0", "CC0-1.0"},
    Name{"cddl 1 0", "CDDL-1.0"},
    Name{"cddl 1 1", "CDDL-1.1"},
    Name{"eclipse distribution v 1 0", "BSD-3-Clause"},
    Name{"edl 1 0", "BSD-3-Clause"},
    Name{"www eclipse org org documents edl v10 php", "BSD-3-Clause"},
    Name{"eclipse public 1 0", "EPL-1.0"},
    Name{"epl 1 0", "EPL-1.0"},
    Name{"eclipse public v 2 0", "EPL-2.0"},
    Name{"eclipse public 2 0", "EPL-2.0"},
    Name{"epl 2 0", "EPL-2.0"},
    Name{"www eclipse org legal epl 2 0", "EPL-2.0"},
    Name{"www eclipse org legal epl v20 html", "EPL-2.0"},
    Name{"gnu general public 2 0 with classpath exception",
         "GPL-2.0-only WITH Classpath-exception-2.0"},
    Name{"gpl2 w cpe", "GPL-2.0-only WITH Classpath-exception-2.0"},
    Name{"gnu general public v2 gplv2", "GPL-2.0-only"},
    Name{"gnu lesser general public 2 1", "LGPL-2.1-only"},
    Name{"gnu lesser general public 2 1 or later", "LGPL-2.1-or-later"},
    Name{"lgpl 2 1 or later", "LGPL-2.1-or-later"},
    Name{"isc", "ISC"},
    Name{"mit", "MIT"},
    Name{"mit 0", "MIT-0"},
    Name{"opensource org s mit", "MIT"},
    Name{"mozilla public 2 0", "MPL-2.0"},
    Name{"mpl 2 0", "MPL-2.0"},
    Name{"postgresql", "PostgreSQL"},
    Name{"unicode 3 0", "Unicode-3.0"},
};

/// Words of a licence that are in no other. All of `all` must be there, `none` must not.
struct Words {
  std::string_view id;
  std::array<std::string_view, 2> all;
  std::string_view none;
};
constexpr std::array kTexts = {
    Words{"0BSD",
          {"permission to use, copy, modify, and/or distribute this software for any purpose with "
           "or without fee is hereby granted. the software",
           ""},
          ""},
    Words{"Apache-2.0", {"apache license version 2.0, january 2004", ""}, ""},
    Words{"BSD-2-Clause",
          {"redistribution and use in source and binary forms",
           "redistributions in binary form must reproduce"},
          "neither the name"},
    Words{"BSD-3-Clause",
          {"redistribution and use in source and binary forms", "neither the name"},
          "all advertising materials"},
    Words{"CC0-1.0", {"cc0 1.0 universal", "statement of purpose"}, ""},
    Words{"EPL-2.0", {"eclipse public license - v 2.0", ""}, ""},
    Words{"GPL-2.0-only WITH Classpath-exception-2.0",
          {"gnu general public license version 2, june 1991", "\"classpath\" exception to the gpl"},
          ""},
    Words{"ISC",
          {"permission to use, copy, modify, and", "distribute this software for any purpose with "
                                                   "or without fee is hereby granted, provided"},
          ""},
    Words{"MIT",
          {"permission is hereby granted, free of charge, to any person obtaining a copy",
           "the above copyright notice and this permission notice shall be included"},
          ""},
    Words{"MPL-2.0", {"mozilla public license", "version 2.0"}, ""},
    Words{"Unlicense",
          {"this is free and unencumbered software released into the public domain", ""},
          ""},
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// In lower case, every run of white space one space.
std::string flat(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

template<class Names>
std::string look_up(const Names& names, std::string_view written) {
  for (const Name& name : names) {
    if (name.written == written) return std::string(name.id);
  }
  return {};
}

/// Letters, digits and dots of SPDX's idstring; the rest becomes "-".
std::string id_string(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
    out += plain ? c : '-';
  }
  return out;
}

/// A stanza of a deb822 file: names in lower case, continuation lines with their line breaks.
std::map<std::string, std::string> read_stanza(const std::vector<std::string>& lines) {
  std::map<std::string, std::string> fields;
  std::string current;
  for (const std::string& line : lines) {
    if (line.front() == ' ' || line.front() == '\t') {
      if (!current.empty()) fields[current] += "\n" + line.substr(1);
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    current = lower(line.substr(0, colon));
    fields[current] = std::string(trim(line.substr(colon + 1)));
  }
  return fields;
}

std::vector<std::map<std::string, std::string>> read_stanzas(std::string_view text) {
  std::vector<std::map<std::string, std::string>> stanzas;
  std::vector<std::string> lines;
  for (const std::string& line : split(text, '\n')) {
    if (!trim(line).empty()) {
      lines.push_back(line);
    } else if (!lines.empty()) {
      stanzas.push_back(read_stanza(lines));
      lines.clear();
    }
  }
  if (!lines.empty()) stanzas.push_back(read_stanza(lines));
  return stanzas;
}

std::vector<std::string> split_by_word(const std::string& text, const std::string& word) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, start)) {
    parts.push_back(text.substr(start, at - start));
    start = at + word.size();
  }
  parts.push_back(text.substr(start));
  return parts;
}

/// Turns a License field ("GPL-2+ or Artistic, and Expat") into an expression.
class DebianExpression {
 public:
  DebianExpression(std::string package, const std::map<std::string, std::string>& texts,
                   StatedLicence& licence)
      : package_(std::move(package)), texts_(texts), licence_(licence) {}

  std::string read(const std::string& field) {
    std::string line = field.substr(0, field.find('\n'));
    std::replace(line.begin(), line.end(), '|', ' ');
    // A comma binds more loosely than the words.
    return group(line, {", and ", ", or ", " or ", " and "}, 0);
  }

 private:
  std::string group(const std::string& text, const std::vector<std::string>& words,
                    std::size_t level) {
    if (level == words.size()) return single(std::string(trim(text)));
    std::vector<std::string> parts;
    for (const std::string& part : split_by_word(text, words[level])) {
      if (trim(part).empty()) continue;
      parts.push_back(group(part, words, level + 1));
    }
    const bool either = words[level].find("or") != std::string::npos;
    return join_licences(parts, either ? "OR" : "AND");
  }

  std::string single(const std::string& name) {
    if (std::string id = look_up(kDebianNames, lower(name)); !id.empty()) return id;
    const std::string reference = "LicenseRef-debian-" + id_string(package_ + "-" + name);
    const auto text = texts_.find(lower(name));
    licence_.texts[reference] = text != texts_.end() && !text->second.empty()
                                    ? text->second
                                    : "\"" + name + "\" in /usr/share/doc/" + package_ +
                                          "/copyright, which gives no text for it";
    return reference;
  }

  std::string package_;
  const std::map<std::string, std::string>& texts_;
  StatedLicence& licence_;
};

} // namespace

std::string join_licences(const std::vector<std::string>& expressions, std::string_view word) {
  std::vector<std::string> parts;
  for (const std::string& expression : expressions) {
    if (expression.empty()) return {};
    if (std::find(parts.begin(), parts.end(), expression) == parts.end())
      parts.push_back(expression);
  }
  if (parts.size() == 1) return parts.front();
  for (std::string& part : parts) {
    const bool compound =
        part.find(" AND ") != std::string::npos || part.find(" OR ") != std::string::npos;
    if (compound) part = "(" + part + ")";
  }
  return join(parts, " " + std::string(word) + " ");
}

StatedLicence debian_licence(const std::string& package, std::string_view copyright) {
  StatedLicence licence;
  licence.source = "/usr/share/doc/" + package + "/copyright";
  const std::string_view head = copyright.substr(0, copyright.find('\n'));
  const std::vector<std::map<std::string, std::string>> stanzas = read_stanzas(copyright);
  if (head.find("copyright-format/1.0") == std::string_view::npos || stanzas.empty()) {
    licence.source += " is not in the machine-readable form";
    return licence;
  }
  std::map<std::string, std::string> texts;
  for (const auto& stanza : stanzas) {
    const auto field = stanza.find("license");
    if (field == stanza.end()) continue;
    const std::size_t end = field->second.find('\n');
    if (end != std::string::npos)
      texts.emplace(lower(field->second.substr(0, end)), field->second.substr(end + 1));
  }
  std::set<std::string> expressions;
  for (const auto& stanza : stanzas) {
    const auto field = stanza.find("license");
    if (!stanza.contains("files") || field == stanza.end()) continue;
    DebianExpression expression(package, texts, licence);
    if (const std::string read = expression.read(field->second); !read.empty())
      expressions.insert(read);
  }
  licence.expression = join_licences({expressions.begin(), expressions.end()}, "AND");
  return licence;
}

std::string licence_by_name(std::string_view name) {
  const std::string_view written = trim(name);
  for (const Name& known : kDebianNames) {
    if (lower(known.id) == lower(written)) return std::string(known.id);
  }
  // Words alone: addresses and names in brackets, "The", "License", "Version" are written each way.
  std::string text = lower(written);
  for (const char* scheme : {"https://", "http://"}) {
    if (text.starts_with(scheme)) text = text.substr(std::string_view(scheme).size());
  }
  std::string word;
  std::vector<std::string> words;
  for (const char c : text + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
      continue;
    }
    for (const char* dropped : {"license", "licence", "licenses", "version", "the"}) {
      if (word == dropped) word = word == "licenses" ? "s" : "";
    }
    if (!word.empty()) words.push_back(word);
    word.clear();
  }
  return look_up(kProjectNames, join(words, " "));
}

std::vector<std::string> licences_in_text(std::string_view text) {
  const std::string words = flat(text);
  std::vector<std::string> found;
  for (const Words& licence : kTexts) {
    const bool all = words.find(licence.all[0]) != std::string::npos &&
                     words.find(licence.all[1]) != std::string::npos;
    const bool none = licence.none.empty() || words.find(licence.none) == std::string::npos;
    if (all && none) found.emplace_back(licence.id);
  }
  return found;
}

} // namespace allod::artifacts
