// SPDX-License-Identifier: Apache-2.0
// penstock-spool: looks at a spool that no daemon uses, and mends what a start would mend.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "base/log.h"
#include "cmd/penstock-spool/tool.h"
#include "spool/errc.h"

namespace {

using penstock::Result;
using penstock::spool_tool::Options;
using Command = Result<int> (*)(penstock::spool::FileSystem&, const Options&, std::FILE*);

constexpr int kUnable = 2;

int run(Command command, const Options& options) {
  penstock::spool::PosixFileSystem files;
  const Result<int> done = command(files, options, stdout);
  std::fflush(stdout);
  if (done) return *done;
  fmt::print(stderr, "penstock-spool: {}\n", done.error().to_string());
  if (done.error() == make_error_code(penstock::spool::Errc::Locked)) {
    fmt::print(stderr, "  This program works on a spool only while no daemon has it open.\n");
  }
  return kUnable;
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("Looks at a Penstock spool that no daemon uses. Exit status: 0 sound, 1 damaged, 2 could not be done.");
  app.name("penstock-spool");
  app.set_version_flag("--version", "penstock-spool " PENSTOCK_VERSION);
  app.require_subcommand(1);
  Options options;
  std::string message;
  Command command = nullptr;
  const auto add = [&](const char* name, const char* what, Command does) {
    CLI::App* sub = app.add_subcommand(name, what);
    sub->add_option("DIR", options.dir, "The spool's folder: spool/ in the data_dir of the configuration")->required();
    sub->add_flag("--json", options.json, "Print JSON");
    sub->callback([&command, does] { command = does; });
    return sub;
  };
  add("check", "Read all of it and tell what is there; change nothing", penstock::spool_tool::check);
  CLI::App* dump = add("dump", "Print every record, oldest segment first", penstock::spool_tool::dump);
  CLI::Option* only = dump->add_option("--message", message, "Only the records of this message");
  dump->add_flag("--body", options.body, "Write that message itself, and nothing else")->needs(only);
  add("repair", "Cut torn tails, set damaged stretches aside, write the hints anew", penstock::spool_tool::repair);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kUnable;
  }
  if (!message.empty()) {
    options.message = penstock::model::parse_message_id(message);
    if (!options.message) {
      fmt::print(stderr, "penstock-spool: \"{}\" is not a message id, which has {}\n", message,
                 penstock::model::message_id_form());
      return kUnable;
    }
  }
  return run(command, options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "penstock-spool: {}\n", e.what());
    return kUnable;
  }
}
