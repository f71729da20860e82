// SPDX-License-Identifier: Apache-2.0
// ReaderLease: a connection for reading, taken from the idle ones and given back at the end. Private to the module.
#pragma once

#include "suppression/table.h"

namespace penstock::suppression {

struct Suppression::ReaderLease {
  ReaderLease(const Suppression& owner, std::unique_ptr<Reader> taken) : from(&owner), reader(std::move(taken)) {}
  ReaderLease(ReaderLease&&) = default;
  ReaderLease& operator=(ReaderLease&&) = default;
  ~ReaderLease() {
    if (!reader) return;
    const std::lock_guard lock(from->readers_mutex_);
    from->readers_.push_back(std::move(reader));
  }
  Reader* operator->() const { return reader.get(); }

  const Suppression* from;
  std::unique_ptr<Reader> reader;
};

}  // namespace penstock::suppression
