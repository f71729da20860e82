// SPDX-License-Identifier: Apache-2.0
#include "feedback/reference.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "base/ascii.h"
#include "feedback/keyed_digest.h"

namespace penstock::feedback {
namespace {

constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kIndexBytes = 4;
constexpr std::size_t kAddressBytes = 5;
constexpr std::size_t kStreamBytes = 2;
constexpr std::size_t kSignedBytes = kIdBytes + kIndexBytes + kAddressBytes + kStreamBytes;
constexpr std::size_t kCodeBytes = 10;
constexpr std::size_t kTokenBytes = kSignedBytes + kCodeBytes;
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
static_assert((kTokenBytes * 8 + 4) / 5 == kReferenceBytes);

std::uint64_t leading(const Digest& digest, std::size_t bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) number = number << 8 | digest[i];
  return number;
}

std::uint64_t address_check(const ReferenceKey& key, std::string_view address) {
  return leading(keyed_digest(key, Purpose::Address, ascii::lower(address)), kAddressBytes);
}
std::uint16_t stream_check(const ReferenceKey& key, std::string_view stream) {
  return static_cast<std::uint16_t>(leading(keyed_digest(key, Purpose::Stream, stream), kStreamBytes));
}

void put(std::string& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(number >> (8 * i) & 0xFF);
}

std::uint64_t take(std::string_view& bytes, std::size_t count) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < count; ++i) number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
  bytes.remove_prefix(count);
  return number;
}

std::string to_base32(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char byte : bytes) {
    bits = (bits << 8 | static_cast<std::uint8_t>(byte)) & 0xFFFF;
    for (held += 8; held >= 5; held -= 5) out += kAlphabet[bits >> (held - 5) & 31];
  }
  if (held > 0) out += kAlphabet[bits << (5 - held) & 31];
  return out;
}

int digit_of(char c) {
  const char lower = ascii::to_lower(c);
  if (lower >= 'a' && lower <= 'z') return lower - 'a';
  return lower >= '2' && lower <= '7' ? lower - '2' + 26 : -1;
}

// Nothing when a character is foreign or the bits that pad are not zero: one token has one spelling.
std::optional<std::string> from_base32(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const int digit = digit_of(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 5 | static_cast<std::uint32_t>(digit)) & 0xFFFF;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xFF);
  }
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return out;
}

std::string code_of(const ReferenceKey& key, std::string_view content) {
  const Digest digest = keyed_digest(key, Purpose::Reference, content);
  return {reinterpret_cast<const char*>(digest.data()), kCodeBytes};
}

}  // namespace

bool Reference::names(std::string_view address) const {
  return !address.empty() && feedback::address_check(key, address) == address_check;
}
bool Reference::is_of_stream(std::string_view stream) const {
  return feedback::stream_check(key, stream) == stream_check;
}

std::string make_reference(const ReferenceKey& key, model::RecipientId recipient, std::string_view address,
                           std::string_view stream) {
  std::string content;
  put(content, recipient.message.value, kIdBytes);
  put(content, recipient.index, kIndexBytes);
  put(content, address_check(key, address), kAddressBytes);
  put(content, stream_check(key, stream), kStreamBytes);
  content += code_of(key, content);
  return to_base32(content);
}

std::optional<Reference> verify_reference(const ReferenceKeys& keys, std::string_view token) {
  if (token.size() != kReferenceBytes) return std::nullopt;
  const std::optional<std::string> bytes = from_base32(token);
  if (!bytes || bytes->size() != kTokenBytes) return std::nullopt;
  std::string_view content = std::string_view(*bytes).substr(0, kSignedBytes);
  const auto fits = [&](const ReferenceKey& key) {
    return CRYPTO_memcmp(code_of(key, content).data(), bytes->data() + kSignedBytes, kCodeBytes) == 0;
  };
  Reference reference;
  if (fits(keys.current)) {
    reference.key = keys.current;
  } else {
    const auto older = std::find_if(keys.previous.begin(), keys.previous.end(), fits);
    if (older == keys.previous.end()) return std::nullopt;
    reference.key = *older;
  }
  reference.recipient.message = model::MessageId{take(content, kIdBytes)};
  reference.recipient.index = static_cast<std::uint32_t>(take(content, kIndexBytes));
  reference.address_check = take(content, kAddressBytes);
  reference.stream_check = static_cast<std::uint16_t>(take(content, kStreamBytes));
  return reference;
}

Time made_at(model::MessageId message) {
  constexpr unsigned kBitsBelowAMicrosecond = 8;
  return Time{Duration{static_cast<std::int64_t>(message.value >> kBitsBelowAMicrosecond)}};
}

bool is_too_old(const Reference& reference, Time received) {
  return received > made_at(reference.recipient.message) + kReferenceLasts;
}

std::vector<std::string_view> reference_candidates(std::string_view text) {
  constexpr std::size_t kCandidatesMax = 8;
  std::vector<std::string_view> candidates;
  for (std::size_t begin = 0; begin < text.size() && candidates.size() < kCandidatesMax;) {
    if (digit_of(text[begin]) < 0) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < text.size() && digit_of(text[end]) >= 0) ++end;
    if (end - begin == kReferenceBytes) candidates.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return candidates;
}

std::string expand(std::string_view address_template, std::string_view token) {
  constexpr std::string_view kPlace = "{ref}";
  std::string out;
  for (std::size_t at = address_template.find(kPlace); at != std::string_view::npos;
       at = address_template.find(kPlace)) {
    out += address_template.substr(0, at);
    out += token;
    address_template.remove_prefix(at + kPlace.size());
  }
  return out += address_template;
}

}  // namespace penstock::feedback
