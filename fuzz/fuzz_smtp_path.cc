// SPDX-License-Identifier: Apache-2.0
// Paths, parameters and XCLIENT attributes. What is taken must be harmless on the wire and stay as it is when it is
// read again.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "smtp/parameters.h"
#include "smtp/path.h"
#include "smtp/utf8.h"
#include "smtp/xclient.h"

namespace {

using namespace penstock::smtp;

void check_path(std::string_view text, Utf8 utf8) {
  std::string_view rest = text;
  const auto path = take_path(rest, utf8);
  if (!path || path->empty() || *path == "postmaster") return;
  PENSTOCK_CHECK(utf8 == Utf8::Allowed ? is_utf8_text(*path) : is_printable(*path));
  PENSTOCK_CHECK(path->find('@') != std::string::npos);
  const auto again = parse_mailbox(*path, utf8);
  PENSTOCK_CHECK(again && *again == *path);
  std::string bracketed = "<";
  bracketed.append(*path).append("> X=1");
  std::string_view second = bracketed;
  const auto taken = take_path(second, utf8);
  PENSTOCK_CHECK(taken && *taken == *path && second == " X=1");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_path(text, Utf8::Refused);
  check_path(text, Utf8::Allowed);
  Offers offers;
  offers.binary_mime = true;
  if (const auto mail = parse_mail_parameters(text, offers)) PENSTOCK_CHECK(is_printable(mail->envelope_id));
  if (const auto rcpt = parse_rcpt_parameters(text, offers, false)) PENSTOCK_CHECK(is_printable(rcpt->original));
  if (const auto rcpt = parse_rcpt_parameters(text, offers, true)) PENSTOCK_CHECK(is_utf8_text(rcpt->original));
  if (const auto client = parse_xclient(text)) PENSTOCK_CHECK(is_printable(client->name.value_or("")));
  return 0;
}
