// SPDX-License-Identifier: Apache-2.0
// Hints: everything of a segment but the bodies, short enough that a start reads millions of recipients in seconds.
//
// Use:  HintBuilder builder; builder.add_envelope(…); …  files.replace(… builder.finish(sequence, end));
//       auto hint = Hint::parse(bytes);  hint->visit(visitor);
// Threads: one owner each. Limits: 2^32 names and 4 GiB a hint, far above what a segment can hold.
// See: docs/formats/spool.md.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/envelope.h"
#include "spool/records.h"

namespace penstock::spool {

// Collects entries while a segment is being written.
class HintBuilder {
 public:
  void add_envelope(std::uint64_t offset, const model::Envelope& envelope, bool moved,
                    std::span<const std::uint32_t> finished);
  void add_attempt(std::uint64_t offset, std::uint64_t stamp, const AttemptRecord& record);
  void add_final(const model::RecipientId& recipient, std::uint64_t envelope_sequence);
  // The file's contents.
  [[nodiscard]] std::string finish(std::uint64_t sequence, std::uint64_t end) const;

 private:
  std::uint32_t name(std::string_view text);

  std::deque<std::string> names_;  // stays where it is, for numbers_ views it
  boost::unordered_flat_map<std::string_view, std::uint32_t> numbers_;
  std::string entries_;
};

struct HintEnvelope {
  model::MessageId id;
  std::uint64_t offset = 0;  // of the record
  bool moved = false;
  std::uint64_t body_bytes = 0;
  Time received, first_attempt;
  model::TlsWish tls = model::TlsWish::Usual;
  std::string_view stream, tenant, campaign, vmta;
  std::vector<std::string_view> domains;  // one a recipient
  std::vector<std::uint32_t> finished;
};
struct HintAttempt {
  model::RecipientId recipient;
  std::uint64_t offset = 0;
  std::uint64_t stamp = 0;
  std::uint32_t attempts = 0;
  Time next_due;
  std::uint8_t hold = 0;
  std::uint8_t flags = 0;
  std::string_view pinned_vmta, stream;
};
struct HintFinal {
  model::RecipientId recipient;
  std::uint64_t envelope_sequence = 0;
};

// What a reader wants to hear of. The views hold as long as the hint.
class HintVisitor {
 public:
  virtual ~HintVisitor() = default;
  virtual void envelope(const HintEnvelope&) {}
  virtual void attempt(const HintAttempt&) {}
  virtual void finished(const HintFinal&) {}
};

class Hint {
 public:
  // Nothing if the bytes are not a whole hint.
  [[nodiscard]] static std::optional<Hint> parse(std::string bytes);
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }
  // In the order of the segment. False if an entry makes no sense, which a checksum that fitted does not leave likely.
  bool visit(HintVisitor& visitor) const;

 private:
  std::string bytes_;
  std::uint64_t sequence_ = 0;
  std::uint64_t end_ = 0;
  std::size_t entries_at_ = 0;
  // Positions in bytes_, so that a Hint may be moved.
  std::vector<std::pair<std::size_t, std::size_t>> names_;
};

}  // namespace penstock::spool
