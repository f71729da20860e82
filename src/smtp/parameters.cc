// SPDX-License-Identifier: Apache-2.0
#include "smtp/parameters.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/ascii.h"
#include "smtp/utf8.h"
#include "smtp/xtext.h"

namespace penstock::smtp {
namespace {

using Kind = ParameterProblem::Kind;

constexpr std::size_t kEnvelopeIdBytesMax = 100;  // encoded, RFC 3461 §4.4
constexpr std::size_t kOriginalBytesMax = 500;    // encoded, §4.2

enum class Keyword : std::uint8_t { Unknown, Size, Body, Smtputf8, RequireTls, Ret, Envid, Auth, Notify, Orcpt };

struct Parameter {
  std::string_view keyword;
  std::string_view value;
  bool has_value = false;
};

// Takes the next one from the front; nothing at the end.
std::optional<Parameter> take_parameter(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  const std::string_view whole = text.substr(0, text.find(' '));
  text.remove_prefix(whole.size());
  const std::size_t equals = whole.find('=');
  if (equals == std::string_view::npos) return Parameter{whole, {}, false};
  return Parameter{whole.substr(0, equals), whole.substr(equals + 1), true};
}

Keyword mail_keyword(std::string_view keyword, const Offers& offers, bool tls) {
  const auto is = [keyword](std::string_view name) { return ascii::equal_ignoring_case(keyword, name); };
  if (is("SIZE")) return Keyword::Size;
  if (is("BODY") && (offers.eight_bit_mime || offers.binary_mime)) return Keyword::Body;
  if (is("SMTPUTF8") && offers.smtputf8) return Keyword::Smtputf8;
  if (is("RET") && offers.dsn) return Keyword::Ret;
  if (is("ENVID") && offers.dsn) return Keyword::Envid;
  if (is("REQUIRETLS") && offers.require_tls && tls) return Keyword::RequireTls;
  return is("AUTH") ? Keyword::Auth : Keyword::Unknown;
}

Keyword rcpt_keyword(std::string_view keyword, const Offers& offers) {
  if (!offers.dsn) return Keyword::Unknown;
  if (ascii::equal_ignoring_case(keyword, "NOTIFY")) return Keyword::Notify;
  return ascii::equal_ignoring_case(keyword, "ORCPT") ? Keyword::Orcpt : Keyword::Unknown;
}

bool read_size(std::string_view value, std::uint64_t& size_bytes) {
  if (value.empty() || value.size() > 20 || !std::all_of(value.begin(), value.end(), ascii::is_digit)) return false;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), size_bytes);
  if (read.ec == std::errc::result_out_of_range) size_bytes = std::numeric_limits<std::uint64_t>::max();
  return true;
}

bool read_body(std::string_view value, const Offers& offers, model::BodyKind& kind) {
  const auto is = [value](std::string_view name) { return ascii::equal_ignoring_case(value, name); };
  if (is("7BIT")) {
    kind = model::BodyKind::SevenBit;
  } else if (is("8BITMIME") && offers.eight_bit_mime) {
    kind = model::BodyKind::EightBitMime;
  } else if (is("BINARYMIME") && offers.binary_mime) {
    kind = model::BodyKind::BinaryMime;
  } else {
    return false;
  }
  return true;
}

bool read_return(std::string_view value, model::DsnReturn& dsn_return) {
  const bool full = ascii::equal_ignoring_case(value, "FULL");
  dsn_return = full ? model::DsnReturn::Full : model::DsnReturn::Headers;
  return full || ascii::equal_ignoring_case(value, "HDRS");
}

bool read_envelope_id(std::string_view value, std::string& envelope_id) {
  auto decoded = decode_xtext(value);
  if (value.empty() || value.size() > kEnvelopeIdBytesMax || !decoded || !is_printable(*decoded)) return false;
  envelope_id = std::move(*decoded);
  return true;
}

