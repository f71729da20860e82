// SPDX-License-Identifier: Apache-2.0
// Shell completion, made from the table of commands so that it cannot fall behind.
#include <set>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"

namespace penstock::cli {
namespace {

std::string_view first_word(std::string_view name) {
  return name.substr(0, name.find(' '));
}

std::string_view second_word(std::string_view name) {
  const std::size_t space = name.find(' ');
  return space == std::string_view::npos ? std::string_view{} : name.substr(space + 1);
}

// The first words, in order, once each.
std::string first_words() {
  std::string words;
  std::set<std::string_view> seen;
  for (const CommandSpec& command : commands()) {
    const std::string_view word = first_word(command.name);
    if (seen.insert(word).second) words += (words.empty() ? "" : " ") + std::string(word);
  }
  return words;
}

std::string options_of(const CommandSpec& command) {
  std::string words;
  for (const OptionSpec& option : command.options) words += std::string(option.name) + " ";
  for (const OptionSpec& option : global_options()) words += std::string(option.name) + " ";
  return words + "--help";
}

// "    'queue list') words='--by --limit'; positional=''; value_words='…' ;;"
std::string bash_case(const CommandSpec& command) {
  std::string text = "    '" + std::string(command.name) + "')\n      case \"$previous\" in\n";
  for (const OptionSpec& option : command.options) {
    if (!option.choices.empty())
      text += "        " + std::string(option.name) + ") words='" + std::string(option.choices) + "' ;;\n";
    if (option.choices.empty() && !option.value.empty())
      text += "        " + std::string(option.name) + ") words='' ;;\n";
  }
  text += "        *) words='" + options_of(command) + " " + std::string(command.positional_choices) +
          "' ;;\n      esac ;;\n";
  return text;
}

std::string bash_groups() {
  std::string text;
  std::set<std::string_view> seen;
  for (const CommandSpec& command : commands()) {
    if (second_word(command.name).empty() || !seen.insert(first_word(command.name)).second) continue;
    std::string words;
    for (const CommandSpec& other : commands()) {
      if (first_word(other.name) == first_word(command.name)) words += std::string(second_word(other.name)) + " ";
    }
    text += "    '" + std::string(first_word(command.name)) + "') words='" + words + "--help' ;;\n";
  }
  return text;
}

// The command is made of the words typed that are no options and no values of options that stand before it.
constexpr std::string_view kBashHead = R"(# bash completion for penstock; made by `penstock completion bash`
_penstock() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" command='' words='' count=0 i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in
      --socket|--url|--token) ((i++)) ;;
      -*) ;;
      *) if [ $count -eq 0 ]; then command="${COMP_WORDS[i]}"; count=1
         elif [ $count -eq 1 ]; then
           case "$command" in
             @GROUPS@) command="$command ${COMP_WORDS[i]}" ;;
           esac
           count=2
         fi ;;
    esac
  done
  case "$previous" in
    --socket) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --url|--token) COMPREPLY=(); return ;;
  esac
  if [ "$command" = check-config ] && [[ "$current" != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current"); return
  fi
  case "$command" in
    '') words='@FIRST@ --socket --url --token --json --help --version' ;;
)";
constexpr std::string_view kBashTail = R"(  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _penstock penstock
)";

void replace_all(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

std::string bash_script() {
  std::string groups;
  std::set<std::string_view> seen;
  for (const CommandSpec& command : commands()) {
    if (!second_word(command.name).empty() && seen.insert(first_word(command.name)).second) {
      groups += (groups.empty() ? "" : "|") + std::string(first_word(command.name));
    }
  }
  std::string text(kBashHead);
  replace_all(text, "@GROUPS@", groups);
  replace_all(text, "@FIRST@", first_words());
  text += bash_groups();
  for (const CommandSpec& command : commands()) text += bash_case(command);
  return text + std::string(kBashTail);
}

// zsh runs completions of bash well (bashcompinit); one script to keep right instead of two.
std::string zsh_script() {
  return "#compdef penstock\n# zsh completion for penstock; made by `penstock completion zsh`\n"
         "autoload -U +X compinit bashcompinit\n(( $+functions[compdef] )) || compinit\nbashcompinit\n" +
         bash_script();
}

}  // namespace

Ended print_completion(Cli& cli) {
  const std::string script = cli.arguments.text("SHELL") == "zsh" ? zsh_script() : bash_script();
  if (cli.json()) {
    Cli::print_json({{"script", script}});
  } else {
    Cli::print(script);
  }
  return {};
}

}  // namespace penstock::cli
