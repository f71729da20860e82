// SPDX-License-Identifier: Apache-2.0
// User: somebody who may sign in by SMTP AUTH: what he may send and how much.   Values; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "sasl/credentials.h"

namespace penstock::users {

inline constexpr std::size_t kListMax = 1'000;  // streams or domains of one user

struct User {
  std::string name;  // canonical: see canonical_name()
  bool enabled = true;
  Rate message_rate{0, std::chrono::seconds{1}};  // transactions begun; count 0: no limit
  std::uint32_t recipients_per_day = 0;           // of accepted messages, in a day of UTC; 0: no limit
  std::uint32_t connections = 0;                  // signed in at the same time; 0: no limit
  std::vector<std::string> streams;               // that he may send in; the first is his own; empty: any
  std::vector<std::string> sender_domains;        // "a.example", "*.a.example"; empty: any
  std::string note;
  Time since, password_since;  // wall
};

// A user and how he proves to be him. Never changed; a change makes another.
struct Account {
  User user;
  sasl::Credentials credentials;
};
using AccountPtr = std::shared_ptr<const Account>;

// Small letters; BadUser for what is no name: letters, digits and "._-+@", up to 128.
[[nodiscard]] Result<std::string> canonical_name(std::string_view name);
// Everything but the name; the detail of BadUser says which member. Domains become small letters.
[[nodiscard]] Result<> check_user(User& user);

[[nodiscard]] bool may_use_stream(const User& user, std::string_view stream);
// `address` without brackets. Nobody's ("", the sender of notices) is everybody's.
[[nodiscard]] bool may_send_from(const User& user, std::string_view address);

}  // namespace penstock::users
