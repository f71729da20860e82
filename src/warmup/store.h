// SPDX-License-Identifier: Apache-2.0
// The table of warm-ups in state.db: one row for each vMTA and provider, replaced at each change.
// docs/formats/state.md describes it.
// Threads: load() any, save() the state writer's.   Errors: state::Errc.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "state/writer.h"
#include "warmup/account.h"

namespace penstock::warmup {

// Whose warm-up it is.
struct AccountName {
  std::string vmta;
  std::string provider;  // kOther for all sites that belong to none
  auto operator<=>(const AccountName&) const = default;
};
inline constexpr std::string_view kOther = "other";

using NamedLedger = std::pair<AccountName, Ledger>;

// Makes the table, or brings it up to date, and reads it. Blocks.
[[nodiscard]] Result<std::vector<NamedLedger>> open_store(state::Writer& writer);
[[nodiscard]] Result<> save(state::Database& db, std::span<const NamedLedger> rows);

}  // namespace penstock::warmup
