// SPDX-License-Identifier: Apache-2.0
// UserOperations: what the admin API asks about users of SMTP AUTH. Part of Operations; threads, errors and audit as
// said there: a name nobody has is NotFound, one that is taken Conflict, what cannot be is BadRequest.
// Passwords come in and never go out; neither errors nor audit hold them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/types.h"
#include "base/result.h"
#include "users/users.h"

namespace penstock::api {

// What is given is changed.
struct UserChange {
  std::optional<bool> enabled;
  std::optional<Rate> message_rate;                 // count 0: no limit
  std::optional<std::uint32_t> recipients_per_day;  // 0: no limit
  std::optional<std::uint32_t> connections;         // 0: no limit
  std::optional<std::vector<std::string>> streams;  // empty: any
  std::optional<std::vector<std::string>> sender_domains;
  std::optional<std::string> note;

  void apply_to(users::User& user) const;
};

class UserOperations {
 public:
  virtual ~UserOperations() = default;

  virtual std::vector<users::Seen> list() = 0;
  virtual Result<users::Seen> find(const std::string& name) = 0;
  virtual Result<users::Seen> add(const std::string& name, const UserChange& values, const std::string& password,
                                  const Actor& actor) = 0;
  virtual Result<users::Seen> change(const std::string& name, const UserChange& values, const Actor& actor) = 0;
  virtual Result<> set_password(const std::string& name, const std::string& password, const Actor& actor) = 0;
  virtual Result<> remove(const std::string& name, const Actor& actor) = 0;
};

}  // namespace penstock::api
