// SPDX-License-Identifier: Apache-2.0
#include "unsubscribe/link.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstdint>

#include "feedback/keyed_digest.h"

namespace penstock::unsubscribe {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kCodeBytes = 16;
constexpr std::size_t kLabelBytesMax = 255;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Base 64 for URLs, without padding (RFC 4648 §5).
std::string to_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char byte : bytes) {
    bits = (bits << 8 | static_cast<std::uint8_t>(byte)) & 0xFFFF;
    for (held += 8; held >= 6; held -= 6) out += kAlphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) out += kAlphabet[bits << (6 - held) & 63];
  return out;
}

// Nothing when a character is foreign or the bits that pad are not zero: one token has one spelling.
std::optional<std::string> from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFF;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xFF);
  }
  if (held >= 6 || (bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return out;
}

void put(std::string& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(number >> (8 * i) & 0xFF);
}

void put_label(std::string& out, std::string_view text) {
  put(out, text.size(), 1);
  out += text;
}

class Taker {
 public:
  explicit Taker(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t number = 0;
    for (const char byte : text(bytes)) number = number << 8 | static_cast<std::uint8_t>(byte);
    return number;
  }
  std::string_view text(std::size_t bytes) {
    good_ = good_ && bytes <= rest_.size();
    if (!good_) return {};
    const std::string_view text = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return text;
  }
  std::string_view label() { return text(number(1)); }
  std::string_view rest() { return text(rest_.size()); }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::string code_of(const feedback::ReferenceKey& key, std::string_view content) {
  const feedback::Digest digest = feedback::keyed_digest(key, feedback::Purpose::Unsubscribe, content);
  return {reinterpret_cast<const char*>(digest.data()), kCodeBytes};
}

std::int64_t seconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

std::string make_token(const feedback::ReferenceKey& key, const Wish& wish) {
  if (wish.stream.size() > kLabelBytesMax || wish.list.size() > kLabelBytesMax || wish.address.empty()) return {};
  std::string content(1, kVersion);
  put(content, wish.recipient.message.value, 8);
  put(content, wish.recipient.index, 4);
  put(content, static_cast<std::uint64_t>(seconds_of(wish.made)), 5);
  put_label(content, wish.stream);
  put_label(content, wish.list);
  content += wish.address;
  content += code_of(key, content);
  std::string token = to_base64(content);
  if (token.size() > kTokenBytesMax) token.clear();
  return token;
}

std::optional<Wish> verify_token(const feedback::ReferenceKeys& keys, std::string_view token) {
  if (token.empty() || token.size() > kTokenBytesMax) return std::nullopt;
  const std::optional<std::string> bytes = from_base64(token);
  if (!bytes || bytes->size() <= kCodeBytes || bytes->front() != kVersion) return std::nullopt;
  const std::string_view content = std::string_view(*bytes).substr(0, bytes->size() - kCodeBytes);
  const auto fits = [&](const feedback::ReferenceKey& key) {
    return CRYPTO_memcmp(code_of(key, content).data(), bytes->data() + content.size(), kCodeBytes) == 0;
  };
  if (!fits(keys.current) && std::none_of(keys.previous.begin(), keys.previous.end(), fits)) return std::nullopt;
  Taker take(content);
  Wish wish;
  (void)take.number(1);
  wish.recipient.message = model::MessageId{take.number(8)};
  wish.recipient.index = static_cast<std::uint32_t>(take.number(4));
  wish.made = Time{std::chrono::seconds{take.number(5)}};
  wish.stream = take.label();
  wish.list = take.label();
  wish.address = take.rest();
  if (!take.good() || wish.address.empty()) return std::nullopt;
  return wish;
}

bool is_expired(const Wish& wish, Duration lasts, Time wall) {
  return lasts != Duration::zero() && wall > wish.made + lasts;
}

}  // namespace penstock::unsubscribe
