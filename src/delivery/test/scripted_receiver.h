// SPDX-License-Identifier: Apache-2.0
// ScriptedReceiver: an SMTP (or LMTP) receiver on a loopback address that answers as the test says and remembers what
// it heard.
//
// Use:  ScriptedReceiver receiver(*desk.shards);   plan.mx_port = receiver.port();
//       receiver.set_answer([](const Heard& heard) { return heard.verb == "RCPT" ? "450 later" : ""; });   // "": as
//       usual
// An answer of "close" ends the connection without a word; "drip 250" says lines of an answer that never ends, byte by
// byte, and "half 250 fine" the first half of one. Verbs: "BANNER" when a client connects, "." at the end of
// data, else the command's first word.
// Threads: the shard's, which the test drives. It must be destroyed before the shards.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "net/listener.h"

namespace penstock::delivery {

struct Heard {
  std::string verb, argument;
  std::string source;  // address of the client
  std::uint32_t connection = 0;
};

struct ReceivedMail {
  std::string source, sender, text;
  std::vector<std::string> recipients;
  std::uint32_t connection = 0;
};

class ScriptedReceiver {
 public:
  explicit ScriptedReceiver(net::ShardSet& shards, const std::string& endpoint = "127.0.0.1:0");
  ~ScriptedReceiver();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void set_answer(std::function<std::string(const Heard&)> answer) { state_->answer = std::move(answer); }
  // Takes no further connections.
  void stop() { listener_->stop(); }
  // From now on answers to the end of data wait for release().
  void hold();
  void release();
  // Ends all connections that are open.
  void close_all();

  [[nodiscard]] const std::vector<ReceivedMail>& mails() const { return state_->mails; }
  [[nodiscard]] const std::vector<Heard>& heard() const { return state_->heard; }
  [[nodiscard]] std::size_t count(const std::string& verb) const;
  [[nodiscard]] std::uint32_t open() const { return static_cast<std::uint32_t>(state_->streams.size()); }
  [[nodiscard]] std::uint32_t most() const { return state_->most; }
  [[nodiscard]] std::uint32_t total() const { return state_->total; }
  [[nodiscard]] std::uint32_t waiting() const { return state_->waiting; }  // at the end of data, while held

 private:
  using Timer = net::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                net::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;
  struct State {
    explicit State(net::Shard& shard) : gate(shard.io().get_executor()) {}
    std::function<std::string(const Heard&)> answer;
    std::vector<ReceivedMail> mails;
    std::vector<Heard> heard;
    std::set<net::Stream*> streams;
    std::uint32_t most = 0, total = 0, waiting = 0;
    bool held = false;
    Timer gate;
  };
  struct Conversation;
  static net::Task<> serve(std::shared_ptr<State> state, std::unique_ptr<net::Stream> stream);
  static std::string ask(State& state, Heard heard, std::string usual);
  static net::Task<bool> say(Conversation& talk, std::string said);
  static net::Task<bool> take_line(Conversation& talk, std::string line);
  static net::Task<bool> take_text(Conversation& talk, std::string line);

  std::shared_ptr<State> state_;
  std::unique_ptr<net::Listener> listener_;
  std::uint16_t port_ = 0;
};

}  // namespace penstock::delivery
