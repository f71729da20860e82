// SPDX-License-Identifier: Apache-2.0
#include "smtp/client_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/ascii.h"
#include "smtp/dot_stuffing.h"
#include "smtp/utf8.h"

namespace penstock::smtp {
namespace {

using model::BodyKind;
using model::OutcomeClass;
using model::Step;

constexpr std::uint8_t kNotifyAll =
    model::kNotifyNever | model::kNotifySuccess | model::kNotifyFailure | model::kNotifyDelay;

// A path that would end the command early or begin another one. Nothing we accepted has it; nothing must ever send it.
bool fits_wire(std::string_view address) {
  bool quoted = false;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const auto c = static_cast<unsigned char>(address[i]);
    if (c < 0x20 || c == 0x7F) return false;
    if (c == '"') quoted = !quoted;
    if (c == '\\' && quoted) {
      if (++i == address.size()) return false;
      continue;
    }
    if (!quoted && (c == ' ' || c == '<' || c == '>')) return false;
  }
  return !quoted;
}

model::Outcome bounce(Step step, OutcomeClass outcome_class, std::uint16_t code, model::EnhancedStatus enhanced,
                      std::string words) {
  return {.kind = model::OutcomeKind::Bounced,
          .step = step,
          .outcome_class = outcome_class,
          .reply = {.code = code, .enhanced = enhanced, .text = std::move(words)}};
}

// The header ends at the first empty line; a line may lie across parts.
bool header_is_ascii(std::span<const std::string_view> body) {
  bool line_is_empty = true;
  for (const std::string_view part : body) {
    for (const char c : part) {
      if (static_cast<unsigned char>(c) > 127) return false;
      if (c == '\n') {
        if (line_is_empty) return true;
        line_is_empty = true;
      } else if (c != '\r') {
        line_is_empty = false;
      }
    }
  }
  return true;
}

std::uint64_t size_of(std::span<const std::string_view> body, bool binary) {
  std::uint64_t size = 0;
  char last = '\n';
  char before_last = '\r';
  for (const std::string_view part : body) {
    if (part.empty()) continue;
    size += part.size();
    before_last = part.size() > 1 ? part[part.size() - 2] : last;
    last = part.back();
  }
  return binary ? size : size + missing_line_end(before_last, last).size();
}

std::string_view name_of(model::DsnReturn dsn_return) {
  return dsn_return == model::DsnReturn::Full ? "FULL" : "HDRS";
}

void append_notify(std::string& out, std::uint8_t notify) {
  out += " NOTIFY=";
  if ((notify & model::kNotifyNever) != 0) {
    out += "NEVER";
    return;
  }
  std::string_view separator;
  const auto add = [&](model::Notify flag, std::string_view name) {
    if ((notify & flag) == 0) return;
    out += separator;
    out += name;
    separator = ",";
  };
  add(model::kNotifySuccess, "SUCCESS");
  add(model::kNotifyFailure, "FAILURE");
  add(model::kNotifyDelay, "DELAY");
}

// One character of an ORCPT of type utf-8 (RFC 6533 §3): raw where SMTPUTF8 is spoken, "\x{HEX}" else. Returns its
// bytes.
std::size_t append_utf8_character(std::string& out, std::string_view text, bool raw) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  const std::string_view character = text.substr(0, length);
  if (raw) {
    out += character;
    return character.size();
  }
  std::uint32_t point = first & (0x7FU >> length);
  for (const char c : character.substr(1)) point = point << 6 | (static_cast<unsigned char>(c) & 0x3FU);
  fmt::format_to(std::back_inserter(out), "\\x{{{:X}}}", point);
  return character.size();
}

void append_original(std::string& out, std::string_view original, const Extensions& offered) {
  out += " ORCPT=";
  const std::size_t type_end = original.find(';');
  const std::string_view type = original.substr(0, std::min(type_end, original.size()));
  // A type is an atom (RFC 3464 §2.1.1). Anything else was never one, and could end the command.
  if (type_end == std::string_view::npos ||
      !std::all_of(type.begin(), type.end(), [](char c) { return ascii::is_alnum(c) || c == '-'; })) {
    out += "rfc822;";
    append_xtext(out, original);
    return;
  }
  out += original.substr(0, type_end + 1);
  std::string_view address = original.substr(type_end + 1);
  if (!ascii::equal_ignoring_case(type, "utf-8")) {
    append_xtext(out, address);
    return;
  }
  while (!address.empty()) {
    const std::size_t plain = static_cast<std::size_t>(
        std::find_if(address.begin(), address.end(), [](char c) { return static_cast<unsigned char>(c) > 127; }) -
        address.begin());
    append_xtext(out, address.substr(0, plain));
    address.remove_prefix(plain);
    if (!address.empty()) address.remove_prefix(append_utf8_character(out, address, offered.smtputf8));
  }
}

}  // namespace

