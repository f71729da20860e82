// SPDX-License-Identifier: Apache-2.0
// The canonical form of addresses, under which suppressions are kept and looked up, and its hash.
//
// Canonical: the domain as A-labels (IDNA 2008, libidn2) in lower case without a final dot, the local part in lower
// case, UTF-8 in Unicode's normal form C as libidn2 gives it for domains; local parts beyond ASCII keep their case.
// Quoted local parts lose needless quotes. "@example.com" stands for a whole domain.
// Provider rules are off unless the operator switches them on: they make "A.B+c@gmail.com" "ab@gmail.com".
// Pure; any thread. The ASCII path allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "suppression/errc.h"

namespace penstock::suppression {

struct ProviderRules {
  bool gmail = false;  // gmail.com and googlemail.com are one; dots and what follows "+" do not count
  friend bool operator==(const ProviderRules&, const ProviderRules&) = default;
};

// Errors: BadAddress, with what is wrong in words.
[[nodiscard]] Result<std::string> canonical_address(std::string_view text, const ProviderRules& rules);

// On disk: never change it.
[[nodiscard]] std::uint64_t hash_address(std::string_view canonical);

// What a check looks up for one recipient: as written, as its provider sees it, and its domain. Views live as long as
// the object, which must not be moved.
class LookupKeys {
 public:
  LookupKeys(std::string_view address, const ProviderRules& rules);
  LookupKeys(const LookupKeys&) = delete;
  LookupKeys& operator=(const LookupKeys&) = delete;

  struct Key {
    std::string_view address;
    std::uint64_t hash = 0;
  };
  // None when it is no address.
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] const Key& operator[](std::size_t i) const { return keys_[i]; }

 private:
  void add(std::string_view address);

  std::array<char, 320> buffer_;  // the usual address
  std::string long_, provider_;   // the others
  std::array<Key, 3> keys_;
  std::size_t count_ = 0;
};

}  // namespace penstock::suppression
