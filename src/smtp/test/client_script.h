// SPDX-License-Identifier: Apache-2.0
// Script: a conversation of a client session written down, played without a socket.
//
// Use:  Script talk;  talk.peer("220 mx").we("EHLO me").peer("250 mx").begin(mail).we("MAIL FROM:<s@ours.test>")…;
//       auto session = talk.play();  EXPECT_EQ(session->outcomes()[0].kind, …);
//       talk.cut_at_each_step([](ClientSession& session, Step at) { … });
// Texts are lines without CRLF, separated by '\n'. play() plays twice, the second time byte by byte, and wants the same
// outcomes. A deviation is a failure of the test.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/client_session.h"

namespace penstock::smtp {

// A message to send; must outlive the session.
struct Mail {
  explicit Mail(std::vector<std::string> addresses = {}, std::string text = "Subject: x\r\n\r\nhello\r\n");
  Mail(const Mail&) = delete;
  [[nodiscard]] Transaction transaction() const { return {&envelope, indexes, parts, late_header_bytes}; }

  model::Envelope envelope;  // from s@ours.test to `addresses`, or to a@x.test
  std::vector<std::uint32_t> indexes;
  std::string body;
  std::vector<std::string_view> parts;  // all of body
  std::uint64_t late_header_bytes = 0;  // Script::header() answers then
};

class Script {
 public:
  explicit Script(ClientOptions options = {});  // ehlo_name is "me"
  Script& peer(std::string_view lines);
  Script& we(std::string_view lines);
  Script& begin(const Mail& mail);
  // The session asks for the late header now, and gets this.
  Script& header(std::string_view lines);
  Script& quit();
  // Banner and EHLO with these keywords, to Idle.
  Script& greet(std::string_view keywords = {});

  std::unique_ptr<ClientSession> play() const;

  using Check = std::function<void(ClientSession&, model::Step)>;
  // The link is lost before each act after begin(), and in the middle of each text of the peer. `at` is the step waited
  // for or written.
  void cut_at_each_step(const Check& check) const;
  // Each line of the peer after begin() is replaced by 421, what follows left out.
  void give_up_at_each_line(const Check& check) const;

 private:
  enum class Kind { Peer, We, Begin, Header, Quit };
  struct Act {
    Kind kind;
    std::string text;
    const Mail* mail = nullptr;
  };
  void perform(ClientSession& session, const Act& act, std::size_t piece_bytes) const;
  std::unique_ptr<ClientSession> play_until(std::size_t end, std::size_t piece_bytes) const;
  [[nodiscard]] std::size_t after_begin() const;

  ClientOptions options_;
  std::vector<Act> acts_;
};

// "Mail", "Delivered end-of-data 250 2.0.0 ok" and so on, one line per outcome.
[[nodiscard]] std::string describe(const model::Outcome& outcome);
// The step of next(), Quit when it has none.
[[nodiscard]] model::Step step_of(const Action& action);
// Every outcome is there, and none says Delivered or Bounced without an answer of the peer to rely on.
void expect_safe(const ClientSession& session);

}  // namespace penstock::smtp
