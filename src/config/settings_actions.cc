// SPDX-License-Identifier: Apache-2.0
// [[action]]: rules that act on whom receivers' replies are about.
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using enum Apply;

Kind<std::string> one_of(std::initializer_list<const char*> names) {
  std::vector<std::pair<std::string, std::string>> words;
  for (const char* name : names) words.emplace_back(name, name);
  return word<std::string>(std::move(words));
}

// The names of model/scope.h.
Kind<std::string> reply_scope() {
  return one_of({"recipient", "message", "receiving-host", "source-ip", "ip-range", "sender-domain", "dkim-domain",
                 "url-domain", "campaign"});
}

// The names of model/outcome.h, as far as a receiver's reply can have them.
Kind<std::string> reply_class() {
  return one_of({"invalid-mailbox",  "invalid-domain", "inactive-mailbox",
                 "mailbox-full",     "policy",         "authentication",
                 "spam-content",     "reputation",     "blocklist",
                 "rate-limit",       "greylisting",    "message-too-large",
                 "content-rejected", "virus",          "protocol",
                 "relay-denied",     "routing",        "too-many-connections",
                 "network",          "timeout",        "tls",
                 "server-trouble",   "other"});
}

// Those of shaping::Dimension that are known of every attempt.
Kind<std::string> tuple_place() {
  return one_of({"vmta", "provider", "sender_domain", "dkim_domain", "tenant", "campaign", "stream"});
}

}  // namespace

const Section& action_section() {
  static const Section section =
      SectionBuilder<ActionRule>("[[action]]")
          .required("name", &ActionRule::name, name(), Live,
                    "What explanations and events call it; that of a shipped rule replaces it.")
          .required("what", &ActionRule::what,
                    word<ActionWhat>({{"off", ActionWhat::Off},
                                      {"slow", ActionWhat::Slow},
                                      {"backoff", ActionWhat::Backoff},
                                      {"suspend", ActionWhat::Suspend},
                                      {"stop", ActionWhat::Stop}}),
                    Live, "What follows; \"off\": nothing, the shipped rule of that name is not asked.")
          .add("per", &ActionRule::per, list_of(tuple_place(), "list of words", 7, Single::Accepted), Live,
               "Whom it counts and acts on, at each provider by itself.", "the provider")
          .add("scope", &ActionRule::scope, reply_scope(), Live, "What the reply must be about.", "anything")
          .add("classes", &ActionRule::classes, list_of(reply_class(), "list of words", 30, Single::Accepted), Live,
               "Classes of replies that count.", "all")
          .add("alarms_only", &ActionRule::alarms_only, flag(), Live,
               "Only replies that say our configuration is wrong.")
          .add("replies", &ActionRule::replies, number(1, 1'000'000), Live, "So many such replies,")
          .add("share", &ActionRule::share, decimal(0, 1), Live, "and this share of all answers about the same,")
          .add("volume", &ActionRule::volume, number(1, 1'000'000), Live, "once there are so many answers,")
          .add("span", &ActionRule::span, span(12s, 24h), Live, "within this time.")
          .add("factor", &ActionRule::factor, decimal(0.001, 1), Live,
               "With \"slow\" and \"backoff\": what is left of the rate,")
          .add("rate", &ActionRule::rate, rate(), Live, "or this many recipients in a span of time.", "the factor")
          .add("length", &ActionRule::length, span_or_off(1s, 30 * 24h), Live,
               "How long it lasts; \"off\": until a person ends it. Each repetition is twice as long,")
          .add("longest", &ActionRule::longest, span(1s, 90 * 24h), Live, "up to this.")
          .add("alarm", &ActionRule::alarm, flag(), Live, "Whether a person is told.")
          .build();
  return section;
}

}  // namespace penstock::config
