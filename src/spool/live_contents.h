// SPDX-License-Identifier: Apache-2.0
// What in a sealed segment still matters, and reading a stored message whole.
// Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "spool/catalog.h"
#include "spool/hint.h"
#include "spool/payload.h"

namespace penstock::spool {

struct LiveContents {
  struct Message {
    model::MessageId id;
    std::uint64_t offset;  // of the Envelope record
  };
  struct Attempt {
    model::RecipientId recipient;
    std::uint64_t offset;
  };
  std::vector<Message> messages;
  std::vector<Attempt> attempts;  // the newest of each recipient in this segment
  std::vector<HintFinal> finals;  // that name another segment which still holds records
  std::uint64_t bytes = 0;        // that copying them on takes, about
};
[[nodiscard]] LiveContents find_live(const Hint& hint, const Segment& segment, const Catalog& catalog);

struct WholeMessage {
  StoredEnvelope stored;
  std::string body;
};
// Errors: Damaged.
[[nodiscard]] Result<StoredEnvelope> read_stored_envelope(const Segment& segment, model::MessageId id,
                                                          std::uint64_t offset);
[[nodiscard]] Result<std::string> read_stored_body(const Segment& segment, const StoredEnvelope& stored,
                                                   std::uint64_t offset);
[[nodiscard]] Result<WholeMessage> read_whole_message(const Segment& segment, model::MessageId id,
                                                      std::uint64_t offset);

}  // namespace penstock::spool
