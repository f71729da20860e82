// SPDX-License-Identifier: Apache-2.0
#include "dns/name.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <idn2.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/ascii.h"
#include "dns/errc.h"

namespace penstock::dns {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxUnicodeName = 1000;  // bytes of UTF-8 that are worth converting at all

bool is_plain(char c) {
  return c > ' ' && c < 0x7F && std::string_view("@[]\\\"(),;:<>").find(c) == std::string_view::npos;
}

std::string quoted(std::string_view name) {
  return fmt::format("\"{}\"", name.substr(0, kMaxName));
}

Result<std::string> to_a_labels(std::string_view name) {
  // libidn2 passes over what it dislikes among ASCII instead of refusing it.
  const bool odd = std::any_of(name.begin(), name.end(),
                               [](char c) { return static_cast<unsigned char>(c) < 0x80 && !is_plain(c); });
  if (odd || name.size() > kMaxUnicodeName) return fail(Errc::BadName, quoted(name));
  char* out = nullptr;
  const int status = idn2_to_ascii_8z(std::string(name).c_str(), &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, decltype(&idn2_free)> owner(static_cast<char*>(out), [](void* p) { idn2_free(p); });
  if (status != IDN2_OK) return fail(Errc::BadName, quoted(name) + ": " + idn2_strerror(status));
  return std::string(out);
}

}  // namespace

Result<std::string> normalize_name(std::string_view name) {
  std::string text;
  if (std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    text = ascii::lower(name);
  } else {
    auto converted = to_a_labels(name);
    if (!converted) return converted;
    text = ascii::lower(*converted);
  }
  if (!text.empty() && text.back() == '.') text.pop_back();
  if (text.size() > kMaxName) return fail(Errc::BadName, quoted(name) + ": over 253 characters");
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return fail(Errc::BadName, quoted(name) + ": empty label");
      label = 0;
    } else if (!is_plain(c)) {
      return fail(Errc::BadName, quoted(name) + ": a character that no domain name has");
    } else if (++label > kMaxLabel) {
      return fail(Errc::BadName, quoted(name) + ": a label over 63 characters");
    }
  }
  if (label == 0 && !name.empty() && name != ".") return fail(Errc::BadName, quoted(name) + ": empty label");
  return text;
}

Result<std::string> take_wire_name(std::span<const unsigned char>& wire) {
  std::string text;
  while (true) {
    if (wire.empty()) return fail(Errc::BadName, "name cut short");
    const std::size_t length = wire[0];
    if (length > kMaxLabel || length >= wire.size()) return fail(Errc::BadName, "name cut short");
    const auto label = wire.subspan(1, length);
    wire = wire.subspan(1 + length);
    if (length == 0) return text;
    if (!text.empty()) text += '.';
    for (const unsigned char c : label) {
      if (c != '.' && is_plain(static_cast<char>(c))) {
        text += ascii::to_lower(static_cast<char>(c));
      } else {
        text += fmt::format("\\{:03}", c);
      }
    }
  }
}

Result<std::string> reverse_name(std::string_view address) {
  const std::string text(address);
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return fmt::format("{}.{}.{}.{}.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return fail(Errc::BadName, quoted(address));
  std::string name;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    name += fmt::format("{:x}.{:x}.", *byte & 0xFU, *byte >> 4U);
  }
  return name + "ip6.arpa";
}

}  // namespace penstock::dns
