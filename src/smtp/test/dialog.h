// SPDX-License-Identifier: Apache-2.0
// Dialogs: scripted conversations with a server session, in files anyone can write (test/dialogs/README.md) or in C++:
//   ServerScript(options).we("EHLO x").they("250").we("MAIL FROM:<a@b.example>").they("250 2.1.0").check_all_ways();
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "smtp/test/server_driver.h"

namespace penstock::smtp {

class ServerScript {
 public:
  explicit ServerScript(ServerOptions options = test_options()) : options_(std::move(options)) {}

  // A line with its CRLF. Lines that follow each other without they() are sent together.
  ServerScript& we(std::string_view line);
  ServerScript& raw(std::string_view bytes);  // as it is
  // The next line of a reply begins with this; "..." stands for all lines up to the last of a reply.
  ServerScript& they(std::string_view line);
  ServerScript& expect_closed();
  ServerScript& expect_message(std::string_view key, std::string_view value);  // of the message taken last

  // Runs it with each group in one piece and checks every expectation; then in every other way that must come to the
  // same: byte by byte, each group cut in two everywhere, all at once, and ended after each byte.
  void check_all_ways(std::string_view name = "script") const;
  void check(std::string_view name = "script") const;

 private:
  struct Exchange {
    std::string sent;
    std::vector<std::string> replies;
    std::vector<std::pair<std::string, std::string>> message;
    bool closes = false;
    bool answered = false;  // nothing more is added to `sent`
  };
  Exchange& sending();
  Exchange& answering();
  [[nodiscard]] Transcript run(std::size_t piece_bytes) const;
  void check_splits(const Transcript& wanted, std::string_view name) const;
  void check_together(const Transcript& wanted, std::string_view name) const;
  void check_cuts(const Transcript& wanted, std::string_view name) const;
  [[nodiscard]] std::string all_sent() const;

  ServerOptions options_;
  std::vector<Exchange> exchanges_;
};

// Reads a dialog file. Reports what is wrong in it as a test failure.
[[nodiscard]] ServerScript read_dialog(const std::string& text, std::string_view name);

// "\r", "\n", "\0", "\\" and "\xNN" as the bytes they mean.
[[nodiscard]] std::string unescape(std::string_view text);

}  // namespace penstock::smtp
