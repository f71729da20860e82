// SPDX-License-Identifier: Apache-2.0
// Parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (6152, 3030), SMTPUTF8 (6531), RET, ENVID, NOTIFY, ORCPT (3461),
// REQUIRETLS (8689),
// AUTH (4954 §5: checked and ignored, since nobody is trusted to vouch for a sender).
//
// Pure; any thread. Keywords compare without case. A parameter given twice, a value that is missing, not asked for or
// not of its form is malformed; one whose extension is not offered is unknown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "model/envelope.h"
#include "smtp/server_options.h"

namespace penstock::smtp {

struct ParameterProblem {
  enum class Kind : std::uint8_t { Malformed, Unknown };
  Kind kind = Kind::Malformed;
  std::string_view keyword;  // as the client wrote it
};

struct MailParameters {
  std::uint64_t size_bytes = 0;  // 0: not given; the largest number when it does not fit
  model::BodyKind body_kind = model::BodyKind::SevenBit;
  bool smtputf8 = false;
  bool require_tls = false;
  model::DsnReturn dsn_return = model::DsnReturn::Unset;
  std::string envelope_id;  // decoded; up to 100 printable bytes
};

struct RcptParameters {
  std::uint8_t notify = model::kNotifyUnset;
  std::string original;  // "rfc822;user@example", decoded; up to 500 bytes
};

// `text` is what follows the path; `tls`: the link is encrypted.
[[nodiscard]] tl::expected<MailParameters, ParameterProblem> parse_mail_parameters(std::string_view text,
                                                                                   const Offers& offers,
                                                                                   bool tls = false);
// With `smtputf8` (of the transaction) ORCPT may be of type "utf-8" and hold UTF-8 (RFC 6533 §3).
[[nodiscard]] tl::expected<RcptParameters, ParameterProblem> parse_rcpt_parameters(std::string_view text,
                                                                                   const Offers& offers, bool smtputf8);

}  // namespace penstock::smtp
