// SPDX-License-Identifier: Apache-2.0
// A client of the SMTP server session. The first byte chooses options, the second how the rest is cut; the same bytes
// cut otherwise must give the same answers and messages, and no message may hold what the session promises to keep out.
// With STARTTLS the cut matters: what came with the command ends the session, what comes later is said under TLS.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "smtp/server_session.h"

namespace {

using namespace penstock;
using namespace penstock::smtp;

struct Run {
  std::string output;
  std::vector<std::string> bodies;
  bool closed = false;
  bool operator==(const Run&) const = default;
};

void check_body(const std::string& body, const ServerOptions& options) {
  PENSTOCK_CHECK(body.size() <= options.message_bytes_max);
  for (std::size_t i = 0; i < body.size(); ++i) {
    PENSTOCK_CHECK(body[i] != '\0');
    if (body[i] == '\n') PENSTOCK_CHECK(i > 0 && body[i - 1] == '\r');
    if (body[i] == '\r') PENSTOCK_CHECK(i + 1 < body.size() && body[i + 1] == '\n');
  }
}

bool step(ServerSession& session, const ServerOptions& options, Run& run) {
  switch (session.next()) {
    case ServerStep::Write:
      run.output += session.output();
      session.on_written();
      return true;
    case ServerStep::Read: return false;
    case ServerStep::CheckSender:
    case ServerStep::CheckRecipient:
    case ServerStep::CheckClient: session.accept(); return true;
    case ServerStep::Authenticate:
      // Responses of odd length are asked on, so that the exchange has several rounds.
      if (session.auth_response() && session.auth_response()->size() % 3 == 0) {
        session.authenticated("user");
      } else if (session.auth_response() && session.auth_response()->size() % 3 == 1) {
        session.refuse({535, {5, 7, 8}, "wrong"});
      } else {
        session.challenge("more?");
      }
      return true;
    case ServerStep::Handshake: session.on_tls(); return true;
    case ServerStep::Message: {
      const ReceivedMessage message = session.take_message();
      if (message.envelope.body_kind != model::BodyKind::BinaryMime) check_body(message.body, options);
      PENSTOCK_CHECK(!message.envelope.recipients.empty());
      run.bodies.push_back(message.body);
      session.answer({250, {2, 0, 0}, "Ok"});
      return true;
    }
    case ServerStep::Refused: PENSTOCK_CHECK(session.refusal().reply.code >= 400); return true;
    case ServerStep::Close: run.closed = true; return false;
  }
  PENSTOCK_UNREACHABLE();
}

Run run_session(std::string_view input, const ServerOptions& options, std::size_t piece_bytes) {
  ServerSession session(options, {});
  Run run;
  while (step(session, options, run)) {
  }
  while (!input.empty() && !run.closed) {
    const std::string piece(input.substr(0, piece_bytes));
    input.remove_prefix(piece.size());
    session.on_bytes(piece);
    while (step(session, options, run)) {
    }
  }
  return run;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  ServerOptions options;
  options.hostname = "mta.test";
  options.message_bytes_max = 2000;
  options.discarded_bytes_max = 2000;
  options.text_line_bytes_max = 200;
  options.recipients_max = 3;
  options.synchronised = false;
  options.offers.xclient = (data[0] & 1U) != 0;
  options.offers.binary_mime = (data[0] & 2U) != 0;
  options.offers.smtputf8 = (data[0] & 4U) == 0;
  options.offers.chunking = (data[0] & 8U) == 0;
  if ((data[0] & 16U) != 0) options.offers.auth = "SCRAM-SHA-256 PLAIN LOGIN";
  options.offers.auth_in_clear = (data[0] & 32U) != 0;
  options.offers.start_tls = (data[0] & 64U) != 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Run whole = run_session(input, options, input.size() + 1);
  const Run pieces = run_session(input, options, 1 + data[1] % 90);
  PENSTOCK_CHECK(options.offers.start_tls || pieces == whole);
  return 0;
}
