// SPDX-License-Identifier: Apache-2.0
// A receiver that says anything at any time, and a link that breaks anywhere: the session always ends, every recipient
// has exactly one outcome, and none is Delivered or Bounced without a reply that says so.
//
// Input: one byte of options, then the receiver's bytes. A byte 0x00 makes a write end, 0x01 loses the link.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "smtp/client_session.h"

namespace {

using namespace penstock;
using model::OutcomeKind;

constexpr int kTransactionsMax = 4;

void check(const smtp::ClientSession& session) {
  PENSTOCK_CHECK(session.finished());
  for (const model::Outcome& outcome : session.outcomes()) {
    const bool delivered = outcome.kind == OutcomeKind::Delivered;
    PENSTOCK_CHECK(!delivered || (outcome.reply.positive() && outcome.step == model::Step::EndOfData));
    PENSTOCK_CHECK(outcome.kind != OutcomeKind::Bounced || outcome.reply.permanent());
    PENSTOCK_CHECK(delivered == (outcome.outcome_class == model::OutcomeClass::None));
  }
}

std::size_t write_all(smtp::ClientSession& session) {
  std::size_t bytes = 0;
  while (true) {
    const smtp::Action action = session.next();
    if (std::holds_alternative<smtp::NeedHeader>(action)) {
      session.on_header("DKIM-Signature: v=1; b=x\r\n");
      continue;
    }
    const auto* write = std::get_if<smtp::Write>(&action);
    if (write == nullptr) return bytes;
    for (const std::string_view chunk : write->chunks) bytes += chunk.size();
    session.on_written();
  }
}

class Talk {
 public:
  explicit Talk(std::uint8_t options)
      : session_({.ehlo_name = "me",
                  .lmtp = (options & 1) != 0,
                  .pipelining = (options & 2) != 0,
                  .chunking = (options & 4) != 0,
                  .start_tls = static_cast<smtp::StartTls>((options >> 5) / 3),
                  .auth = (options >> 5) / 3 == 2,
                  .eight_bit = (options & 8) != 0 ? smtp::EightBitPolicy::Send : smtp::EightBitPolicy::Bounce,
                  .pipeline_bytes_max = (options & 16) != 0 ? 8192U : 30U,
                  .chunk_bytes_max = 100}) {
    envelope_.sender = "s@ours.test";
    envelope_.body_kind = static_cast<model::BodyKind>((options >> 5) % 3);
    envelope_.recipients = {{"a@x.test", "", 0}, {"b@x.test", "rfc822;c@x.test", 2}, {"\xC3\xBC@x.test", "", 1}};
  }

  void hear(std::string_view bytes) {
    while (!bytes.empty() && !closed()) {
      shake_hands_and_sign_in();
      if (std::holds_alternative<smtp::Idle>(session_.next())) begin_or_quit();
      const std::size_t end = bytes.find_first_of(std::string_view("\0\1", 2));
      session_.on_bytes(bytes.substr(0, end));
      if (end == std::string_view::npos) break;
      if (bytes[end] == 0) {
        written_ += write_all(session_);
      } else {
        session_.on_lost(model::OutcomeClass::Network, "lost");
      }
      bytes.remove_prefix(end + 1);
    }
    session_.on_lost(model::OutcomeClass::Timeout, "end");
    PENSTOCK_CHECK(closed());
    check(session_);
    PENSTOCK_CHECK(written_ < 100'000);
  }

 private:
  [[nodiscard]] bool closed() const { return std::holds_alternative<smtp::Closed>(session_.next()); }
  void shake_hands_and_sign_in() {
    while (true) {
      const smtp::Action action = session_.next();
      if (std::holds_alternative<smtp::Handshake>(action)) {
        session_.on_tls();
        encrypted_ = true;
      } else if (std::holds_alternative<smtp::SignIn>(action)) {
        PENSTOCK_CHECK(encrypted_);  // never a password in clear
        sign_in();
      } else {
        return;
      }
    }
  }
  void sign_in() {
    const auto& challenge = session_.auth_challenge();
    if (!challenge) return session_.start_auth("PLAIN", std::string("\0user\0secret", 12));
    if (challenge->size() % 3 == 0) return session_.give_up_auth("asked for too much");
    session_.respond_auth(*challenge);
  }
  void begin_or_quit() {
    check(session_);
    if (begun_++ == kTransactionsMax) return session_.quit();
    session_.begin({&envelope_, indexes_, parts_, begun_ % 2 == 0 ? 40U : 0U});
    PENSTOCK_CHECK(session_.outcomes().size() == 3);
  }

  smtp::ClientSession session_;
  model::Envelope envelope_;
  std::vector<std::uint32_t> indexes_{0, 1, 2};
  std::vector<std::string_view> parts_{"Subject: x\r\n\r\n.a\r", "\n.\xC3\xBC\r\n", "", ".b"};
  int begun_ = 0;
  bool encrypted_ = false;
  std::size_t written_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Talk(data[0]).hear({reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
