// SPDX-License-Identifier: Apache-2.0
// Spool keeps accepted messages until every recipient is finished.
//
// Use:    auto spool = Spool::open(files, clock, {.dir = "/var/lib/penstock/spool"}, sink);
//         (*spool)->accept({…});                  // answers when the message would survive a power cut
//         (*spool)->record_attempt(…);            // after a deferral      (*spool)->record_final(id);   // when
//         finished
//         (*spool)->close();
// Owns:   its folder, which it locks against a second opening, a writer thread and a maintenance thread. `files`,
//         `clock` and every completion port must outlive close().
// Threads: every member may be called from any thread, close() by one of them.
// Errors: Full, Unhealthy, TooLarge and Closed from accept(); UnknownMessage and Damaged from the readers; open() says
//         in one sentence what is wrong and how to mend it.
// Limits: a message and its envelope must fit in a segment (TooLarge). Records of attempts and finished recipients are
//         not refused when the disk fails: they wait in memory, some 100 bytes each, until it works again. A kill
//         of the process loses attempts of the last flush_interval, a power cut finished recipients too: those are
//         attempted once more.
// Memory: about 35 bytes for a message with one recipient, plus the body cache.
// See:    docs/formats/spool.md; ARCHITECTURE §7.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "model/envelope.h"
#include "model/ids.h"
#include "spool/accept.h"
#include "spool/errc.h"
#include "spool/file_system.h"
#include "spool/records.h"
#include "spool/stored_message.h"

namespace penstock::spool {

struct SpoolOptions {
  std::string dir;                                // made if it is not there (its parent must be)
  std::uint64_t segment_bytes = 64ULL << 20;      // size of new segments; 64 KiB to 4 GiB
  std::uint64_t free_floor_bytes = 512ULL << 20;  // no segment for messages that would leave less free: Full
  double compact_below = 0.25;  // live share of a segment under which its live part is copied on; <= 0.4
  std::uint64_t compact_bytes_per_second = 64U << 20;      // bound on that copying
  std::uint32_t spare_segments = 2;                        // written beforehand, once the current segment is half used
  std::uint64_t cache_bytes = 256ULL << 20;                // fresh bodies and envelopes kept until release_cached()
  Duration flush_interval{std::chrono::milliseconds{50}};  // longest wait of a record nobody waits for
  Duration probe_interval{std::chrono::seconds{1}};        // between tries while the disk is full or failing
  std::uint64_t salt_seed = 0;                             // 0: from the system; tests give a number
};

enum class HealthState : std::uint8_t {
  Ok,
  Full,      // accept() gives Full; everything else works; ends by itself when space returns
  Unhealthy  // accept() gives Unhealthy until the spool is opened again; messages here can still be read and finished
};
struct Health {
  HealthState state = HealthState::Ok;
  std::string reason;  // for people; "" when Ok
};

// Plain numbers since the spool was opened, except where it says "now".
struct SpoolStats {
  std::uint64_t batches = 0;          // written and synced
  std::uint64_t bytes_written = 0;    // into segments
  std::uint64_t syncs = 0;            // fdatasync calls on segments by the writer
  std::uint64_t records = 0;          // written, of all types
  std::uint64_t accepted = 0;         // messages answered with success
  std::uint64_t refused = 0;          // messages answered with an error
  std::uint64_t damaged_records = 0;  // found damaged, while opening, reading or compacting
  std::uint64_t torn_tails = 0;       // segments cut at their last whole record when opened
  std::uint64_t compacted_segments = 0;
  std::uint64_t recycled_segments = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  std::uint64_t cache_bytes = 0;      // now
  std::uint64_t segments = 0;         // now, that hold records
  std::uint64_t spare_segments = 0;   // now, ready for use
  std::uint64_t messages = 0;         // now, with a live recipient
  std::uint64_t recipients = 0;       // now, live
  std::uint64_t waiting_records = 0;  // now, submitted and not yet taken by the writer
  std::uint64_t sync_us_max = 0;      // longest fdatasync
  std::uint64_t sync_us_total = 0;
};

class Spool {
 public:
  // Reads what is there, hands every live recipient to `sink`, and starts the threads. Blocks until all that is done.
  [[nodiscard]] static Result<std::unique_ptr<Spool>> open(FileSystem& files, const Clock& clock, SpoolOptions options,
                                                           RecoverySink& sink);
  ~Spool();  // closes
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // A new message's id, for a header that names it before the message is stored. Grows; never given twice.
  [[nodiscard]] model::MessageId make_id();

  // Stores a message; see AcceptRequest for the answer. Never blocks.
  void accept(AcceptRequest request);

  // Neither waits nor fails. Records of one recipient take effect in the order of the calls. Those about an unknown
  // message or a finished recipient are dropped.
  void record_attempt(AttemptRecord record);
  void record_attempts(std::span<AttemptRecord> records);  // takes the contents
  void record_final(model::RecipientId recipient);
  // For the moment a receiver's answer was read, when record_final() is still a few microseconds off: should the
  // process be killed meanwhile, the recipient is finished all the same. Not to be taken back.
  void note_final(model::RecipientId recipient);
  void record_finals(std::span<const model::RecipientId> recipients);

  // Envelope and body, if the cache still holds them. Never touches the disk: for a shard. Nothing otherwise, which
  // says nothing about whether the message is here.
  [[nodiscard]] std::optional<StoredMessage> find_cached(model::MessageId id);
  // The same from the cache or, blocking, from disk: for a worker thread. Mostly one disk read; two for bodies above
  // 32 KiB. UnknownMessage, Damaged.
  [[nodiscard]] Result<StoredMessage> read(model::MessageId id);

  // From the cache, else from disk: may then block for a disk read. UnknownMessage, Damaged.
  [[nodiscard]] Result<std::shared_ptr<const std::string>> read_body(model::MessageId id);
  // Lists all recipients, finished ones too: indexes never shift.
  [[nodiscard]] Result<std::shared_ptr<const model::Envelope>> read_envelope(model::MessageId id);
  // The first attempt is over, or will not come soon: the cache need not keep this message any longer.
  // Costs a look-up. Happens by itself when the last recipient is finished.
  void release_cached(model::MessageId id);

  [[nodiscard]] Health health() const;
  // health().state == Ok, at the price of one load: for a check before each message.
  [[nodiscard]] bool healthy() const;
  [[nodiscard]] SpoolStats stats() const;

  // Waits until everything submitted before the call is durable, or has failed. True: it is durable. False: the disk
  // fails, and records wait for it to work again.
  bool flush();
  // Does now what the maintenance thread does by and by: seals, compacts, frees. Waits until there is nothing left.
  void maintain();
  // Refuses new messages (Closed), makes everything submitted durable, stops the threads, gives up the folder.
  void close();

 private:
  class Impl;
  explicit Spool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace penstock::spool
