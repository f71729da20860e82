// SPDX-License-Identifier: Apache-2.0
// BDAT (RFC 3030). First byte: options. Second: how the bytes are cut on their way. Then chunks, each a byte of length
// and so many bytes; what is accepted must be the chunks put together. At last all bytes once more as they are, after
// MAIL and RCPT, so that sizes can be wrong and commands stand where a chunk is awaited.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "smtp/server_session.h"

namespace {

using namespace penstock;
using namespace penstock::smtp;

class Receiver {
 public:
  explicit Receiver(const ServerOptions& options) : session_(options, {}) { work(); }
  void hear(std::string_view bytes, std::size_t piece_bytes) {
    while (!bytes.empty() && !closed_) {
      const std::string piece(bytes.substr(0, piece_bytes));
      bytes.remove_prefix(piece.size());
      session_.on_bytes(piece);
      work();
    }
  }
  [[nodiscard]] const std::vector<std::string>& bodies() const { return bodies_; }
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  void work() {
    while (true) {
      switch (session_.next()) {
        case ServerStep::Write:
          output_ += session_.output();
          session_.on_written();
          break;
        case ServerStep::CheckSender:
        case ServerStep::CheckRecipient:
        case ServerStep::CheckClient: session_.accept(); break;
        case ServerStep::Message:
          bodies_.push_back(session_.take_message().body);
          session_.answer({250, {2, 0, 0}, "Ok"});
          break;
        case ServerStep::Refused: break;
        case ServerStep::Close: closed_ = true; return;
        case ServerStep::Read: return;
        case ServerStep::Authenticate:
        case ServerStep::Handshake: PENSTOCK_CHECK(false);
      }
    }
  }

  ServerSession session_;
  std::vector<std::string> bodies_;
  std::string output_;
  bool closed_ = false;
};

constexpr std::string_view kBinary = "EHLO me\r\nMAIL FROM:<a@b.test> BODY=BINARYMIME\r\nRCPT TO:<c@d.test>\r\n";
constexpr std::string_view kText = "EHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  ServerOptions options;
  options.hostname = "mta.test";
  options.message_bytes_max = 5000;
  options.discarded_bytes_max = 5000;
  options.synchronised = false;
  options.offers.binary_mime = true;
  options.zero_bytes_refused = false;
  const bool binary = (data[0] & 1U) != 0;
  const std::string begin(binary ? kBinary : kText);
  const std::size_t piece_bytes = 1 + data[1] % 90U;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);

  std::string dialog = begin;
  std::string body;
  for (std::string_view rest = input; !rest.empty();) {
    const auto length = static_cast<std::uint8_t>(rest.front());
    rest.remove_prefix(1);
    const std::string_view chunk = rest.substr(0, length);
    rest.remove_prefix(chunk.size());
    dialog += "BDAT " + std::to_string(chunk.size()) + (rest.empty() ? " LAST\r\n" : "\r\n");
    dialog += chunk;
    body += chunk;
  }
  Receiver chunks(options);
  chunks.hear(dialog, piece_bytes);
  PENSTOCK_CHECK(chunks.bodies().size() <= 1);
  if (!chunks.bodies().empty()) PENSTOCK_CHECK(chunks.bodies().front() == body);
  // Bytes of any value are a message where the client announced them.
  if (binary && !body.empty() && body.size() < 4000) PENSTOCK_CHECK(chunks.bodies().size() == 1);

  Receiver whole(options);
  whole.hear(begin + std::string(input), begin.size() + input.size());
  Receiver pieces(options);
  pieces.hear(begin + std::string(input), piece_bytes);
  PENSTOCK_CHECK(whole.bodies() == pieces.bodies() && whole.output() == pieces.output());
  return 0;
}
