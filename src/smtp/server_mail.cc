// SPDX-License-Identifier: Apache-2.0
// The transaction: MAIL, RCPT, DATA, BDAT and what becomes of the message.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/check.h"
#include "smtp/server_session.h"
#include "smtp/utf8.h"

namespace penstock::smtp {
namespace {

using model::Step;

constexpr std::uint64_t kSmallChunkBytes = 1024;  // smaller ones count as commands

// Takes "FROM:" or "TO:" from the front.
bool take_word(std::string_view& text, std::string_view word) {
  if (!ascii::starts_with_ignoring_case(text, word)) return false;
  text.remove_prefix(word.size());
  return true;
}

struct ChunkCommand {
  std::uint64_t bytes = 0;
  bool last = false;
};

// "1000" or "1000 LAST" (RFC 3030 §2)
std::optional<ChunkCommand> parse_chunk(std::string_view argument) {
  const std::string_view number = argument.substr(0, argument.find(' '));
  const std::string_view rest = ascii::trim(argument.substr(number.size()));
  const bool last = ascii::equal_ignoring_case(rest, "LAST");
  if (number.empty() || number.size() > 18 || !(rest.empty() || last)) return std::nullopt;
  ChunkCommand chunk{0, last};
  for (const char c : number) {
    if (!ascii::is_digit(c)) return std::nullopt;
    chunk.bytes = 10 * chunk.bytes + static_cast<std::uint64_t>(c - '0');
  }
  return chunk;
}

model::Reply reply_to(BodyReader::Defect defect) {
  switch (defect) {
    case BodyReader::Defect::BareLineEnd:
      return {554, {5, 6, 0}, "message holds a CR or LF that is not part of a CRLF"};
    case BodyReader::Defect::ZeroByte: return {554, {5, 6, 0}, "message holds a zero byte"};
    case BodyReader::Defect::TooLarge: return {552, {5, 3, 4}, "message larger than we take"};
    case BodyReader::Defect::LongLine: return {554, {5, 6, 0}, "message holds too long a line"};
    case BodyReader::Defect::None: break;
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace

void ServerSession::on_mail(std::string_view argument) {
  if (client_name_.empty()) return refuse_it(Step::Mail, {503, {5, 5, 1}, "say EHLO or HELO first"});
  if (has_sender_) return refuse_it(Step::Mail, {503, {5, 5, 1}, "a transaction is under way"});
  if (options_.auth_required && user_.empty()) return refuse_it(Step::Mail, {530, {5, 7, 0}, "sign in first: AUTH"});
  std::string_view rest = argument;
  if (!take_word(rest, "FROM:")) return refuse_it(Step::Mail, {501, {5, 5, 4}, "say MAIL FROM:<address>"}, argument);
  auto sender = take_path(rest, options_.offers.smtputf8 ? Utf8::Allowed : Utf8::Refused);
  if (!sender) return refuse_path(Step::Mail, sender.error(), argument.substr(5));
  auto parameters = parse_mail_parameters(rest, options_.offers, tls_);
  if (!parameters) return refuse_parameter(Step::Mail, parameters.error());
  if (!parameters->smtputf8 && has_eight_bit(*sender)) return refuse_path(Step::Mail, PathProblem::NeedsUtf8, *sender);
  if (options_.message_bytes_max != 0 && parameters->size_bytes > options_.message_bytes_max) {
    return refuse_it(Step::Mail, {552, {5, 3, 4}, "message larger than we take"}, *sender);
  }
  if (*sender == "postmaster") sender->append("@").append(options_.hostname);
  envelope_.sender = std::move(*sender);
  envelope_.envelope_id = std::move(parameters->envelope_id);
  envelope_.dsn_return = parameters->dsn_return;
  envelope_.body_kind = parameters->body_kind;
  envelope_.smtputf8 = parameters->smtputf8;
  envelope_.tls = parameters->require_tls ? model::TlsWish::Required : model::TlsWish::Usual;
  declared_bytes_ = parameters->size_bytes;
  awaited_ = Awaited::Sender;
}

void ServerSession::on_rcpt(std::string_view argument) {
  if (!has_sender_) return refuse_it(Step::Rcpt, {503, {5, 5, 1}, "say MAIL first"});
  if (chunks_begun_) return refuse_it(Step::Rcpt, {503, {5, 5, 1}, "the message has begun"});
  tried_recipient_ = true;
  std::string_view rest = argument;
  if (!take_word(rest, "TO:")) return refuse_it(Step::Rcpt, {501, {5, 5, 4}, "say RCPT TO:<address>"}, argument);
  auto recipient = take_path(rest, envelope_.smtputf8 ? Utf8::Allowed : Utf8::Refused);
  if (!recipient) return refuse_path(Step::Rcpt, recipient.error(), argument.substr(3));
  if (recipient->empty()) return refuse_path(Step::Rcpt, PathProblem::Malformed, argument.substr(3));
  auto parameters = parse_rcpt_parameters(rest, options_.offers, envelope_.smtputf8);
  if (!parameters) return refuse_parameter(Step::Rcpt, parameters.error());
  if (envelope_.recipients.size() >= options_.recipients_max) {
    // No fault of the client: it sends the rest in another transaction (RFC 5321 §4.5.3.1.10).
    return refuse_it(Step::Rcpt, {452, {4, 5, 3}, "too many recipients"}, *recipient, Blame::Nobody);
  }
  if (*recipient == "postmaster") recipient->append("@").append(options_.hostname);
  recipient_ = {std::move(*recipient), std::move(parameters->original), parameters->notify};
  awaited_ = Awaited::Recipient;
}

void ServerSession::refuse_path(Step step, PathProblem problem, std::string_view about) {
  const bool sender = step == Step::Mail;
  switch (problem) {
    case PathProblem::Malformed:
      return refuse_it(step, {501, {5, 1, static_cast<std::uint16_t>(sender ? 7 : 3)}, "malformed address"}, about);
    case PathProblem::TooLong:
      return refuse_it(step, {501, {5, 1, static_cast<std::uint16_t>(sender ? 7 : 3)}, "address too long"}, about);
    case PathProblem::NeedsUtf8:
      return refuse_it(step, {553, {5, 6, 7}, "an address that is not ASCII needs SMTPUTF8"}, about);
  }
  PENSTOCK_UNREACHABLE();
}

void ServerSession::refuse_parameter(Step step, const ParameterProblem& problem) {
  const std::string keyword = harmless(problem.keyword, 40);
  if (problem.kind == ParameterProblem::Kind::Unknown) {
    return refuse_it(step, {555, {5, 5, 4}, "unknown parameter " + keyword});
  }
  refuse_it(step, {501, {5, 5, 4}, "malformed parameter " + keyword});
}

bool ServerSession::lacks_recipients(Step step) {
  if (!has_sender_ || (envelope_.recipients.empty() && !tried_recipient_)) {
    refuse_it(step, {503, {5, 5, 1}, has_sender_ ? "say RCPT first" : "say MAIL first"});
    return true;
  }
  if (!envelope_.recipients.empty()) return false;
  // A pipelining client could not know (RFC 2920 §3.1).
  refuse_it(step, {554, {5, 5, 1}, "no valid recipients"}, {}, Blame::Nobody);
  return true;
}

void ServerSession::on_data(std::string_view argument) {
  if (!argument.empty()) return refuse_it(Step::Data, {501, {5, 5, 4}, "DATA takes no argument"});
  if (lacks_recipients(Step::Data)) return;
  if (chunks_begun_) return refuse_it(Step::Data, {503, {5, 5, 1}, "the message has begun by BDAT"});
  if (envelope_.body_kind == model::BodyKind::BinaryMime) {
    return refuse_it(Step::Data, {503, {5, 5, 1}, "BINARYMIME needs BDAT"});
  }
  if (!check_synchronised()) return;
  body_.start(declared_bytes_, envelope_.body_kind);
  phase_ = Phase::Data;
  say("354 End with <CRLF>.<CRLF>\r\n");
}

// Bytes follow whatever we answer, so where they cannot be counted or are not wanted the link is closed.
void ServerSession::on_bdat(std::string_view argument) {
  if (!options_.offers.chunking) return refuse_and_finish(Step::Data, {502, {5, 5, 1}, "not offered"});
  const auto chunk = parse_chunk(argument);
  if (!chunk) return refuse_and_finish(Step::Data, {501, {5, 5, 4}, "say BDAT size or BDAT size LAST"});
  if (chunk->bytes >= kSmallChunkBytes) --commands_since_message_;

  chunk_is_stray_ = !has_sender_ || envelope_.recipients.empty() || chunks_failed_;
  if (!chunk_is_stray_ && !chunks_begun_) {
    body_.start(declared_bytes_, envelope_.body_kind);
    chunks_begun_ = true;
  }
  const std::uint64_t room =
      chunk_is_stray_ ? options_.discarded_bytes_max - discarded_bytes_ : body_.raw_bytes_max() - body_.bytes();
  if (chunk->bytes > room) return refuse_and_finish(Step::EndOfData, {552, {5, 3, 4}, "message far too large"});
  if (chunk_is_stray_) discarded_bytes_ += chunk->bytes;
  chunk_bytes_ = chunk->bytes;
  chunk_left_ = chunk->bytes;
  chunk_is_last_ = chunk->last;
  phase_ = Phase::Chunk;
}

void ServerSession::finish_chunk() {
  phase_ = Phase::Commands;
  if (chunk_is_stray_) {
    const bool failed = chunks_failed_;
    if (failed && chunk_is_last_) reset_transaction();
    if (failed) return refuse_it(Step::EndOfData, {503, {5, 5, 1}, "the message was refused"}, {}, Blame::Nobody);
    if (!lacks_recipients(Step::Data)) PENSTOCK_UNREACHABLE();
    return;
  }
  if (chunk_is_last_) {
    body_.finish();
    return finish_message();
  }
  if (const auto defect = body_.defect(); defect != BodyReader::Defect::None) {
    chunks_failed_ = true;
    return refuse_message(defect, envelope_);
  }
  say({250, {2, 0, 0}, std::to_string(chunk_bytes_) + " bytes taken"});
}

void ServerSession::finish_message() {
  const bool was_data = phase_ == Phase::Data;
  phase_ = Phase::Commands;
  if (const auto defect = body_.defect(); defect != BodyReader::Defect::None) {
    model::Envelope refused = std::move(envelope_);
    reset_transaction();
    refuse_message(defect, std::move(refused));
    const bool ambiguous = defect == BodyReader::Defect::BareLineEnd || defect == BodyReader::Defect::ZeroByte;
    // Whoever let the client send this may see the end of the message elsewhere than we do.
    if (was_data && ambiguous && phase_ != Phase::Ended) finish({421, {4, 7, 0}, "closing after a malformed message"});
    return;
  }
  envelope_.peer = peer_text_;
  envelope_.body_bytes = body_.bytes();
  if (envelope_.body_kind != model::BodyKind::BinaryMime) {
    envelope_.body_kind = body_.eight_bit() ? model::BodyKind::EightBitMime : model::BodyKind::SevenBit;
  }
  awaited_ = Awaited::Message;
}

void ServerSession::refuse_message(BodyReader::Defect defect, model::Envelope envelope) {
  envelope.peer = peer_text_;
  envelope.body_bytes = body_.bytes();
  refuse_it(Step::EndOfData, reply_to(defect));
  refusal_.envelope = std::move(envelope);
}

}  // namespace penstock::smtp
