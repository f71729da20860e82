// SPDX-License-Identifier: Apache-2.0
#include "users/users.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/log.h"
#include "users/errc.h"
#include "users/table.h"

namespace penstock::users {
namespace {

constexpr std::size_t kNonceBytes = 18;

tl::unexpected<Error> unknown(std::string_view name) {
  return fail(Errc::Unknown, fmt::format("there is no user \"{}\"", name));
}

}  // namespace

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  PENSTOCK_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1);
  return bytes;
}

std::string random_nonce() {
  return encode_base64(random_bytes(kNonceBytes));
}

Users::Users(Services services)
    : services_(services),
      process_key_(random_bytes(sasl::kDigestBytes)),
      nobody_(hash(process_key_)),
      accounts_(std::make_shared<const Accounts>()) {
  services_.metrics.gauge_from("penstock_users", "Users who may sign in by SMTP AUTH",
                               [this] { return static_cast<double>(accounts_.load()->size()); });
  services_.metrics.gauge_from("penstock_auth_banned_addresses", "Client addresses banned for failed sign-ins now",
                               [this] { return static_cast<double>(failures_.banned(services_.clock.now())); });
}

Users::~Users() = default;

Result<std::unique_ptr<Users>> Users::open(Services services) {
  if (auto made = services.writer.migrate("users", kMigrations); !made) return fail(made.error());
  std::unique_ptr<Users> users(new Users(services));
  if (auto loaded = users->load(); !loaded) return fail(loaded.error());
  return users;
}

Result<> Users::load() {
  Stored stored;
  const std::string fresh = random_bytes(sasl::kDigestBytes);
  auto done = services_.writer.run([&](state::Database& db) -> Result<> {
    auto secret = obtain_secret(db, fresh);
    if (!secret) return fail(secret.error());
    secret_ = std::move(*secret);
    auto all = read_all(db);
    if (!all) return fail(all.error());
    stored = std::move(*all);
    return {};
  });
  if (!done) return done;
  auto accounts = std::make_shared<Accounts>();
  for (Account& account : stored.accounts) {
    std::string name = account.user.name;
    accounts->emplace(std::move(name), std::make_shared<const Account>(std::move(account)));
  }
  accounts_.store(std::move(accounts));
  for (const DayCount& day : stored.days) usage_.restore(day);
  return {};
}

sasl::Credentials Users::hash(std::string_view password) const {
  const sasl::Salts salts{random_bytes(sasl::kSaltBytes), random_bytes(sasl::kSaltBytes)};
  return sasl::make_credentials(password, salts, services_.cost, services_.iterations);
}

Seen Users::seen(const User& user) const {
  return {user, usage_.recipients_today(user.name, services_.clock.wall()), usage_.connections(user.name)};
}

AccountPtr Users::any_account(std::string_view name) const {
  const auto canonical = canonical_name(name);
  if (!canonical) return nullptr;
  const AccountsPtr accounts = accounts_.load();
  const auto found = accounts->find(*canonical);
  return found == accounts->end() ? nullptr : found->second;
}

AccountPtr Users::find_account(std::string_view name) const {
  AccountPtr account = any_account(name);
  return account && account->user.enabled ? account : nullptr;
}

// With change_mutex_ held: durable first, then in force.
Result<> Users::put(Account account) {
  const auto made = std::make_shared<const Account>(std::move(account));
  auto done = services_.writer.run([&made](state::Database& db) { return write_account(db, *made); });
  if (!done) return done;
  auto accounts = std::make_shared<Accounts>(*accounts_.load());
  (*accounts)[made->user.name] = made;
  accounts_.store(std::move(accounts));
  forget(made->user.name);
  return {};
}

Result<Seen> Users::add(User user, std::string_view password) {
  auto name = canonical_name(user.name);
  if (!name) return fail(name.error());
  user.name = std::move(*name);
  if (auto good = check_user(user); !good) return fail(good.error());
  if (const auto problem = sasl::password_problem(password); !problem.empty()) {
    return fail(Errc::BadUser, std::string(problem));
  }
  user.since = user.password_since = services_.clock.wall();
  Account account{std::move(user), hash(password)};
  const std::lock_guard lock(change_mutex_);
  if (any_account(account.user.name)) {
    return fail(Errc::Exists, fmt::format("there is a user \"{}\" already", account.user.name));
  }
  if (accounts_.load()->size() >= kUsersMax) return fail(Errc::TooMany, fmt::format("at most {}", kUsersMax));
  const User added = account.user;
  if (auto done = put(std::move(account)); !done) return fail(done.error());
  return seen(added);
}

