// SPDX-License-Identifier: Apache-2.0
#include "tlspolicy/report_record.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace penstock::tlspolicy {
namespace {

std::string_view cut(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  const std::string_view first = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return first;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// Nothing when an escape is malformed or stands for what cannot be printed.
std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c <= ' ' || c > '~') return std::nullopt;
    decoded += c;
  }
  return decoded;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host.front() != '.' &&
         std::all_of(host.begin(), host.end(),
                     [](char c) { return ascii::is_alnum(c) || c == '-' || c == '.' || c == '_'; });
}

// One address without quotes, routes or comments; its domain a name.
std::optional<std::string> mail_address(std::string_view uri) {
  const auto address = decode(uri.substr(0, uri.find('?')));
  if (!address || address->size() > 254) return std::nullopt;
  const std::size_t at = address->rfind('@');
  if (at == std::string::npos || at == 0 || !is_host(std::string_view(*address).substr(at + 1))) return std::nullopt;
  constexpr std::string_view kRefused = "\"\\<>()[],;:@";
  const bool plain = std::none_of(address->begin(), address->begin() + static_cast<std::ptrdiff_t>(at),
                                  [&](char c) { return kRefused.find(c) != std::string_view::npos; });
  return plain ? address : std::nullopt;
}

void add_address(std::vector<ReportAddress>& all, std::string_view uri) {
  if (all.size() == kAddressesMax) return;
  if (ascii::starts_with_ignoring_case(uri, "mailto:")) {
    if (auto address = mail_address(uri.substr(7))) all.push_back({ReportAddress::Way::Mail, std::move(*address)});
  } else if (parse_https_url(uri)) {
    all.push_back({ReportAddress::Way::Https, std::string(uri)});
  }
}

}  // namespace

std::optional<HttpsUrl> parse_https_url(std::string_view url) {
  if (url.size() > 2000 || !ascii::starts_with_ignoring_case(url, "https://")) return std::nullopt;
  std::string_view rest = url.substr(8);
  if (std::any_of(rest.begin(), rest.end(), [](char c) { return c <= ' ' || c > '~'; })) return std::nullopt;
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, end);
  rest.remove_prefix(end);
  HttpsUrl parsed;
  parsed.target = std::string(rest.substr(0, rest.find('#')));
  if (parsed.target.empty() || parsed.target.front() != '/') parsed.target.insert(0, "/");
  const std::string_view host = cut(authority, ':');
  if (!is_host(host)) return std::nullopt;
  parsed.host = ascii::lower(host);
  if (authority.empty()) return parsed;
  const auto [last, error] = std::from_chars(authority.data(), authority.data() + authority.size(), parsed.port);
  if (error != std::errc{} || last != authority.data() + authority.size() || parsed.port == 0) return std::nullopt;
  return parsed;
}

std::vector<ReportAddress> parse_report_record(std::span<const std::string> txts) {
  const std::string* only = nullptr;
  for (const std::string& txt : txts) {
    const std::string_view text(txt);
    if (ascii::trim(text.substr(0, text.find(';'))) != "v=TLSRPTv1") continue;
    if (only != nullptr) return {};
    only = &txt;
  }
  std::vector<ReportAddress> all;
  if (only == nullptr) return all;
  std::string_view rest = *only;
  bool seen = false;
  while (!rest.empty()) {
    std::string_view value = ascii::trim(cut(rest, ';'));
    if (ascii::trim(cut(value, '=')) != "rua") continue;
    if (seen) return {};
    seen = true;
    while (!value.empty()) add_address(all, ascii::trim(cut(value, ',')));
  }
  return all;
}

}  // namespace penstock::tlspolicy
