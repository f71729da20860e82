// SPDX-License-Identifier: Apache-2.0
#include "suppression/address.h"

#include <idn2.h>

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace penstock::suppression {
namespace {

constexpr std::size_t kDomainMax = 255;
constexpr std::size_t kLocalMax = 256;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Stands for itself in a local part without quotes (RFC 5322 atext and the dot; UTF-8 by RFC 6531).
bool is_plain(char c) {
  const auto u = static_cast<unsigned char>(c);
  if (u >= 0x80 || ascii::is_alnum(c)) return true;
  return c != '\0' && std::strchr("!#$%&'*+-/=?^_`{|}~.", c) != nullptr;
}

std::optional<std::string> map_label(const std::string& label) {
  std::uint8_t* mapped = nullptr;
  const auto* text = reinterpret_cast<const std::uint8_t*>(label.c_str());
  if (idn2_lookup_u8(text, &mapped, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) return std::nullopt;
  std::string result(reinterpret_cast<const char*>(mapped));
  idn2_free(mapped);
  return result;
}

// Lower case and normal form of what is beyond ASCII: a detour over the A-label of each run of letters.
std::string fold(std::string_view local) {
  std::string folded;
  for (std::size_t i = 0; i < local.size();) {
    const auto is_part = [](char c) { return static_cast<unsigned char>(c) >= 0x80 || ascii::is_alnum(c); };
    std::size_t end = i;
    while (end < local.size() && is_part(local[end])) ++end;
    const std::string run(local.substr(i, end - i));
    i = end;
    std::string lower = ascii::lower(run);
    if (!is_ascii(run)) {
      char* unicode = nullptr;
      const auto label = map_label(run);
      if (label && idn2_to_unicode_8z8z(label->c_str(), &unicode, 0) == IDN2_OK) {
        lower = unicode;
        idn2_free(unicode);
      }
    }
    folded += lower;
    if (i < local.size()) folded += local[i++];
  }
  return folded;
}

Result<std::string> canonical_domain(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty()) return fail(Errc::BadAddress, "there is no domain");
  if (text.starts_with('[') && text.ends_with(']') && is_ascii(text)) return ascii::lower(text);
  const auto printable = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
  if (!std::all_of(text.begin(), text.end(), printable)) {
    return fail(Errc::BadAddress, "the domain has a character that may not stand there");
  }
  std::string domain = ascii::lower(text);
  if (!is_ascii(domain)) {
    auto mapped = map_label(domain);
    if (!mapped) return fail(Errc::BadAddress, "the domain is no valid international name");
    domain = std::move(*mapped);
  }
  const auto fits = [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.'; };
  if (domain.empty() || domain.size() > kDomainMax || domain.starts_with('.') || domain.ends_with('.') ||
      domain.find("..") != std::string::npos || !std::all_of(domain.begin(), domain.end(), fits)) {
    return fail(Errc::BadAddress, "the domain is not one");
  }
  return domain;
}

// RFC 5321 §4.1.2: "a\b" is the same mailbox as "ab".
Result<std::string> canonical_local(std::string_view text) {
  if (text.size() > kLocalMax) return fail(Errc::BadAddress, "the part before @ is too long");
  std::string plain;
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
      if (text[i] == '\\' && i + 2 < text.size()) ++i;
      plain += text[i];
    }
    const auto printable = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; };
    if (!std::all_of(plain.begin(), plain.end(), printable)) return fail(Errc::BadAddress, "has a control character");
    if (plain.empty() || !std::all_of(plain.begin(), plain.end(), is_plain)) {
      std::string quoted = "\"";
      for (const char c : fold(plain)) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
      return quoted + '"';
    }
  } else {
    plain = text;
    if (!std::all_of(plain.begin(), plain.end(), is_plain)) {
      return fail(Errc::BadAddress, "the part before @ has a character that may not stand there");
    }
  }
  return fold(plain);
}

bool is_gmail(std::string_view domain) {
  return domain == "gmail.com" || domain == "googlemail.com";
}

// "" when the provider sees nothing else in it than is written.
std::string as_provider(std::string_view canonical, const ProviderRules& rules) {
  const std::size_t at = canonical.rfind('@');
  if (!rules.gmail || at == 0 || !is_gmail(canonical.substr(at + 1)) || canonical.starts_with('"')) return {};
  std::string local(canonical.substr(0, std::min(canonical.find('+'), at)));
  std::erase(local, '.');
  std::string other = local.empty() ? std::string() : local + "@gmail.com";
  return other == canonical ? std::string() : other;
}

std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Little-endian, as the machines we run on.
std::uint64_t load(const char* from, std::size_t bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, bytes);
  return value;
}

}  // namespace

Result<std::string> canonical_address(std::string_view text, const ProviderRules& rules) {
  text = ascii::trim(text);
  if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return fail(Errc::BadAddress, "there is no @");
  auto domain = canonical_domain(text.substr(at + 1));
  if (!domain) return domain;
  std::string canonical;
  if (at > 0) {
    auto local = canonical_local(text.substr(0, at));
    if (!local) return local;
    canonical = std::move(*local);
  }
  canonical += '@';
  canonical += *domain;
  std::string other = as_provider(canonical, rules);
  return other.empty() ? canonical : other;
}

// Multiply and fold, eight bytes at a time: some 2 ns for an address.
std::uint64_t hash_address(std::string_view canonical) {
  constexpr std::uint64_t kFirst = 0xa076'1d64'78bd'642f;
  constexpr std::uint64_t kSecond = 0xe703'7ed1'a0b4'28db;
  std::uint64_t hash = kFirst ^ canonical.size();
  const char* at = canonical.data();
  std::size_t left = canonical.size();
  for (; left > 8; left -= 8, at += 8) hash = fold_product(hash ^ load(at, 8), kSecond);
  hash = fold_product(hash ^ load(at, left), kSecond);
  return fold_product(hash ^ kFirst, kSecond);
}

LookupKeys::LookupKeys(std::string_view address, const ProviderRules& rules) {
  std::string_view canonical;
  const bool usual = address.size() <= buffer_.size() && !address.starts_with('"') && !address.starts_with('<') &&
                     !address.ends_with('.') && is_ascii(address);
  if (usual) {
    std::transform(address.begin(), address.end(), buffer_.begin(), [](char c) { return ascii::to_lower(c); });
    canonical = {buffer_.data(), address.size()};
  } else {
    auto made = canonical_address(address, {});
    if (!made) return;
    long_ = std::move(*made);
    canonical = long_;
  }
  const std::size_t at = canonical.rfind('@');
  if (at == std::string_view::npos || at + 1 == canonical.size()) return;
  add(canonical);
  if (rules.gmail) {
    provider_ = as_provider(canonical, rules);
    if (!provider_.empty()) add(provider_);
  }
  if (at > 0) add(canonical.substr(at));
}

void LookupKeys::add(std::string_view address) {
  keys_[count_++] = {address, hash_address(address)};
}

}  // namespace penstock::suppression
