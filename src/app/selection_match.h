// SPDX-License-Identifier: Apache-2.0
// SelectionMatch: a selection as the API takes it, ready to be compared with queued recipients.
//
// Everything but the recipient's address can be decided on a shard. An address is not in memory: may_match() then says
// whether domain and the rest fit, and confirm() reads the envelope, which blocks.
// Threads: const, any; confirm() not on a shard.
#pragma once

#include <string>

#include "api/types.h"
#include "base/result.h"
#include "delivery/dispatcher.h"
#include "queue/selection.h"
#include "spool/spool.h"

namespace penstock::app {

class SelectionMatch {
 public:
  // Errors: api::Errc::BadRequest names the field.
  [[nodiscard]] static Result<SelectionMatch> make(const api::Selection& selection, model::NameTable& names);

  [[nodiscard]] bool may_match(const queue::QueuedRecipient& recipient, const queue::LabelSetTable& labels,
                               const queue::Place& place) const {
    return selection_.matches(recipient, labels, place);
  }
  // Which provider or path mail goes to has to be known; see learn_places.
  [[nodiscard]] bool needs_places() const { return selection_.provider || selection_.group; }
  [[nodiscard]] bool needs_confirmation() const { return !address_.empty(); }
  [[nodiscard]] bool confirm(const queue::QueuedRecipient& recipient, spool::Spool& spool) const;
  [[nodiscard]] const queue::Selection& selection() const { return selection_; }

 private:
  queue::Selection selection_;
  std::string address_;  // domain in lower case; "" when none was given
};

}  // namespace penstock::app
