// SPDX-License-Identifier: Apache-2.0
// ServerDriver: the caller of a ServerSession that tests use in place of sockets, policy and spool.
//
// Its policy is in the addresses: a sender or recipient whose local part begins with "refused" gets 550, "later" 451,
// "down" 421; a message whose body holds "answer-452" or "answer-421" gets that answer.
// AUTH: a response "user NAME" signs in, "more" and none at all are asked on, others refused by the same rules, and
// else with 535.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/server_session.h"

namespace penstock::smtp {

struct DrivenMessage {
  ReceivedMessage received;
  std::string client_name;
};

// All that a session did, to compare runs.
struct Transcript {
  std::string output;
  std::vector<std::string> messages;
  std::vector<std::string> refusals;
  bool closed = false;
  bool operator==(const Transcript&) const = default;
};

class ServerDriver {
 public:
  explicit ServerDriver(const ServerOptions& options);

  // Gives the bytes in pieces of at most `piece_bytes` and does what the session asks until it wants more. Bytes for a
  // closed session are dropped.
  void feed(std::string_view bytes, std::size_t piece_bytes = static_cast<std::size_t>(-1));
  void run();  // without bytes

  // What was written since the last call.
  [[nodiscard]] std::string take_output();
  [[nodiscard]] Transcript transcript() const;

  ServerSession& session() { return *session_; }
  std::vector<DrivenMessage> messages;
  std::vector<Refusal> refusals;
  std::size_t writes = 0;
  bool closed = false;

 private:
  void decide(std::string_view address);
  void authenticate();
  void take_message();

  ServerOptions options_;
  std::unique_ptr<ServerSession> session_;
  std::string output_;  // all of it
  std::size_t output_taken_ = 0;
};

// "mta.test", small bounds that tests can reach.
[[nodiscard]] ServerOptions test_options();

}  // namespace penstock::smtp
