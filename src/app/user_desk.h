// SPDX-License-Identifier: Apache-2.0
// UserDesk: the admin API's UserOperations over the node's users.   Threads: API threads.
#pragma once

#include <functional>

#include "api/user_operations.h"

namespace penstock::app {

class UserDesk final : public api::UserOperations {
 public:
  using Audit = std::function<void(const api::Actor&, const std::string&)>;

  // `users` must outlive it.
  UserDesk(users::Users& users, Audit audit) : users_(users), audit_(std::move(audit)) {}

  std::vector<users::Seen> list() override { return users_.list(); }
  Result<users::Seen> find(const std::string& name) override;
  Result<users::Seen> add(const std::string& name, const api::UserChange& values, const std::string& password,
                          const api::Actor& actor) override;
  Result<users::Seen> change(const std::string& name, const api::UserChange& values, const api::Actor& actor) override;
  Result<> set_password(const std::string& name, const std::string& password, const api::Actor& actor) override;
  Result<> remove(const std::string& name, const api::Actor& actor) override;

 private:
  users::Users& users_;
  const Audit audit_;
};

}  // namespace penstock::app
