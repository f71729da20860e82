// SPDX-License-Identifier: Apache-2.0
// [auth]: how clients sign in, and what is done about those who guess.
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {

using namespace std::chrono_literals;
using enum Apply;

const Section& auth_section() {
  const auto mechanism = [] {
    return word<AuthMechanism>({{"scram-sha-256", AuthMechanism::ScramSha256},
                                {"plain", AuthMechanism::Plain},
                                {"login", AuthMechanism::Login}});
  };
  static const Section section =
      SectionBuilder<Auth>("[auth]")
          .add("mechanisms", &Auth::mechanisms, list_of(mechanism(), "list of mechanisms", 3, Single::Accepted), Live,
               "What is offered, in this order: \"scram-sha-256\", \"plain\", \"login\".")
          .add("failures", &Auth::failures, number(1, 1'000), Live,
               "An address with so many failures within `window` is banned.")
          .add("window", &Auth::window, span(1min, 24h), Live, "Failures older than this are forgotten.")
          .add("ban", &Auth::ban, span(1s, 24h), Live, "How long a banned address cannot sign in.")
          .add("delay", &Auth::delay, span(0s, 1min), Live,
               "The answer to a failure waits this long; to each further one twice as long,")
          .add("delay_max", &Auth::delay_max, span(0s, 1min), Live, "up to this.")
          .build();
  return section;
}

}  // namespace penstock::config
