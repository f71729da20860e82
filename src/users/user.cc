// SPDX-License-Identifier: Apache-2.0
#include "users/user.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "users/errc.h"

namespace penstock::users {
namespace {

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kNoteBytesMax = 200;
constexpr std::uint32_t kConnectionsMax = 100'000;
constexpr double kRateMax = 1e9;

bool is_name_byte(char c) {
  return ascii::is_alnum(c) || std::string_view("._-+@").find(c) != std::string_view::npos;
}

bool is_stream_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return ascii::is_alnum(c) || c == '.' || c == '_' || c == '-';
  });
}

bool is_domain_pattern(std::string_view domain) {
  if (domain.starts_with("*.")) domain.remove_prefix(2);
  const bool good = std::all_of(domain.begin(), domain.end(), [](char c) {
    return ascii::is_alnum(c) || c == '-' || c == '.' || c == '_' || static_cast<unsigned char>(c) > 127;
  });
  return good && !domain.empty() && domain.size() <= 253 && domain.front() != '.' && domain.back() != '.';
}

bool domain_fits(std::string_view domain, std::string_view pattern) {
  if (!pattern.starts_with("*.")) return ascii::equal_ignoring_case(domain, pattern);
  const std::string_view suffix = pattern.substr(1);
  return domain.size() > suffix.size() &&
         ascii::equal_ignoring_case(domain.substr(domain.size() - suffix.size()), suffix);
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

Result<std::string> canonical_name(std::string_view name) {
  const bool good =
      !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), is_name_byte);
  if (good) return ascii::lower(name);
  return fail(Errc::BadUser, fmt::format("a user's name has letters, digits and \"._-+@\", at most {}", kNameBytesMax));
}

Result<> check_user(User& user) {
  if (user.streams.size() > kListMax || user.sender_domains.size() > kListMax) {
    return fail(Errc::BadUser, fmt::format("at most {} streams or domains", kListMax));
  }
  for (const std::string& stream : user.streams) {
    if (!is_stream_name(stream)) return fail(Errc::BadUser, fmt::format("\"{}\" is no stream's name", stream));
  }
  for (std::string& domain : user.sender_domains) {
    if (!is_domain_pattern(domain)) return fail(Errc::BadUser, fmt::format("\"{}\" is no domain", domain));
    domain = ascii::lower(domain);
  }
  if (user.connections > kConnectionsMax) {
    return fail(Errc::BadUser, fmt::format("connections: at most {}", kConnectionsMax));
  }
  if (user.message_rate.count < 0 || user.message_rate.count > kRateMax) {
    return fail(Errc::BadUser, "message_rate is out of bounds");
  }
  if (user.note.size() > kNoteBytesMax || has_control_character(user.note)) {
    return fail(Errc::BadUser, fmt::format("a note has at most {} characters and no line end", kNoteBytesMax));
  }
  return {};
}

bool may_use_stream(const User& user, std::string_view stream) {
  return user.streams.empty() || std::find(user.streams.begin(), user.streams.end(), stream) != user.streams.end();
}

bool may_send_from(const User& user, std::string_view address) {
  if (user.sender_domains.empty() || address.empty()) return true;
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::string_view domain = address.substr(at + 1);
  return std::any_of(user.sender_domains.begin(), user.sender_domains.end(),
                     [domain](const std::string& pattern) { return domain_fits(domain, pattern); });
}

}  // namespace penstock::users
