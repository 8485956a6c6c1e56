#include "cli/completion.h"

#include <vector>

namespace allod::cli {
namespace {

std::vector<const CLI::App*> children_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      flags.push_back("--" + name);
    for (const std::string& name : option->get_snames())
      flags.push_back("-" + name);
  }
  return flags;
}

std::string words(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts)
    text += (text.empty() ? "" : " ") + part;
  return text;
}

std::string names(const std::vector<const CLI::App*>& apps) {
  std::vector<std::string> list;
  for (const CLI::App* app : apps)
    list.push_back(app->get_name());
  return words(list);
}

/// Single quotes are the only character that matters inside single quotes.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text)
    result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string zsh_description(std::string text) {
  std::string clean;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\'') continue;
    clean += c;
  }
  return clean;
}

std::string fish_options(const CLI::App& app, const std::string& condition) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty()) continue;
    text += "complete -c allod" + condition + " -l " + option->get_lnames().front();
    if (!option->get_snames().empty()) text += " -s " + option->get_snames().front();
    if (option->get_type_size() != 0) text += " -r";
    text += " -d " + quoted(option->get_description()) + "\n";
  }
  return text;
}

} // namespace

std::string bash_completion(const CLI::App& app) {
  std::string cases;
  for (const CLI::App* verb : children_of(app)) {
    cases += "    " + verb->get_name() + ") words=\"" + names(children_of(*verb)) + " " +
             words(flags_of(*verb)) + "\" ;;\n";
  }
  return "# bash completion for allod; made by: allod completion bash\n"
         "_allod() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb= "
         "word words\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in -*) ;; *) verb=$word; break ;; esac\n"
         "  done\n"
         "  case $previous in\n"
         "    -o|--output) COMPREPLY=($(compgen -W 'text json' -- \"$current\")); return ;;\n"
         "    --colour|--color) COMPREPLY=($(compgen -W 'auto always never' -- \"$current\")); "
         "return ;;\n"
         "    -f|--file|--catalogue) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
         "  esac\n"
         "  case $verb in\n" +
         cases + "    *) words=\"" + names(children_of(app)) + " " + words(flags_of(app)) +
         "\" ;;\n"
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -F _allod allod\n";
}

std::string zsh_completion(const CLI::App& app) {
  std::string verbs;
  std::string cases;
  for (const CLI::App* verb : children_of(app)) {
    verbs += "    '" + verb->get_name() + ":" + zsh_description(verb->get_description()) + "'\n";
    std::string arguments;
    for (const CLI::Option* option : verb->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        arguments += " '--" + name + "[" + zsh_description(option->get_description()) + "]" +
                     (option->get_type_size() != 0 ? ": :_files" : "") + "'";
      }
    }
    const std::string children = names(children_of(*verb));
    if (!children.empty()) arguments += " '1: :(" + children + ")'";
    cases += "    " + verb->get_name() + ") _arguments" + arguments + " ;;\n";
  }
  return "#compdef allod\n# made by: allod completion zsh\n"
         "_allod() {\n"
         "  local -a verbs=(\n" +
         verbs +
         "  )\n"
         "  if (( CURRENT == 2 )); then _describe verb verbs; return; fi\n"
         "  local verb=$words[2]\n"
         "  shift words; (( CURRENT-- ))\n"
         "  case $verb in\n" +
         cases +
         "  esac\n"
         "}\n"
         "_allod \"$@\"\n";
}

std::string fish_completion(const CLI::App& app) {
  std::string text = "# fish completion for allod; made by: allod completion fish\n"
                     "complete -c allod -f\n" +
                     fish_options(app, "");
  for (const CLI::App* verb : children_of(app)) {
    text += "complete -c allod -n __fish_use_subcommand -a " + verb->get_name() + " -d " +
            quoted(verb->get_description()) + "\n";
    const std::string condition = " -n '__fish_seen_subcommand_from " + verb->get_name() + "'";
    for (const CLI::App* child : children_of(*verb)) {
      text += "complete -c allod" + condition + " -a " + child->get_name() + " -d " +
              quoted(child->get_description()) + "\n";
    }
    text += fish_options(*verb, condition);
  }
  return text;
}

} // namespace allod::cli
