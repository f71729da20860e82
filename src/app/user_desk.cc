// SPDX-License-Identifier: Apache-2.0
#include "app/user_desk.h"

#include "api/errc.h"
#include "users/errc.h"

namespace penstock::app {
namespace {

// What the caller can mend is his mistake; the rest is ours.
template <class T>
Result<T> for_api(Result<T> result) {
  if (result) return result;
  const std::error_code code = result.error().code;
  if (code == make_error_code(users::Errc::Unknown)) return fail(api::Errc::NotFound, result.error().detail);
  if (code == make_error_code(users::Errc::Exists)) return fail(api::Errc::Conflict, result.error().detail);
  if (code == make_error_code(users::Errc::BadUser)) return fail(api::Errc::BadRequest, result.error().detail);
  if (code == make_error_code(users::Errc::TooMany)) return fail(api::Errc::Refused, result.error().to_string());
  return result;
}

}  // namespace

Result<users::Seen> UserDesk::find(const std::string& name) {
  return for_api(users_.find(name));
}

Result<users::Seen> UserDesk::add(const std::string& name, const api::UserChange& values, const std::string& password,
                                  const api::Actor& actor) {
  users::User user;
  user.name = name;
  values.apply_to(user);
  auto added = for_api(users_.add(std::move(user), password));
  if (added) audit_(actor, "add user " + added->user.name);
  return added;
}

Result<users::Seen> UserDesk::change(const std::string& name, const api::UserChange& values, const api::Actor& actor) {
  auto changed = for_api(users_.change(name, [&values](users::User& user) { values.apply_to(user); }));
  if (changed) audit_(actor, "change user " + changed->user.name);
  return changed;
}

Result<> UserDesk::set_password(const std::string& name, const std::string& password, const api::Actor& actor) {
  auto done = for_api(users_.set_password(name, password));
  if (done) audit_(actor, "new password of user " + name);
  return done;
}

Result<> UserDesk::remove(const std::string& name, const api::Actor& actor) {
  auto done = for_api(users_.remove(name));
  if (done) audit_(actor, "remove user " + name);
  return done;
}

}  // namespace penstock::app
