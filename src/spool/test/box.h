// SPDX-License-Identifier: Apache-2.0
// Box: a spool on a MemoryFileSystem, opened, killed and opened again by a test, and what it found each time.
//
// Time stands still but for the writer's own waiting; the maintenance thread is left to itself only where a test lets
// time pass, since probe_interval is an hour: tests call maintain().
// Threads: one, the test's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "model/envelope.h"
#include "spool/memory_file_system.h"
#include "spool/spool.h"

namespace penstock::spool {

// What recovered() was told, with strings of its own.
struct Found {
  std::string domain, stream, tenant, campaign, vmta, pinned_vmta;
  model::TlsWish tls = model::TlsWish::Usual;
  std::uint64_t body_bytes = 0;
  Time received, first_attempt, next_due;
  std::uint32_t attempts = 0;
  std::uint8_t hold = 0;
  std::uint8_t flags = 0;
};

class FoundSink final : public RecoverySink {
 public:
  void recovered(const RecoveredRecipient& recipient) override;
  std::map<model::RecipientId, Found> found;
  std::vector<model::RecipientId> twice;  // must stay empty
};

// Keeps the log quiet while it lives: faults made on purpose are reported a thousand times otherwise.
class Quiet {
 public:
  Quiet();
  ~Quiet();

 private:
  static int alive_;
};

class Box {
 public:
  static constexpr std::uint64_t kSegmentBytes = 64U << 10;
  static constexpr const char* kDir = "/spool";

  Box();
  ~Box();
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  // Opens it, and keeps what was found in `sink`. The second form may fail.
  void open();
  [[nodiscard]] Result<> try_open();
  void close();
  void reopen() {
    close();
    open();
  }
  // The process dies, and is started again.
  void kill();
  void power_cut();

  // Waits for the answer.
  Result<model::MessageId> accept(model::Envelope envelope, std::string body);
  // A message that is taken for sure.
  model::MessageId store(std::uint32_t recipients = 1, std::size_t body_bytes = 100);
  void finish(model::MessageId id, std::uint32_t index = 0);
  void attempt(model::MessageId id, std::uint32_t index, std::uint32_t attempts);

  [[nodiscard]] bool recovered(model::MessageId id, std::uint32_t index = 0) const {
    return sink.found.contains({id, index});
  }
  [[nodiscard]] std::string path(const std::string& name) const { return std::string(kDir) + "/" + name; }
  // Names of the files that end so.
  [[nodiscard]] std::vector<std::string> files(const std::string& ending, const std::string& folder = kDir);
  // Turns a byte of a file over.
  void flip(const std::string& name, std::uint64_t offset, std::uint64_t bytes = 1);
  // Where in the file `text` stands. It must be there.
  [[nodiscard]] std::uint64_t position(const std::string& name, const std::string& text) const;

  Rng rng{7};
  MemoryFileSystem disk;
  FakeClock clock;
  SpoolOptions options;
  FoundSink sink;
  std::unique_ptr<Spool> spool;
};

[[nodiscard]] model::Envelope make_envelope(std::uint32_t recipients = 1);
// Text that only this seed gives.
[[nodiscard]] std::string make_body(std::size_t bytes, std::uint64_t seed = 1);

}  // namespace penstock::spool
