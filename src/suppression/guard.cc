// SPDX-License-Identifier: Apache-2.0
#include "suppression/guard.h"

#include <fmt/format.h>

namespace penstock::suppression {

Guard::Guard(Suppression& list, std::shared_ptr<const Policy> policy)
    : list_(list), soft_(list), policy_(std::move(policy)) {}

bool Guard::concerns(const Bounce& bounce) const {
  const auto policy = policy_.load();
  return policy->counts_as_soft(bounce) || policy->on_bounce(bounce, Time{}).has_value();
}

void Guard::learn(std::vector<Bounce> bounces, Suppression::AddDone done) {
  struct Lesson {
    std::vector<Bounce> bounces;
    std::vector<Entry> entries;
    std::vector<std::string> soft;
    std::vector<std::uint64_t> hashes;
    Added added;
  };
  auto lesson = std::make_shared<Lesson>();
  for (Bounce& bounce : bounces) {
    auto canonical = canonical_address(bounce.address, list_.rules());
    if (!canonical) continue;  // a receiver may take what is no address; it cannot be suppressed
    bounce.address = std::move(*canonical);
    lesson->bounces.push_back(std::move(bounce));
  }
  const auto policy = policy_.load();
  list_.services_.writer.submit(
      [this, lesson, policy](state::Database& db) -> Result<> {
        const Time wall = list_.services_.clock.wall();
        for (const Bounce& bounce : lesson->bounces) {
          auto entry = policy->on_bounce(bounce, wall);
          if (!entry && policy->counts_as_soft(bounce)) {
            const auto enough = soft_.note(db, bounce.address, wall, policy->soft());
            if (!enough) return fail(enough.error());
            if (*enough) entry = policy->on_soft_bounces(bounce, **enough, wall);
            lesson->soft.push_back(bounce.address);
          }
          if (entry) lesson->entries.push_back(std::move(*entry));
        }
        auto added = list_.insert(db, lesson->entries, Overwrite::Weaker);
        if (!added) return fail(added.error());
        lesson->added = *added;
        for (const Entry& entry : lesson->entries) lesson->hashes.push_back(hash_address(entry.address));
        return {};
      },
      [this, lesson, done = std::move(done)](const Result<>& committed) {
        if (!committed) {
          list_.failures_.add();
          return done(fail(committed.error()));
        }
        for (const std::string& address : lesson->soft) soft_.published(address);
        list_.publish(lesson->hashes, lesson->added);
        done(lesson->added);
      });
}

}  // namespace penstock::suppression
