#include "cli/manual.h"

#include <sstream>

#include "cli/command_line.h"
#include "cli/terminal.h"

namespace allod::cli {
namespace {

std::string option_name(const CLI::Option& option) {
  std::string name;
  if (option.get_positional()) {
    name = option.get_name(true, false);
  } else {
    for (const std::string& part : option.get_snames())
      name += (name.empty() ? "-" : ", -") + part;
    for (const std::string& part : option.get_lnames())
      name += (name.empty() ? "--" : ", --") + part;
  }
  if (option.get_type_size() != 0 && !option.get_positional()) name += " " + option.get_type_name();
  return name;
}

std::vector<std::vector<std::string>> option_rows(const CLI::App& command) {
  std::vector<std::vector<std::string>> rows;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    std::string text = option->get_description();
    if (!option->get_default_str().empty()) text += " (default: " + option->get_default_str() + ")";
    rows.push_back({"  " + option_name(*option), text});
  }
  return rows;
}

std::string usage_of(const std::string& verb, const CLI::App& command) {
  std::string usage = "allod " + verb;
  if (!command.get_subcommands([](const CLI::App*) { return true; }).empty())
    usage += " SUBCOMMAND";
  bool options = false;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) {
      options = true;
      continue;
    }
    const std::string name = option->get_name(true, false);
    usage += option->get_required() ? " " + name : " [" + name + "]";
  }
  return usage + (options ? " [OPTIONS]" : "");
}

/// Markdown without its marks: headings in capitals, code blocks indented.
std::string plain_text(std::string_view markdown) {
  std::istringstream lines{std::string(markdown)};
  std::string text;
  bool code = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      code = !code;
      continue;
    }
    if (code) {
      text += "    " + line + "\n";
      continue;
    }
    if (line.starts_with("# ")) continue;
    if (line.starts_with("## ")) {
      text += line.substr(3) + "\n";
      continue;
    }
    for (const char c : line) {
      if (c != '`') text += c;
    }
    text += "\n";
  }
  while (text.size() > 1 && text.starts_with("\n"))
    text.erase(0, 1);
  return text;
}

std::string escape_roff(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  if (escaped.starts_with(".") || escaped.starts_with("'")) escaped.insert(0, "\\&");
  return escaped;
}

/// `code` becomes bold.
std::string inline_roff(const std::string& line) {
  std::string text;
  bool bold = false;
  for (const char c : escape_roff(line)) {
    if (c != '`') {
      text += c;
      continue;
    }
    text += bold ? "\\fR" : "\\fB";
    bold = !bold;
  }
  return text;
}

std::string roff_body(std::string_view markdown) {
  std::istringstream lines{std::string(markdown)};
  std::string text;
  bool code = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      code = !code;
      text += code ? ".PP\n.nf\n.RS 4\n" : ".RE\n.fi\n";
    } else if (code) {
      text += escape_roff(line) + "\n";
    } else if (line.starts_with("# ")) {
      continue;
    } else if (line.starts_with("## ")) {
      text += ".SH " + escape_roff(line.substr(3)) + "\n";
    } else if (line.empty()) {
      text += ".PP\n";
    } else if (line.starts_with("- ")) {
      text += ".IP \\(bu 2\n" + inline_roff(line.substr(2)) + "\n";
    } else {
      text += inline_roff(line) + "\n";
    }
  }
  return text;
}

std::string roff_options(const CLI::App& command) {
  std::string text;
  for (const auto& row : option_rows(command)) {
    text += ".TP\n\\fB" + escape_roff(row[0].substr(2)) + "\\fR\n" + escape_roff(row[1]) + "\n";
  }
  return text;
}

void append_subcommands(const CLI::App& command, std::vector<std::vector<std::string>>& rows) {
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) {
    std::string usage = "  " + child->get_name();
    for (const CLI::Option* option : child->get_options()) {
      if (option->get_positional()) usage += " " + option->get_name(true, false);
    }
    rows.push_back({usage, child->get_description()});
    for (auto& row : option_rows(*child)) {
      if (row[0].starts_with("  -h")) continue;
      if (row[0].starts_with("  -")) rows.push_back({"    " + row[0].substr(2), row[1]});
    }
  }
}

} // namespace

std::string render_help(const std::string& verb, const CLI::App& command) {
  std::string text = usage_of(verb, command) + "\n\n";
  const std::string manual = plain_text(manual_text(verb));
  text += manual.empty() ? command.get_description() + "\n" : manual;
  std::vector<std::vector<std::string>> rows;
  append_subcommands(command, rows);
  if (!rows.empty()) text += "\nSubcommands\n" + format_table(rows);
  text += "\nOptions\n" + format_table(option_rows(command));
  return text + "\nOptions of all verbs: allod --help. Exit codes: docs/exit-codes.md.\n";
}

std::string render_man_page(const std::string& verb, const CLI::App& command) {
  const std::string name = verb.empty() ? "allod" : "allod-" + verb;
  std::string upper = name;
  for (char& c : upper)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string text =
      ".TH " + upper + " 1 \"\" \"allod\" \"allod\"\n.SH NAME\n" + escape_roff(name) + " \\- " +
      escape_roff(command.get_description()) + "\n.SH SYNOPSIS\n\\fB" +
      escape_roff(verb.empty() ? "allod VERB [OPTIONS]" : usage_of(verb, command)) + "\\fR\n";
  if (verb.empty()) {
    text += ".SH VERBS\n";
    for (const Verb& entry : verbs()) {
      text += ".TP\n\\fB" + std::string(entry.name) + "\\fR\n" + escape_roff(entry.summary) + "\n";
    }
  } else {
    text += ".SH DESCRIPTION\n" + roff_body(manual_text(verb));
    std::vector<std::vector<std::string>> rows;
    append_subcommands(command, rows);
    if (!rows.empty()) text += ".SH SUBCOMMANDS\n";
    for (const auto& row : rows)
      text += ".TP\n\\fB" + escape_roff(row[0].substr(2)) + "\\fR\n" + escape_roff(row[1]) + "\n";
  }
  text += ".SH OPTIONS\n" + roff_options(command);
  text += ".SH EXIT STATUS\n0 done; 2 invalid input; 3 not found; 4 conflict; 5 unavailable; 6 "
          "permission; 7 integrity; "
          "8 timeout; 9 unsupported by this machine; 1 anything else.\n";
  return text;
}

} // namespace allod::cli
