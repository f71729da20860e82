// SPDX-License-Identifier: Apache-2.0
// The commands as data: one table from which the parser, --help, the shell completion and the documentation check are
// made, and the arguments a command was given.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/penstock/failure.h"

namespace penstock::cli {

// An option of a command. `value` names what it takes ("NAME"); empty: it is a flag.
struct OptionSpec {
  std::string_view name;  // "--stream"
  std::string_view value;
  std::string_view help;
  std::string_view choices = {};  // "domain stream tenant", for checking and completion
};

// What the command line said.
class Arguments {
 public:
  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  // "" when absent. Names as in the table: "--stream", or a positional's "ADDRESS".
  [[nodiscard]] std::string text(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::string() : found->second;
  }
  // A positional that may be given more than once.
  void set(std::string name, std::vector<std::string> values) { lists_[std::move(name)] = std::move(values); }
  [[nodiscard]] std::vector<std::string> texts(const std::string& name) const {
    const auto found = lists_.find(name);
    return found == lists_.end() ? std::vector<std::string>() : found->second;
  }
  [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }

 private:
  std::map<std::string, std::string> values_;
  std::map<std::string, std::vector<std::string>> lists_;
};

class Cli;
using Run = Ended (*)(Cli& cli);

enum class Need : std::uint8_t { None, Optional, Required };

struct CommandSpec {
  std::string_view name;             // "queue list": at most two words
  std::string_view help;             // one line
  std::string_view positional = {};  // "ADDRESS"
  Need positional_need = Need::None;
  std::string_view positional_choices = {};  // as OptionSpec::choices
  bool positional_many = false;              // one or more of them: Arguments::texts
  std::vector<OptionSpec> options;
  Run run = nullptr;
};

// Sorted as people read them: looking first, then changing.
[[nodiscard]] std::span<const CommandSpec> commands();
// Options before or after any command.
[[nodiscard]] std::span<const OptionSpec> global_options();

struct Parsed {
  const CommandSpec* command = nullptr;  // none: there is nothing to run, `exit` says how it ended
  Arguments arguments;
  int exit = 0;
};
// Prints help, the version or what is wrong by itself.
[[nodiscard]] Parsed parse_command_line(int argc, char** argv);

}  // namespace penstock::cli
