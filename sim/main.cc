// SPDX-License-Identifier: Apache-2.0
// penstock-sim: a simulated internet for tests, demos and rehearsals. docs/simulator.md describes it.
#include <array>
#include <utility>

#include "sim/commands.h"

int main(int argc, char** argv) {
  using namespace penstock::sim;
  CLI::App app("A simulated internet: authoritative DNS, receivers that behave as told, a load generator",
               "penstock-sim");
  app.set_version_flag("--version", "penstock-sim " PENSTOCK_VERSION);
  app.require_subcommand(1);
  const std::array<std::pair<const char*, CommandAction>, 8> commands{{{"serve", add_serve(app)},
                                                                       {"send", add_send(app)},
                                                                       {"compare", add_compare(app)},
                                                                       {"check", add_check(app)},
                                                                       {"report", add_report(app)},
                                                                       {"set", add_set(app)},
                                                                       {"wait", add_wait(app)},
                                                                       {"reset", add_reset(app)}}};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kTrouble;
  }
  for (const auto& [name, command] : commands) {
    if (app.got_subcommand(name)) return command();
  }
  return kTrouble;
}
