// SPDX-License-Identifier: Apache-2.0
// LoadSession: one SMTP client of the load generator: connects, sends messages, comes back when the server has gone.
//
// Threads: one shard.   Ownership: the Load must outlive it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/stream.h"
#include "sim/load.h"

namespace penstock::sim {

class LoadSession {
 public:
  LoadSession(Load& load, std::size_t number);
  // Until no message is left, or the server stays away for longer than retry_for.
  net::Task<> run();

 private:
  enum class Fate : std::uint8_t { Settled, SettledAndClosed, Lost };
  struct Reply {
    int code = 0;           // 0: the link is lost
    std::string_view text;  // as it came, code included; valid until the next read
  };
  // Connects, reads the banner, says EHLO. False: it is noted why not.
  net::Task<bool> open();
  // As open(), again and again until it succeeds or retry_for has passed.
  net::Task<bool> open_patiently();
  net::Task<> close();
  net::Task<Fate> transact();
  // MAIL, RCPT…, DATA and their answers, in one go or one by one. False: the link is lost.
  net::Task<bool> exchange_envelope();
  net::Task<Fate> exchange_text();
  net::Task<Reply> next_reply();
  bool take_reply(Reply& reply);
  net::Task<bool> say(std::string_view bytes);
  void append_command(std::size_t position);
  void note_answer(std::size_t position, const Reply& reply);
  void refuse(std::string_view step, std::string_view text, std::size_t recipients);
  void fail_because(std::string_view step, std::string_view why);
  Fate settle(const Reply& final);
  Fate lose();

  Load& load_;
  const std::size_t number_;
  Load::PerShard& part_;
  std::unique_ptr<net::Stream> stream_;
  bool pipelining_ = false;
  std::uint64_t sent_here_ = 0;  // messages on this connection
  std::string why_lost_;
  std::string input_;
  std::size_t read_ = 0;    // of input_, already taken
  std::size_t filled_ = 0;  // of input_, received

  // of the message being sent
  Draft draft_;
  std::string commands_;
  bool mail_taken_ = false;
  int data_code_ = 0;
  bool closing_ = false;     // a 421 has come
  std::vector<bool> taken_;  // by recipient
  std::size_t taken_count_ = 0;
  std::size_t refused_count_ = 0;
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace penstock::sim
