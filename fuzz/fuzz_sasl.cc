// SPDX-License-Identifier: Apache-2.0
// Both sides of AUTH. The first byte chooses mechanism and side; the rest are lines of base64 or plain text, each one
// response to the server or challenge to the client. The password that is checked is one that was said, nobody proves
// one that he does not know, and messages that are read must be written back alike.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "base/check.h"
#include "sasl/client_exchange.h"
#include "sasl/server_exchange.h"

namespace {

using namespace penstock;
using namespace penstock::sasl;

constexpr std::string_view kPassword = "8f14e45fceea167a";

std::string_view take_line(std::string_view& input) {
  const std::string_view line = input.substr(0, input.find('\n'));
  input.remove_prefix(std::min(line.size() + 1, input.size()));
  return line;
}

std::string decoded(std::string_view line) {
  const auto bytes = decode_base64(line);
  if (bytes) PENSTOCK_CHECK(encode_base64(*bytes) == line);
  return bytes ? *bytes : std::string(line);
}

const Credentials& credentials() {
  static const Credentials kept = make_credentials(kPassword, {"salt", "salt"}, {2, 1, 1}, kIterationsMin);
  return kept;
}

void serve(Mechanism mechanism, std::string_view input) {
  ServerExchange exchange(mechanism, "servernonce");
  const bool initial = !input.empty() && input.front() != '\n';
  const std::string first = decoded(take_line(input));
  std::string said = first;
  Next next = exchange.start(initial ? std::optional<std::string_view>(first) : std::nullopt);
  while (true) {
    switch (next) {
      case Next::Challenge: {
        const std::string response = decoded(take_line(input));
        said += response;
        next = exchange.on_response(response);
        break;
      }
      case Next::FindUser: next = exchange.on_user(credentials()); break;
      case Next::CheckPassword: PENSTOCK_CHECK(said.ends_with(exchange.password())); return;
      case Next::Proved: PENSTOCK_UNREACHABLE();
      case Next::Failed:
      case Next::Malformed: return;
    }
  }
}

void ask(Mechanism mechanism, std::string_view input) {
  ClientExchange exchange(mechanism, "user", "pencil", "clientnonce");
  (void)exchange.initial_response();
  while (!input.empty()) {
    const std::string challenge = decoded(take_line(input));
    // The rounds are real work; what is being looked for is in the reading.
    const auto first = parse_server_first(challenge);
    if (first && first->iterations > kIterationsMin && first->iterations <= kIterationsMax) return;
    if (!exchange.respond(challenge)) break;
  }
  if (mechanism == Mechanism::ScramSha256) PENSTOCK_CHECK(!exchange.complete());
}

void read_messages(std::string_view text) {
  if (const auto name = unescape_name(text)) PENSTOCK_CHECK(unescape_name(escape_name(*name)) == name);
  if (const auto first = parse_client_first(text)) PENSTOCK_CHECK(first->gs2_header + first->bare == text);
  if (const auto first = parse_server_first(text)) {
    PENSTOCK_CHECK(parse_server_first(format_server_first(*first)).has_value());
  }
  if (const auto final = parse_client_final(text)) PENSTOCK_CHECK(text.starts_with(final->without_proof));
  (void)parse_server_final(text);
  (void)choose_mechanism(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr Mechanism kMechanisms[] = {Mechanism::Plain, Mechanism::Login, Mechanism::ScramSha256};
  const Mechanism mechanism = kMechanisms[(data[0] >> 1U) % 3];
  read_messages(input);
  if ((data[0] & 1U) != 0) {
    ask(mechanism, input);
  } else {
    serve(mechanism, input);
  }
  return 0;
}
