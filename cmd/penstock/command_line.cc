// SPDX-License-Identifier: Apache-2.0
// Makes a CLI11 parser from the table of commands. The only file that includes CLI11, which is slow to compile.
#include <CLI/CLI.hpp>
#include <deque>
#include <iostream>
#include <sstream>

#include "api/words.h"
#include "cmd/penstock/arguments.h"
#include "cmd/penstock/human.h"

namespace penstock::cli {
namespace {

// Where CLI11 puts a value until it is known which command was meant.
struct Slot {
  std::string name;
  std::string value;
  std::vector<std::string> values;  // of a positional that may be repeated
  CLI::Option* option = nullptr;
};

std::vector<std::string> split_words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// CLI11 only says that a command is missing; people want to know what was wrong with the one they typed. Returns it,
// or "" when it is known or there is none.
std::string unknown_command(int argc, char** argv) {
  std::vector<std::string_view> firsts;
  std::vector<std::string_view> seconds;
  std::string first;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--socket" || word == "--url" || word == "--token") ++i;
    if (word.starts_with('-')) continue;
    if (!first.empty()) {
      const std::string_view nearest = api::nearest_word(word, seconds);
      if (seconds.empty() || std::find(seconds.begin(), seconds.end(), word) != seconds.end()) return {};
      return "unknown command \"" + first + " " + std::string(word) + "\"" +
             (nearest.empty() ? "" : "; did you mean \"" + first + " " + std::string(nearest) + "\"?");
    }
    first = word;
    for (const CommandSpec& command : commands()) {
      const std::size_t space = command.name.find(' ');
      firsts.push_back(command.name.substr(0, space));
      if (firsts.back() == first && space != std::string_view::npos) seconds.push_back(command.name.substr(space + 1));
    }
    if (std::find(firsts.begin(), firsts.end(), word) == firsts.end()) {
      const std::string_view nearest = api::nearest_word(word, firsts);
      return "unknown command \"" + first + "\"" +
             (nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?");
    }
  }
  return {};
}

// The same for an option: `word` is one that neither `command` nor every command takes.
std::string unknown_option(std::string_view word, const CommandSpec* command) {
  const std::string_view name = word.substr(0, word.find('='));
  std::vector<std::string_view> known;
  for (const OptionSpec& option : global_options()) known.push_back(option.name);
  if (command != nullptr) {
    for (const OptionSpec& option : command->options) known.push_back(option.name);
  }
  const std::string_view nearest = api::nearest_word(name, known);
  const std::string of = command == nullptr ? "" : " of \"" + std::string(command->name) + "\"";
  return "unknown option " + std::string(name) + of +
         (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?");
}

class Parser {
 public:
  Parser() : app_("Looks at and steers a running penstockd.", "penstock") {
    app_.set_version_flag("--version", std::string("penstock ") + PENSTOCK_VERSION);
    app_.require_subcommand(1);
    app_.footer(
        "Exit status: 0 done, 1 refused or not found, 2 wrong usage, 3 no daemon answers.\n"
        "penstock COMMAND --help tells more about a command; penstock(1) about all.");
    for (const OptionSpec& option : global_options()) add_option(app_, option, global_slots_);
    for (const CommandSpec& command : commands()) add_command(command);
  }

  Parsed parse(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ExtrasError& error) {
      return extras(error);
    } catch (const CLI::ParseError& error) {
      Parsed ended;
      std::ostringstream out;
      std::ostringstream err;
      const int code = app_.exit(error, out, err);
      std::cout << out.str() << std::flush;
      if (!err.str().empty()) std::cerr << "penstock: " << printable_lines(err.str());
      ended.exit = code == 0 ? 0 : kExitUsage;
      return ended;
    }
    Parsed parsed;
    collect(global_slots_, parsed.arguments);
    for (auto& [command, entry] : entries_) {
      if (!entry.app->parsed()) continue;
      parsed.command = command;
      collect(entry.slots, parsed.arguments);
    }
    return parsed;
  }

 private:
  // Words were left over.
  Parsed extras(const CLI::ExtrasError& error) const {
    const CommandSpec* command = nullptr;
    for (const auto& [spec, entry] : entries_) {
      if (entry.app->parsed()) command = spec;
    }
    const std::vector<std::string> left = app_.remaining(true);
    const auto option =
        std::find_if(left.begin(), left.end(), [](const std::string& word) { return word.starts_with("--"); });
    std::cerr << "penstock: "
              << printable_lines(option == left.end() ? std::string(error.what()) : unknown_option(*option, command))
              << "\n  penstock " << (command == nullptr ? "" : std::string(command->name) + " ")
              << "--help tells more\n";
    return Parsed{nullptr, {}, kExitUsage};
  }

  struct Entry {
    CLI::App* app = nullptr;
    std::deque<Slot> slots;
  };

  static void add_option(CLI::App& app, const OptionSpec& spec, std::deque<Slot>& slots) {
    Slot& slot = slots.emplace_back();
    slot.name = spec.name;
    const std::string help(spec.help);
    if (spec.value.empty()) {
      slot.option = app.add_flag(slot.name, help);
      return;
    }
    slot.option = app.add_option(slot.name, slot.value, help);
    slot.option->type_name(std::string(spec.value));
    // Types come as a list, which the daemon checks; a single word is checked here.
    if (!spec.choices.empty() && slot.name != "--type") slot.option->check(one_of(spec.choices));
  }

  static CLI::Validator one_of(std::string_view choices) {
    return {[words = split_words(choices)](const std::string& given) {
              if (std::find(words.begin(), words.end(), given) != words.end()) return std::string();
              std::string known;
              for (const std::string& word : words) known += (known.empty() ? "" : ", ") + word;
              return given + " is none of " + known;
            },
            ""};
  }

  void add_command(const CommandSpec& command) {
    const std::vector<std::string> words = split_words(command.name);
    CLI::App* parent = &app_;
    if (words.size() == 2) {
      CLI::App*& group = groups_[words[0]];
      if (group == nullptr) {
        group = app_.add_subcommand(words[0]);
        group->require_subcommand(1)->fallthrough();
      }
      group->description(group->get_description() + (group->get_description().empty() ? "" : ", ") + words[1]);
      parent = group;
    }
    Entry& entry = entries_[&command];
    entry.app = parent->add_subcommand(words.back(), std::string(command.help));
    entry.app->fallthrough();
    for (const OptionSpec& option : command.options) add_option(*entry.app, option, entry.slots);
    if (command.positional_need == Need::None) return;
    Slot& slot = entry.slots.emplace_back();
    slot.name = command.positional;
    slot.option = command.positional_many ? entry.app->add_option(slot.name, slot.values)
                                          : entry.app->add_option(slot.name, slot.value);
    slot.option->type_name("")->required(command.positional_need == Need::Required);
    if (!command.positional_choices.empty()) slot.option->check(one_of(command.positional_choices));
  }

  static void collect(const std::deque<Slot>& slots, Arguments& arguments) {
    for (const Slot& slot : slots) {
      if (slot.option->count() == 0) continue;
      if (slot.values.empty()) {
        arguments.set(slot.name, slot.value);
      } else {
        arguments.set(slot.name, slot.values);
      }
    }
  }

  CLI::App app_;
  std::deque<Slot> global_slots_;
  std::map<const CommandSpec*, Entry> entries_;
  std::map<std::string, CLI::App*> groups_;  // "queue", the first of two words
};

}  // namespace

Parsed parse_command_line(int argc, char** argv) {
  if (const std::string unknown = unknown_command(argc, argv); !unknown.empty()) {
    std::cerr << "penstock: " << printable_lines(unknown) << "\n  penstock --help lists the commands\n";
    return Parsed{nullptr, {}, kExitUsage};
  }
  return Parser().parse(argc, argv);
}

}  // namespace penstock::cli
