// SPDX-License-Identifier: Apache-2.0
#include "sasl/scram.h"

#include <algorithm>
#include <charconv>

#include "base/base64.h"
#include "base/check.h"

namespace penstock::sasl {
namespace {

// Takes "x=value" and the comma behind it from the front; nothing when another attribute stands there.
std::optional<std::string_view> take_attribute(std::string_view& text, char name) {
  if (text.size() < 2 || text[0] != name || text[1] != '=') return std::nullopt;
  const std::string_view value = text.substr(2, text.find(',', 2) - 2);
  text.remove_prefix(2 + value.size());
  if (!text.empty()) {
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;  // a comma with nothing behind it
  }
  return value;
}

// What may follow: further attributes, each "x=value" with a letter for a name.
bool are_extensions(std::string_view text) {
  while (!text.empty()) {
    const char name = text.front();
    if (!((name >= 'a' && name <= 'z') || (name >= 'A' && name <= 'Z')) || !take_attribute(text, name)) return false;
  }
  return true;
}

bool is_nonce(std::string_view nonce) {
  return !nonce.empty() && std::all_of(nonce.begin(), nonce.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool fits(std::string_view message) {
  return message.size() <= kMessageBytesMax && message.find('\0') == std::string_view::npos;
}

}  // namespace

std::string escape_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> unescape_name(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '=') {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::string_view code = text.substr(0, 3);
    if (code != "=2C" && code != "=3D") return std::nullopt;
    out += code == "=2C" ? ',' : '=';
    text.remove_prefix(3);
  }
  return out;
}

std::optional<ClientFirst> parse_client_first(std::string_view message) {
  if (!fits(message)) return std::nullopt;
  ClientFirst first;
  std::string_view rest = message;
  if (!rest.starts_with("n,") && !rest.starts_with("y,")) return std::nullopt;
  rest.remove_prefix(2);
  if (rest.starts_with(',')) {
    rest.remove_prefix(1);
  } else {
    const auto authzid = take_attribute(rest, 'a');
    if (!authzid || authzid->empty()) return std::nullopt;
    auto name = unescape_name(*authzid);
    if (!name) return std::nullopt;
    first.authzid = std::move(*name);
  }
  first.gs2_header = message.substr(0, message.size() - rest.size());
  first.bare = rest;
  const auto user = take_attribute(rest, 'n');
  const auto nonce = user ? take_attribute(rest, 'r') : std::nullopt;
  if (!nonce || user->empty() || !is_nonce(*nonce) || !are_extensions(rest)) return std::nullopt;
  auto name = unescape_name(*user);
  if (!name) return std::nullopt;
  first.user = std::move(*name);
  first.nonce = *nonce;
  return first;
}

std::optional<ServerFirst> parse_server_first(std::string_view message) {
  if (!fits(message)) return std::nullopt;
  const auto nonce = take_attribute(message, 'r');
  const auto salt = nonce ? take_attribute(message, 's') : std::nullopt;
  const auto count = salt ? take_attribute(message, 'i') : std::nullopt;
  if (!count || !is_nonce(*nonce) || !are_extensions(message)) return std::nullopt;
  ServerFirst first;
  first.nonce = *nonce;
  auto decoded = decode_base64(*salt);
  const auto [end, error] = std::from_chars(count->data(), count->data() + count->size(), first.iterations);
  const bool is_number = error == std::errc{} && end == count->data() + count->size() && first.iterations > 0;
  if (!decoded || decoded->empty() || !is_number) return std::nullopt;
  first.salt = std::move(*decoded);
  return first;
}

std::string format_server_first(const ServerFirst& message) {
  return "r=" + message.nonce + ",s=" + encode_base64(message.salt) + ",i=" + std::to_string(message.iterations);
}

std::optional<ClientFinal> parse_client_final(std::string_view message) {
  if (!fits(message)) return std::nullopt;
  const std::size_t proof_at = message.rfind(",p=");
  if (proof_at == std::string_view::npos) return std::nullopt;
  ClientFinal final;
  std::string_view rest = message.substr(0, proof_at);
  final.without_proof = rest;
  const auto binding = take_attribute(rest, 'c');
  const auto nonce = binding ? take_attribute(rest, 'r') : std::nullopt;
  if (!nonce || !is_nonce(*nonce) || !are_extensions(rest)) return std::nullopt;
  auto decoded = decode_base64(*binding);
  auto proof = decode_base64(message.substr(proof_at + 3));
  if (!decoded || !proof) return std::nullopt;
  final.channel_binding = std::move(*decoded);
  final.nonce = *nonce;
  final.proof = std::move(*proof);
  return final;
}

std::optional<std::string> parse_server_final(std::string_view message) {
  if (!fits(message)) return std::nullopt;
  const auto signature = take_attribute(message, 'v');
  if (!signature || !are_extensions(message)) return std::nullopt;
  return decode_base64(*signature);
}

std::string exclusive_or(std::string_view a, std::string_view b) {
  PENSTOCK_CHECK(a.size() == b.size());
  std::string out(a.size(), '\0');
  for (std::size_t i = 0; i < a.size(); ++i) {
    out[i] = static_cast<char>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  }
  return out;
}

}  // namespace penstock::sasl
