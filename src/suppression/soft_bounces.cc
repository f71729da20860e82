// SPDX-License-Identifier: Apache-2.0
#include "suppression/soft_bounces.h"

#include "base/log.h"
#include "suppression/reader_lease.h"
#include "suppression/table.h"

namespace penstock::suppression {
namespace {

constexpr std::uint64_t kFilterCapacity = 1ULL << 20;
constexpr std::int64_t kDay = 24 * 60 * 60;

struct Count {
  std::int64_t messages = 0, days = 0, first = 0, last = 0;
};

Result<Count> read_count(state::Database& db, std::string_view canonical) {
  auto find = db.prepare("SELECT messages, days, first, last FROM soft_bounce WHERE hash = ?1 AND address = ?2");
  if (!find) return fail(find.error());
  find->bind(1, static_cast<std::int64_t>(hash_address(canonical)));
  find->bind(2, canonical);
  const auto more = find->step();
  if (!more) return fail(more.error());
  if (!*more) return Count{};
  return Count{find->integer(0), find->integer(1), find->integer(2), find->integer(3)};
}

Result<> clear(state::Database& db, std::string_view canonical) {
  auto erase = db.prepare("DELETE FROM soft_bounce WHERE hash = ?1 AND address = ?2");
  if (!erase) return fail(erase.error());
  erase->bind(1, static_cast<std::int64_t>(hash_address(canonical)));
  erase->bind(2, canonical);
  return erase->run();
}

}  // namespace

SoftBounces::SoftBounces(Suppression& list) : list_(list), known_(std::make_unique<Filter>(kFilterCapacity)) {
  auto reader = list_.lease();
  const Result<> read =
      reader ? (*reader)->scan("SELECT hash FROM soft_bounce", [this](std::uint64_t hash) { known_->add(hash); })
             : fail(reader.error());
  if (!read) log::error("suppression", "soft bounces could not be read: {}", read.error().to_string());
}

Result<std::optional<std::uint64_t>> SoftBounces::note(state::Database& db, std::string_view canonical, Time wall,
                                                       const config::SoftBounces& limits) {
  auto count = read_count(db, canonical);
  if (!count) return fail(count.error());
  const std::int64_t now = to_seconds(wall);
  const auto seconds = [](Duration span) { return std::chrono::duration_cast<std::chrono::seconds>(span).count(); };
  if (count->messages == 0 || now - count->last > seconds(limits.forget)) *count = {0, 0, now, 0};
  if (count->messages == 0 || now / kDay != count->last / kDay) ++count->days;
  ++count->messages;
  count->last = now;
  if (count->days >= limits.days && count->messages >= limits.messages && now - count->first >= seconds(limits.span)) {
    if (auto done = clear(db, canonical); !done) return fail(done.error());
    return std::optional(static_cast<std::uint64_t>(count->messages));
  }
  auto put = db.prepare(
      "INSERT OR REPLACE INTO soft_bounce(hash, address, messages, days, first, last) VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  if (!put) return fail(put.error());
  put->bind(1, static_cast<std::int64_t>(hash_address(canonical)));
  put->bind(2, canonical);
  put->bind(3, count->messages);
  put->bind(4, count->days);
  put->bind(5, count->first);
  put->bind(6, count->last);
  if (auto done = put->run(); !done) return fail(done.error());
  auto old = db.prepare("DELETE FROM soft_bounce WHERE last < ?1");
  if (!old) return fail(old.error());
  old->bind(1, now - seconds(limits.forget));
  if (auto done = old->run(); !done) return fail(done.error());
  return std::optional<std::uint64_t>();
}

void SoftBounces::delivered(std::string_view address) {
  const LookupKeys keys(address, list_.rules());
  if (keys.size() == 0 || !known_->has(keys[0].hash)) return;
  list_.services_.writer.submit(
      [canonical = std::string(keys[0].address)](state::Database& db) { return clear(db, canonical); }, {});
}

}  // namespace penstock::suppression
