// SPDX-License-Identifier: Apache-2.0
#include "spool/spool.h"

#include <algorithm>
#include <random>

#include "base/check.h"
#include "base/crc32c.h"
#include "spool/catalog.h"
#include "spool/counters.h"
#include "spool/final_notes.h"
#include "spool/live_contents.h"
#include "spool/maintenance.h"
#include "spool/message_cache.h"
#include "spool/recovery.h"
#include "spool/segment_store.h"
#include "spool/submissions.h"
#include "spool/writer.h"

namespace penstock::spool {
namespace {

constexpr std::uint64_t kSegmentBytesMin = 64U << 10;
constexpr std::uint64_t kSegmentBytesMax = 4ULL << 30;
constexpr std::uint32_t kSparesKeptMin = 8;
constexpr std::size_t kNameBytesMax = 1024;
// A message may move once while it is being read; twice would need a full compaction in between.
constexpr int kReadTries = 3;

std::uint64_t seed_of(const SpoolOptions& options) {
  if (options.salt_seed != 0) return options.salt_seed;
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

SegmentStore::Settings settings_of(const SpoolOptions& options) {
  return {.dir = options.dir,
          .segment_bytes = options.segment_bytes,
          .free_floor_bytes = options.free_floor_bytes,
          .spares_kept = std::max(kSparesKeptMin, 4 * options.spare_segments)};
}

// A kill of the daemon while so many Finals wait loses none: sixteen thousand, with segments of the usual size.
std::uint64_t notes_bytes(const SpoolOptions& options) {
  constexpr std::uint64_t kBytesMin = 4096;
  return std::clamp(options.segment_bytes / 256 / kBytesMin * kBytesMin, kBytesMin, FinalNotes::kBytesMax);
}

void check(const AttemptRecord& record) {
  // Names of our own configuration; the writer counts on their being short.
  PENSTOCK_CHECK(record.pinned_vmta.size() <= kNameBytesMax && record.stream.size() <= kNameBytesMax);
}

}  // namespace

class Spool::Impl {
 public:
  Impl(FileSystem& files, const Clock& clock, const SpoolOptions& options, std::unique_ptr<FolderLock> lock)
      : clock_(clock),
        options_(options),
        lock_(std::move(lock)),
        store_(files, settings_of(options), seed_of(options)),
        cache_(options.cache_bytes),
        submissions_(options.flush_interval, options.probe_interval),
        files_(files) {}

  Result<> open(RecoverySink& sink);
  void close();
  model::MessageId make_id();
  void accept(AcceptRequest request);
  std::optional<StoredMessage> find_cached(model::MessageId id);
  Result<StoredMessage> read(model::MessageId id);
  Result<std::shared_ptr<const std::string>> read_body(model::MessageId id);
  Result<std::shared_ptr<const model::Envelope>> read_envelope(model::MessageId id);
  SpoolStats stats() const;

  Submissions& submissions() { return submissions_; }
  MessageCache& cache() { return cache_; }
  const HealthBoard& health() const { return health_; }
  void maintain() { maintenance_->run(); }
  void note(std::span<const model::RecipientId> recipients) { notes_->add(recipients); }
  void finish(std::span<const model::RecipientId> recipients);

 private:
  Result<> may_accept(const AcceptItem& item) const;
  // Calls `read(segment, offset)` with where the message is, again if it moved away meanwhile.
  template <class Read>
  auto read_at_place(model::MessageId id, Read read) -> decltype(read(std::declval<const Segment&>(), 0));

