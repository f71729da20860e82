// SPDX-License-Identifier: Apache-2.0
// A report made of hostile words: addresses, replies, host names and the original come from the input. Whatever they
// are, the report has CRLF line ends only, no long line, and the parts that we wrote.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mime/header.h"
#include "mime/labels.h"
#include "report/dsn.h"
#include "report/harmless.h"

namespace {

using namespace penstock;

// Takes the input apart: each piece ends with the byte 0x1E or with the input.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : rest_(text) {}
  std::string_view next() {
    const std::size_t end = rest_.find('\x1E');
    const std::string_view piece = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return piece;
  }
  std::uint8_t byte() {
    const std::string_view piece = next();
    return piece.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(piece.front());
  }

 private:
  std::string_view rest_;
};

void check_lines(std::string_view text) {
  PENSTOCK_CHECK(text.ends_with("\r\n") && text.find('\0') == std::string_view::npos);
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    PENSTOCK_CHECK(line.size() <= report::kLineBytesMax && line.find_first_of("\r\n") == std::string_view::npos);
    text.remove_prefix(end + 2);
  }
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; at += what.size()) ++found;
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Pieces pieces(std::string_view(reinterpret_cast<const char*>(data), size));
  const std::uint8_t choices = pieces.byte();
  model::Envelope envelope;
  envelope.dsn_return = static_cast<model::DsnReturn>(choices % 3);
  envelope.smtputf8 = (choices & 4) != 0;
  envelope.sender = std::string(pieces.next()) + "@a.example";
  envelope.envelope_id = pieces.next();
  envelope.recipients.push_back({.address = std::string(pieces.next()), .original = std::string(pieces.next())});

  report::DsnRecipient recipient;
  recipient.action = static_cast<report::DsnAction>(choices / 8 % 5);
  recipient.outcome.outcome_class = static_cast<model::OutcomeClass>(pieces.byte() % 28);
  recipient.outcome.reply.code = (choices & 128) != 0 ? 550 : 0;
  recipient.outcome.reply.text = pieces.next();
  recipient.remote_host = pieces.next();
  recipient.last_attempt = recipient.will_retry_until = Time{std::chrono::seconds{1'800'000'000}};

  const report::BuiltDsn dsn = report::build_dsn({.envelope = envelope,
                                                  .reporting_host = "mta1.example.com",
                                                  .recipients = {&recipient, 1},
                                                  .original = pieces.next(),
                                                  .id = "1",
                                                  .time = recipient.last_attempt});
  check_lines(dsn.message);
  const auto facts = mime::examine(dsn.message, mime::LabelRules(mime::LabelNames{})).facts;
  PENSTOCK_CHECK(facts.malformed == 0 && facts.from == 1 && facts.date == 1 && facts.message_id == 1 && facts.to == 1);
  const auto type = mime::find_field(dsn.message, "Content-Type");
  PENSTOCK_CHECK(type && type->value.ends_with('"'));
  const std::string boundary(type->value.substr(type->value.find('"') + 1, 27));
  const std::size_t delimiters = count(dsn.message, "\r\n--" + boundary);
  PENSTOCK_CHECK(delimiters == 3 || delimiters == 4);
  PENSTOCK_CHECK(mime::has_eight_bit(dsn.message) == (dsn.body_kind == model::BodyKind::EightBitMime));
  return 0;
}