Result<> Users::set_password(std::string_view name, std::string_view password) {
  if (const auto problem = sasl::password_problem(password); !problem.empty()) {
    return fail(Errc::BadUser, std::string(problem));
  }
  sasl::Credentials credentials = hash(password);
  const std::lock_guard lock(change_mutex_);
  const AccountPtr before = any_account(name);
  if (!before) return unknown(name);
  Account account{before->user, std::move(credentials)};
  account.user.password_since = services_.clock.wall();
  return put(std::move(account));
}

Result<Seen> Users::change(std::string_view name, const std::function<void(User&)>& edit) {
  const std::lock_guard lock(change_mutex_);
  const AccountPtr before = any_account(name);
  if (!before) return unknown(name);
  Account account = *before;
  edit(account.user);
  account.user.name = before->user.name;
  if (auto good = check_user(account.user); !good) return fail(good.error());
  const User changed = account.user;
  if (auto done = put(std::move(account)); !done) return fail(done.error());
  return seen(changed);
}

Result<> Users::remove(std::string_view name) {
  const std::lock_guard lock(change_mutex_);
  const AccountPtr before = any_account(name);
  if (!before) return unknown(name);
  const std::string canonical = before->user.name;
  auto done = services_.writer.run([&](state::Database& db) { return erase_account(db, canonical); });
  if (!done) return done;
  auto accounts = std::make_shared<Accounts>(*accounts_.load());
  accounts->erase(canonical);
  accounts_.store(std::move(accounts));
  forget(canonical);
  usage_.forget(canonical);
  return {};
}

std::vector<Seen> Users::list() const {
  std::vector<Seen> all;
  const AccountsPtr accounts = accounts_.load();
  all.reserve(accounts->size());
  for (const auto& [name, account] : *accounts) all.push_back(seen(account->user));
  return all;
}

Result<Seen> Users::find(std::string_view name) const {
  const AccountPtr account = any_account(name);
  if (!account) return unknown(name);
  return seen(account->user);
}

std::string Users::digest(std::string_view name, std::string_view password) const {
  return sasl::hmac_sha256(process_key_, std::string(name) + '\0' + std::string(password));
}

AccountPtr Users::recall(std::string_view name, std::string_view password) const {
  AccountPtr account = find_account(name);
  if (!account) return nullptr;
  const std::lock_guard lock(known_mutex_);
  const auto known = known_.find(account->user.name);
  // Remembered for exactly this account: a changed user proves himself anew.
  if (known == known_.end() || known->second.second != account) return nullptr;
  return sasl::equal_in_constant_time(known->second.first, digest(account->user.name, password)) ? account : nullptr;
}

AccountPtr Users::verify(std::string_view name, std::string_view password) {
  AccountPtr account = find_account(name);
  const bool right = sasl::matches(account ? account->credentials : nobody_, password);
  if (!account || !right) return nullptr;
  const std::lock_guard lock(known_mutex_);
  known_[account->user.name] = {digest(account->user.name, password), account};
  return account;
}

void Users::forget(const std::string& name) {
  const std::lock_guard lock(known_mutex_);
  known_.erase(name);
}

sasl::Credentials Users::made_up(std::string_view name) const {
  const auto canonical = canonical_name(name);
  sasl::Credentials credentials;
  credentials.iterations = services_.iterations;
  credentials.scram_salt =
      sasl::hmac_sha256(secret_, canonical ? *canonical : std::string(name)).substr(0, sasl::kSaltBytes);
  // Nobody finds bytes whose hash is the key that these two secrets give.
  credentials.stored_key = sasl::hmac_sha256(process_key_, credentials.scram_salt);
  credentials.server_key = credentials.stored_key;
  return credentials;
}

void Users::save_usage() {
  std::vector<DayCount> changed = usage_.take_changed();
  if (changed.empty()) return;
  services_.writer.submit([changed = std::move(changed)](state::Database& db) { return write_days(db, changed); },
                          [](const Result<>& done) {
                            if (!done) log::warn("users", "the day's counts: {}", done.error().to_string());
                          });
}

void Users::stop() {
  const std::vector<DayCount> changed = usage_.take_changed();
  if (changed.empty()) return;
  const auto done = services_.writer.run([&](state::Database& db) { return write_days(db, changed); });
  if (!done) log::warn("users", "the day's counts: {}", done.error().to_string());
}

}  // namespace penstock::users
