// SPDX-License-Identifier: Apache-2.0
// Provider: one simulated mailbox provider, which may stand behind several receivers: its personality, its hidden
// limits, what it knows of each source address, and the account of how each source behaved.
//
// Use:  provider.begin(now);   bool room = provider.enter(source, now);   provider.judge(occasion, messages, crowded,
// now);
// Threads: any; one lock.   Time: any steady clock, handed in.
// Limits: the account by seconds covers kSecondsMax, the last holds all that comes later; recipients tied to a source
// are remembered until they are taken, some 40 bytes each.
#pragma once

#include <boost/json/object.hpp>
#include <mutex>
#include <unordered_map>

#include "sim/personality.h"

namespace penstock::sim {

class Provider {
 public:
  static constexpr std::size_t kSecondsMax = 3600;
  explicit Provider(PersonalitySpec spec) : spec_(std::move(spec)), limits_(spec_.limits) {}

  [[nodiscard]] const std::string& name() const { return spec_.name; }
  // The scenario's time begins (again): the account is empty, the sources are strangers, changes made by hand are gone.
  void begin(Duration now);
  // A change from now on; its `at` counts from now.
  void change(Change change, Duration now);

  // A connection. False: it is one too many and does not count; then leave() must not be called.
  bool enter(const std::string& source, Duration now);
  void leave(const std::string& source);
  // `occasion.recipients` are those known by now; a refusal for rate or reputation ties them to the source.
  Verdict judge(const Occasion& occasion, std::uint64_t messages, bool crowded, Duration now);
  // A recipient is named in a transaction: is it one that should have waited for another source?
  void named(std::string_view source, std::string_view sender, std::string_view recipient);
  void taken(const std::string& source, std::string_view sender, std::span<const std::string> recipients, Duration now);

  // docs/simulator.md describes it.
  [[nodiscard]] boost::json::object report(Duration now) const;

 private:
  struct Second {
    std::uint32_t offered = 0;
    std::uint32_t taken = 0;
    std::uint32_t refused = 0;
  };
  struct Source {
    SourceState state;
    std::uint64_t offered = 0;  // messages, as is all but the next
    std::uint64_t taken = 0;
    std::uint64_t recipients_taken = 0;
    std::uint64_t snowshoe = 0;
    std::array<std::uint64_t, kReasonNames.size()> refused{};
    Duration first{-1};  // below 0: it has offered nothing yet
    Duration last{0};
  };
  void note_move(std::string_view source, std::string_view sender, std::string_view recipient);
  Second& second_of(Duration elapsed);
  [[nodiscard]] boost::json::object report_source(const std::string& address, const Source& source) const;
  [[nodiscard]] boost::json::array report_seconds() const;
  [[nodiscard]] double allowed_between(const std::string& address, Duration from, Duration to) const;

  const PersonalitySpec spec_;
  mutable std::mutex mutex_;
  HiddenLimits limits_;  // guarded by mutex_, as is all below
  Duration begun_{0};
  std::unordered_map<std::string, Source> sources_;
  std::unordered_map<std::uint64_t, std::string> tied_;  // (sender, recipient) → the source it waits for
  std::vector<Second> seconds_;
};

}  // namespace penstock::sim
