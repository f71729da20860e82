// SPDX-License-Identifier: Apache-2.0
// A stored message as the spool gives it out: shared and never changed, so any thread may keep it. Plain value.
#pragma once

#include <memory>
#include <string>

#include "model/envelope.h"

namespace penstock::spool {

struct StoredMessage {
  std::shared_ptr<const model::Envelope> envelope;  // lists all recipients, finished ones too: indexes never shift
  std::shared_ptr<const std::string> body;
};

}  // namespace penstock::spool