  const Clock& clock_;
  const SpoolOptions options_;
  std::unique_ptr<FolderLock> lock_;
  Counters counters_;
  HealthBoard health_;
  std::atomic<std::uint64_t> last_id_{0};
  SegmentStore store_;
  Catalog catalog_;
  MessageCache cache_;
  Submissions submissions_;
  FileSystem& files_;
  std::atomic<bool> closed_{false};
  std::optional<FinalNotes> notes_;  // from open() on
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<Writer> writer_;
};

Result<> Spool::Impl::open(RecoverySink& sink) {
  notes_.emplace(files_, options_.dir, notes_bytes(options_));
  const auto recovered = recover(files_, store_, catalog_, counters_, sink, notes_->found());
  if (!recovered) return fail(recovered.error());
  last_id_ = recovered->last_id;
  maintenance_ = std::make_unique<Maintenance>(
      Maintenance::Parts{files_, store_, catalog_, submissions_, counters_, health_, last_id_}, options_);
  writer_ = std::make_unique<Writer>(
      Writer::Parts{store_, catalog_, cache_, submissions_, counters_, health_, clock_, last_id_},
      recovered->next_stamp, [this](Retired retired) { maintenance_->retired(std::move(retired)); },
      [this] { maintenance_->wake_for_spare(); });
  maintenance_->start();
  writer_->start();
  notes_->forget_found();
  if (recovered->noted.empty()) return {};
  // On disk before the notes that tell of them are written over; if that fails they wait with the rest.
  submissions_.add(recovered->noted);
  submissions_.flush();
  return {};
}

void Spool::Impl::close() {
  if (closed_.exchange(true)) return;
  // The maintenance may be waiting for the writer, so it goes first.
  maintenance_->stop();
  writer_->stop();
  maintenance_->seal_retired();
  lock_.reset();
}

void Spool::Impl::finish(std::span<const model::RecipientId> recipients) {
  notes_->add(recipients);  // first: what was submitted may be anywhere by now
  submissions_.add(recipients);
}

model::MessageId Spool::Impl::make_id() {
  const auto now = static_cast<std::uint64_t>(clock_.wall().time_since_epoch().count()) << 8;
  std::uint64_t last = last_id_.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = std::max(last + 1, now);
  } while (!last_id_.compare_exchange_weak(last, next));
  return model::MessageId{next};
}

Result<> Spool::Impl::may_accept(const AcceptItem& item) const {
  if (closed_) return fail(Errc::Closed);
  const HealthState state = health_.state();
  if (state == HealthState::Full) return fail(Errc::Full, health_.health().reason);
  if (state == HealthState::Unhealthy) return fail(Errc::Unhealthy, health_.health().reason);
  // When it is compacted, the list of finished recipients is added.
  const std::uint64_t bytes =
      record_bytes(item.body->size()) + record_bytes(item.payload.size() + 4 * item.envelope->recipients.size());
  if (bytes > options_.segment_bytes - kFirstRecordOffset || item.body->size() > UINT32_MAX) {
    return fail(Errc::TooLarge, "larger than a segment of the spool");
  }
  return {};
}

void Spool::Impl::accept(AcceptRequest request) {
  PENSTOCK_CHECK(request.body && request.done && !request.envelope.recipients.empty());
  if (!request.envelope.id) request.envelope.id = make_id();
  request.envelope.body_bytes = request.body->size();
  AcceptItem item;
  item.envelope = std::make_shared<const model::Envelope>(std::move(request.envelope));
  item.body = std::move(request.body);
  item.payload = encode(EnvelopeParts{.envelope = *item.envelope, .body_distance = record_bytes(item.body->size())});
  item.body_crc = crc32c(*item.body);
  item.payload_crc = crc32c(item.payload);
  item.done = std::move(request.done);
  item.port = request.port;
  Result<> may = may_accept(item);
  if (may && submissions_.add(item)) return;
  ++counters_.refused;
  Completion refused{std::move(item.done), may ? fail(Errc::Closed) : fail(may.error())};
  if (item.port == nullptr) return refused.run();
  std::vector<Completion> batch;
  batch.push_back(std::move(refused));
  item.port->completed(std::move(batch));
}

template <class Read>
auto Spool::Impl::read_at_place(model::MessageId id, Read read) -> decltype(read(std::declval<const Segment&>(), 0)) {
  for (int tries = 1;; ++tries) {
    const auto place = catalog_.locate(id);
    if (!place) return fail(Errc::UnknownMessage, model::format_id(id));
    auto found = read(*place->segment, place->offset);
    if (found) return found;
    // It may have moved away and its segment been used again while we read.
    const auto now = catalog_.locate(id);
    const bool moved = !now || now->segment != place->segment || now->offset != place->offset;
    if (!moved || tries == kReadTries) {
      ++counters_.damaged_records;
      return found;
    }
  }
}

std::optional<StoredMessage> Spool::Impl::find_cached(model::MessageId id) {
  return cache_.find(id);
}

Result<StoredMessage> Spool::Impl::read(model::MessageId id) {
  // Not counted: whoever asks has mostly counted a miss before.
  if (auto cached = cache_.peek(id)) return std::move(*cached);
  auto whole = read_at_place(
      id, [&](const Segment& segment, std::uint64_t offset) { return read_whole_message(segment, id, offset); });
  if (!whole) return fail(whole.error());
  return StoredMessage{std::make_shared<const model::Envelope>(std::move(whole->stored.envelope)),
                       std::make_shared<const std::string>(std::move(whole->body))};
}

Result<std::shared_ptr<const std::string>> Spool::Impl::read_body(model::MessageId id) {
  if (auto cached = find_cached(id)) return cached->body;
  auto body = read_at_place(id, [&](const Segment& segment, std::uint64_t offset) -> Result<std::string> {
    auto stored = read_stored_envelope(segment, id, offset);
    if (!stored) return fail(stored.error());
    return read_stored_body(segment, *stored, offset);
  });
  if (!body) return fail(body.error());
  return std::make_shared<const std::string>(std::move(*body));
}

Result<std::shared_ptr<const model::Envelope>> Spool::Impl::read_envelope(model::MessageId id) {
  if (auto cached = cache_.peek(id)) return cached->envelope;
  auto stored = read_at_place(
      id, [&](const Segment& segment, std::uint64_t offset) { return read_stored_envelope(segment, id, offset); });
  if (!stored) return fail(stored.error());
  return std::make_shared<const model::Envelope>(std::move(stored->envelope));
}

SpoolStats Spool::Impl::stats() const {
  const auto numbers = catalog_.numbers();
  const auto uses = cache_.uses();
  return {.batches = counters_.batches,
          .bytes_written = counters_.bytes_written,
          .syncs = counters_.syncs,
          .records = counters_.records,
          .accepted = counters_.accepted,
          .refused = counters_.refused,
          .damaged_records = counters_.damaged_records,
          .torn_tails = counters_.torn_tails,
          .compacted_segments = counters_.compacted_segments,
          .recycled_segments = counters_.recycled_segments,
          .cache_hits = uses.hits,
          .cache_misses = uses.misses,
          .cache_bytes = cache_.bytes(),
          .segments = numbers.segments,
          .spare_segments = store_.spares(),
          .messages = numbers.messages,
          .recipients = numbers.recipients,
          .waiting_records = submissions_.waiting(),
          .sync_us_max = counters_.sync_us_max,
          .sync_us_total = counters_.sync_us_total};
}

Spool::Spool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Spool::~Spool() {
  close();
}

Result<std::unique_ptr<Spool>> Spool::open(FileSystem& files, const Clock& clock, SpoolOptions options,
                                           RecoverySink& sink) {
  PENSTOCK_CHECK(options.segment_bytes >= kSegmentBytesMin && options.segment_bytes <= kSegmentBytesMax);
  if (auto made = files.make_folder(options.dir); !made) return fail(made.error());
  auto lock = files.lock(options.dir + "/lock");
  if (!lock) return fail(lock.error());
  auto impl = std::make_unique<Impl>(files, clock, options, std::move(*lock));
  if (auto opened = impl->open(sink); !opened) return fail(opened.error());
  return std::unique_ptr<Spool>(new Spool(std::move(impl)));
}

model::MessageId Spool::make_id() {
  return impl_->make_id();
}
void Spool::accept(AcceptRequest request) {
  impl_->accept(std::move(request));
}
void Spool::record_attempt(AttemptRecord record) {
  check(record);
  impl_->submissions().add(std::move(record));
}
void Spool::record_attempts(std::span<AttemptRecord> records) {
  for (const auto& record : records) check(record);
  impl_->submissions().add(records);
}
void Spool::record_final(model::RecipientId recipient) {
  impl_->finish({&recipient, 1});
}
void Spool::note_final(model::RecipientId recipient) {
  impl_->note({&recipient, 1});
}
void Spool::record_finals(std::span<const model::RecipientId> recipients) {
  impl_->finish(recipients);
}
std::optional<StoredMessage> Spool::find_cached(model::MessageId id) {
  return impl_->find_cached(id);
}
Result<StoredMessage> Spool::read(model::MessageId id) {
  return impl_->read(id);
}
Result<std::shared_ptr<const std::string>> Spool::read_body(model::MessageId id) {
  return impl_->read_body(id);
}
Result<std::shared_ptr<const model::Envelope>> Spool::read_envelope(model::MessageId id) {
  return impl_->read_envelope(id);
}
void Spool::release_cached(model::MessageId id) {
  impl_->cache().remove(id);
}
Health Spool::health() const {
  return impl_->health().health();
}
bool Spool::healthy() const {
  return impl_->health().state() == HealthState::Ok;
}
SpoolStats Spool::stats() const {
  return impl_->stats();
}
bool Spool::flush() {
  return impl_->submissions().flush();
}
void Spool::maintain() {
  impl_->maintain();
}
void Spool::close() {
  impl_->close();
}

}  // namespace penstock::spool
