// SPDX-License-Identifier: Apache-2.0
// Whether the key record in DNS is that of the private key here.   Pure; any thread.   Cost: up to one signature.
#pragma once

#include <string>
#include <string_view>

#include "dkim/key_pair.h"
#include "dkim/key_record.h"
#include "dkim/verification.h"

namespace penstock::dkim {

// "" when DNS has one record at `name` and receivers can use it with this key; else why not, in words: no record,
// several, another key, a revoked one, one for something else, or DNS could not tell. `service`: what it signs.
[[nodiscard]] std::string mismatch(const KeyAnswer& answer, const KeyPair& key, const std::string& name,
                                   std::string_view service = kMailService);

}  // namespace penstock::dkim
