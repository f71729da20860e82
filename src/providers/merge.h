// SPDX-License-Identifier: Apache-2.0
// merge: the provider files and the operator's [[provider]] tables as one list.
//
// A [[provider]] of a known name overrides it field by field; mx and domains are replaced as a list where given. One of
// a new name is added. Suffixes and domains that an operator's table claims are taken from the shipped providers. Pure.
#pragma once

#include <vector>

#include "config/config.h"
#include "providers/catalog.h"

namespace penstock::providers {

// The operator's come first, in their order.
[[nodiscard]] std::vector<config::Provider> merge(const std::vector<config::Provider>& own, const Catalog& catalog);

// Of a site found by MX that belongs to no provider: what [defaults] leaves open. One connection at least, and it
// begins at the ceiling of [defaults] (up to 1,000), which it falls below when the receiver's answers ask for it.
[[nodiscard]] config::Limits unknown_site_limits();

}  // namespace penstock::providers
