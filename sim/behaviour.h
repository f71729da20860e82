// SPDX-License-Identifier: Apache-2.0
// Behaviour: how a receiver treats its clients, and the decision it takes at each step of a conversation.
//
// Use:  const Decision d = decide(behaviour, occasion, rng, memory);   then do d.action after d.delay
//
// Pure but for AttemptMemory: the same behaviour, occasion and random numbers give the same decision. docs/simulator.md
// describes each key; the defaults below are those of a receiver that takes everything.
// Threads: a Behaviour is immutable once in use and may be read by any. AttemptMemory: any thread.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "base/units.h"
#include "model/reply.h"

namespace penstock::sim {

using model::Step;

// The steps a scenario can name, in their order: connect, banner, ehlo, mail, rcpt, data, end-of-data.
inline constexpr std::array<Step, 7> kSteps{Step::Connect, Step::Banner, Step::Ehlo,     Step::Mail,
                                            Step::Rcpt,    Step::Data,   Step::EndOfData};
// The place of a step in kSteps; absent for the others.
[[nodiscard]] std::optional<std::size_t> step_index(Step step);
// "end-of-data", and "end_of_data" as people also write it.
[[nodiscard]] std::optional<Step> parse_step(std::string_view name);

enum class Extension : std::uint8_t { Pipelining, EightBitMime, Size, SmtpUtf8, Dsn, Chunking, EnhancedStatusCodes };
inline constexpr std::array<std::string_view, 7> kExtensionNames{
    "PIPELINING", "8BITMIME", "SIZE", "SMTPUTF8", "DSN", "CHUNKING", "ENHANCEDSTATUSCODES"};

enum class Action : std::uint8_t {
  Accept,      // go on as if no reaction were there
  Reply,       // say `reply`; a 421 also closes
  Delay,       // wait `delay`, then look for further reactions
  Drop,        // close in order, say nothing
  Reset,       // close with a TCP reset
  Hang,        // say nothing and keep the link up until the client leaves
  HalfReply,   // say the first half of what would be said, no line end, then as Hang
  AcceptDrop,  // at end-of-data: take the message, then close without the answer
  Drip         // say lines of a reply that never ends, one byte after another, until the client leaves
};
[[nodiscard]] std::optional<Action> parse_action(std::string_view name);
[[nodiscard]] std::string_view to_string(Action action);

// Checks a reply as people write it, "451 4.3.0 try later" or several lines separated by '\n', and gives each line its
// code. Absent if there is no code of three digits followed by a space, or codes differ.
[[nodiscard]] std::optional<std::string> parse_reply(std::string_view text);

// One entry of `on`: where it applies, how often, and what it does. Empty patterns match everything.
struct Reaction {
  Step step = Step::Rcpt;
  double share = 1.0;  // 0 to 1
  std::string recipient;
  std::string sender;
  std::string source;
  std::uint32_t first = 0;  // only the first N times for one (source's /24, sender, recipient); 0: always
  Action action = Action::Reply;
  std::string reply;  // as parse_reply gives it
  Duration delay{0};
};

struct Behaviour {
  std::uint32_t extensions = (1U << kExtensionNames.size()) - 1;  // bit set of Extension
  std::uint64_t size_limit = 50ULL << 20;                         // bytes of one message; 552 above
  std::string banner;                                             // after "220 "; empty: made from the host name
  Duration banner_delay{0};
  std::array<Duration, kSteps.size()> latency{};  // before the reply of each step
  bool lmtp = false;
  std::uint32_t max_connections_per_source = 0;   // 0: no limit
  std::uint32_t max_messages_per_connection = 0;  // 0: no limit
  Rate message_rate_per_source;                   // count 0: no limit
  std::string connections_reply = "421 4.7.0 too many connections from your address";
  std::string messages_reply = "421 4.7.0 too many messages on this connection";
  std::string rate_reply = "451 4.7.1 too many messages from your address, slow down";
  std::string accept_reply;  // empty: "250 2.0.0 accepted", or without the enhanced code
  Duration idle_timeout{std::chrono::seconds{300}};
  std::vector<Reaction> reactions;  // the first that applies decides

  [[nodiscard]] bool offers(Extension extension) const {
    return (extensions >> static_cast<unsigned>(extension) & 1U) != 0;
  }
};

// Counts how often the same (reaction, client network, sender, recipient) was seen. 24 bytes or so for each.
class AttemptMemory {
 public:
  // The number of earlier sightings.
  std::uint32_t count(std::uint64_t key);
  void clear();

 private:
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::uint32_t> seen_;  // guarded by mutex_
};

// What happens just now. Views need to live only as long as the call.
struct Occasion {
  Step step = Step::Connect;
  std::string_view source;                  // the client's address
  std::string_view sender;                  // from the mail step on
  std::span<const std::string> recipients;  // rcpt: the one named; later: all that were taken
};

struct Decision {
  Action action = Action::Accept;
  std::string_view reply;  // belongs to the behaviour
  Duration delay{0};       // reactions' delays and the step's latency together
};

[[nodiscard]] Decision decide(const Behaviour& behaviour, const Occasion& occasion, Rng& rng, AttemptMemory& memory);

}  // namespace penstock::sim