void append_xtext(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c > 0x20 && c < 0x7F && c != '+' && c != '=') {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "+{:02X}", static_cast<unsigned char>(c));
    }
  }
}

std::string_view sender_of(const Transaction& transaction) {
  return transaction.sender.value_or(transaction.envelope->sender);
}

MessageFacts find_facts(const Transaction& transaction, const Extensions& offered) {
  const model::Envelope& envelope = *transaction.envelope;
  MessageFacts facts;
  facts.binary = envelope.body_kind == BodyKind::BinaryMime;
  facts.size_bytes = size_of(transaction.body, facts.binary);
  facts.utf8_message = has_eight_bit(sender_of(transaction)) ||
                       (envelope.smtputf8 && (offered.smtputf8 || !header_is_ascii(transaction.body)));
  return facts;
}

std::optional<model::Outcome> check_message(const Transaction& transaction, const MessageFacts& facts,
                                            const Extensions& offered, const ClientOptions& options) {
  const model::Envelope& envelope = *transaction.envelope;
  if (!fits_wire(sender_of(transaction))) {
    return bounce(Step::Mail, OutcomeClass::Protocol, 553, {5, 1, 7}, "the sender's address is not a valid path");
  }
  if (offered.size_max_bytes != 0 && facts.size_bytes > offered.size_max_bytes) {
    return bounce(Step::Mail, OutcomeClass::MessageTooLarge, 552, {5, 3, 4},
                  fmt::format("the message has {} bytes, the receiver takes at most {}", facts.size_bytes,
                              offered.size_max_bytes));
  }
  if (facts.utf8_message && !offered.smtputf8) {
    return bounce(Step::Mail, OutcomeClass::ContentRejected, 553, {5, 6, 7},
                  "the message needs SMTPUTF8, which the receiver does not offer");
  }
  if (facts.binary && !(offered.binary_mime && offered.chunking)) {
    return bounce(Step::Mail, OutcomeClass::ContentRejected, 554, {5, 6, 3},
                  "the message is binary, and the receiver does not offer BINARYMIME");
  }
  if (envelope.body_kind == BodyKind::EightBitMime && !offered.eight_bit_mime &&
      options.eight_bit == EightBitPolicy::Bounce &&
      std::any_of(transaction.body.begin(), transaction.body.end(), has_eight_bit)) {
    return bounce(Step::Mail, OutcomeClass::ContentRejected, 554, {5, 6, 3},
                  "the message has 8-bit text, and the receiver does not offer 8BITMIME");
  }
  return std::nullopt;
}

std::optional<model::Outcome> check_recipient(const model::Recipient& recipient, const Extensions& offered) {
  if (recipient.address.empty() || !fits_wire(recipient.address)) {
    return bounce(Step::Rcpt, OutcomeClass::InvalidMailbox, 553, {5, 1, 3}, "the address is not a valid path");
  }
  if (!offered.smtputf8 && has_eight_bit(recipient.address)) {
    return bounce(Step::Rcpt, OutcomeClass::ContentRejected, 553, {5, 6, 7},
                  "the address needs SMTPUTF8, which the receiver does not offer");
  }
  return std::nullopt;
}

void append_mail_command(std::string& out, const Transaction& transaction, const MessageFacts& facts,
                         const Extensions& offered) {
  const model::Envelope& envelope = *transaction.envelope;
  const auto into = std::back_inserter(out);
  fmt::format_to(into, "MAIL FROM:<{}>", sender_of(transaction));
  if (offered.size) fmt::format_to(into, " SIZE={}", facts.size_bytes);
  if (facts.binary) {
    out += " BODY=BINARYMIME";
  } else if (envelope.body_kind == BodyKind::EightBitMime && offered.eight_bit_mime) {
    out += " BODY=8BITMIME";
  }
  if (offered.smtputf8) {
    const bool needed =
        facts.utf8_message || std::any_of(transaction.recipients.begin(), transaction.recipients.end(),
                                          [&](auto i) { return has_eight_bit(envelope.recipients[i].address); });
    if (needed) out += " SMTPUTF8";
  }
  if (offered.require_tls && envelope.tls == model::TlsWish::Required) out += " REQUIRETLS";
  if (offered.dsn) {
    if (envelope.dsn_return != model::DsnReturn::Unset) {
      fmt::format_to(into, " RET={}", name_of(envelope.dsn_return));
    }
    if (!envelope.envelope_id.empty()) {
      out += " ENVID=";
      append_xtext(out, envelope.envelope_id);
    }
  }
  out += "\r\n";
}

void append_rcpt_command(std::string& out, const model::Recipient& recipient, const Extensions& offered) {
  fmt::format_to(std::back_inserter(out), "RCPT TO:<{}>", recipient.address);
  if (offered.dsn) {
    if ((recipient.notify & kNotifyAll) != 0) append_notify(out, recipient.notify);
    if (!recipient.original.empty()) append_original(out, recipient.original, offered);
  }
  out += "\r\n";
}

}  // namespace penstock::smtp