bool read_notify(std::string_view value, std::uint8_t& notify) {
  if (ascii::equal_ignoring_case(value, "NEVER")) {
    notify = model::kNotifyNever;
    return true;
  }
  for (;;) {
    const std::string_view word = value.substr(0, value.find(','));
    if (ascii::equal_ignoring_case(word, "SUCCESS")) {
      notify |= model::kNotifySuccess;
    } else if (ascii::equal_ignoring_case(word, "FAILURE")) {
      notify |= model::kNotifyFailure;
    } else if (ascii::equal_ignoring_case(word, "DELAY")) {
      notify |= model::kNotifyDelay;
    } else {
      return false;
    }
    if (word.size() == value.size()) return true;
    value.remove_prefix(word.size() + 1);
  }
}

bool is_address_type(std::string_view type) {
  return !type.empty() && std::all_of(type.begin(), type.end(),
                                      [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool read_original(std::string_view value, bool smtputf8, std::string& original) {
  const std::size_t semicolon = value.find(';');
  if (value.size() > kOriginalBytesMax || semicolon == std::string_view::npos) return false;
  const std::string_view type = value.substr(0, semicolon);
  const std::string_view address = value.substr(semicolon + 1);
  if (!is_address_type(type) || address.empty()) return false;
  if (smtputf8 && has_eight_bit(address)) {
    if (!ascii::equal_ignoring_case(type, "utf-8") || !is_utf8_text(address)) return false;
    original = value;
    return true;
  }
  const auto decoded = decode_xtext(address);
  if (!decoded || !is_printable(*decoded)) return false;
  original.assign(type).append(";").append(*decoded);
  return true;
}

bool read_mail_value(Keyword keyword, std::string_view value, const Offers& offers, MailParameters& out) {
  switch (keyword) {
    case Keyword::Size: return read_size(value, out.size_bytes);
    case Keyword::Body: return read_body(value, offers, out.body_kind);
    case Keyword::Smtputf8: return out.smtputf8 = true;
    case Keyword::RequireTls: return out.require_tls = true;
    case Keyword::Ret: return read_return(value, out.dsn_return);
    case Keyword::Envid: return read_envelope_id(value, out.envelope_id);
    case Keyword::Auth: return !value.empty() && decode_xtext(value).has_value();
    case Keyword::Notify:
    case Keyword::Orcpt:
    case Keyword::Unknown: return false;
  }
  return false;
}

// Whether it may stand here: known, not yet seen, with a value if and only if it takes one.
std::optional<ParameterProblem> check(const Parameter& parameter, Keyword keyword, unsigned& seen) {
  if (keyword == Keyword::Unknown) return ParameterProblem{Kind::Unknown, parameter.keyword};
  const unsigned bit = 1U << static_cast<unsigned>(keyword);
  if ((seen & bit) != 0 || parameter.has_value == (keyword == Keyword::Smtputf8 || keyword == Keyword::RequireTls)) {
    return ParameterProblem{Kind::Malformed, parameter.keyword};
  }
  seen |= bit;
  return std::nullopt;
}

}  // namespace

tl::expected<MailParameters, ParameterProblem> parse_mail_parameters(std::string_view text, const Offers& offers,
                                                                     bool tls) {
  MailParameters out;
  unsigned seen = 0;
  while (const auto parameter = take_parameter(text)) {
    const Keyword keyword = mail_keyword(parameter->keyword, offers, tls);
    if (const auto problem = check(*parameter, keyword, seen)) return tl::unexpected(*problem);
    if (!read_mail_value(keyword, parameter->value, offers, out)) {
      return tl::unexpected(ParameterProblem{Kind::Malformed, parameter->keyword});
    }
  }
  return out;
}

tl::expected<RcptParameters, ParameterProblem> parse_rcpt_parameters(std::string_view text, const Offers& offers,
                                                                     bool smtputf8) {
  RcptParameters out;
  unsigned seen = 0;
  while (const auto parameter = take_parameter(text)) {
    const Keyword keyword = rcpt_keyword(parameter->keyword, offers);
    if (const auto problem = check(*parameter, keyword, seen)) return tl::unexpected(*problem);
    const bool read = keyword == Keyword::Notify ? read_notify(parameter->value, out.notify)
                                                 : read_original(parameter->value, smtputf8, out.original);
    if (!read) return tl::unexpected(ParameterProblem{Kind::Malformed, parameter->keyword});
  }
  return out;
}

}  // namespace penstock::smtp
