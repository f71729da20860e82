// SPDX-License-Identifier: Apache-2.0
#include "smtp/test/dialog.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <sstream>

#include "base/ascii.h"

namespace penstock::smtp {
namespace {

constexpr std::size_t kWhole = static_cast<std::size_t>(-1);

std::vector<std::string> lines_of(std::string_view output) {
  std::vector<std::string> lines;
  while (!output.empty()) {
    const std::size_t end = output.find("\r\n");
    EXPECT_NE(end, std::string_view::npos) << "a reply without CRLF: " << output;
    if (end == std::string_view::npos) break;
    lines.emplace_back(output.substr(0, end));
    output.remove_prefix(end + 2);
  }
  return lines;
}

void compare(const std::vector<std::string>& wanted, const std::string& output, const std::string& after) {
  const std::vector<std::string> got = lines_of(output);
  std::size_t at = 0;
  for (const std::string& line : wanted) {
    if (line == "...") {
      while (at < got.size() && got[at].size() > 3 && got[at][3] == '-') ++at;
      continue;
    }
    ASSERT_LT(at, got.size()) << "no reply; wanted: " << line << "\nafter: " << after << "\ngot: " << output;
    EXPECT_EQ(got[at].substr(0, line.size()), line) << "after: " << after;
    ++at;
  }
  EXPECT_EQ(at, got.size()) << "more replies than wanted after: " << after << "\ngot: " << output;
}

std::string value_of(const DrivenMessage& message, const std::string& key) {
  const ReceivedMessage& received = message.received;
  const model::Envelope& envelope = received.envelope;
  std::string recipients;
  std::string originals;
  std::string notify;
  for (const model::Recipient& recipient : envelope.recipients) {
    recipients += (recipients.empty() ? "" : " ") + recipient.address;
    originals += (originals.empty() ? "" : " ") + recipient.original;
    notify += (notify.empty() ? "" : " ") + std::to_string(recipient.notify);
  }
  constexpr std::string_view kKinds[] = {"7BIT", "8BITMIME", "BINARYMIME"};
  constexpr std::string_view kReturns[] = {"", "FULL", "HDRS"};
  if (key == "sender") return envelope.sender;
  if (key == "recipients") return recipients;
  if (key == "originals") return originals;
  if (key == "notify") return notify;
  if (key == "body") return received.body;
  if (key == "protocol") return std::string(received.protocol);
  if (key == "client") return message.client_name;
  if (key == "peer") return envelope.peer;
  if (key == "envid") return envelope.envelope_id;
  if (key == "kind") return std::string(kKinds[static_cast<int>(envelope.body_kind)]);
  if (key == "ret") return std::string(kReturns[static_cast<int>(envelope.dsn_return)]);
  ADD_FAILURE() << "unknown key " << key;
  return {};
}

bool set_option(ServerOptions& options, const std::string& name, const std::string& value) {
  const bool on = value == "on";
  std::uint32_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  if (name == "message_bytes_max")
    options.message_bytes_max = number;
  else if (name == "recipients_max")
    options.recipients_max = number;
  else if (name == "errors_max")
    options.errors_max = number;
  else if (name == "commands_max")
    options.commands_max = number;
  else if (name == "text_line_bytes_max")
    options.text_line_bytes_max = number;
  else if (name == "discarded_bytes_max")
    options.discarded_bytes_max = number;
  else if (name == "synchronised")
    options.synchronised = on;
  else if (name == "zero_bytes_refused")
    options.zero_bytes_refused = on;
  else if (name == "xclient")
    options.offers.xclient = on;
  else if (name == "chunking")
    options.offers.chunking = on;
  else if (name == "binary_mime")
    options.offers.binary_mime = on;
  else if (name == "smtputf8")
    options.offers.smtputf8 = on;
  else if (name == "dsn")
    options.offers.dsn = on;
  else
    return false;
  return true;
}

}  // namespace

ServerScript::Exchange& ServerScript::sending() {
  if (exchanges_.empty() || exchanges_.back().answered) exchanges_.emplace_back();
  return exchanges_.back();
}

ServerScript::Exchange& ServerScript::answering() {
  if (exchanges_.empty()) exchanges_.emplace_back();
  exchanges_.back().answered = true;
  return exchanges_.back();
}

ServerScript& ServerScript::we(std::string_view line) {
  sending().sent.append(line).append("\r\n");
  return *this;
}
ServerScript& ServerScript::raw(std::string_view bytes) {
  sending().sent.append(bytes);
  return *this;
}
ServerScript& ServerScript::they(std::string_view line) {
  answering().replies.emplace_back(line);
  return *this;
}
ServerScript& ServerScript::expect_closed() {
  answering().closes = true;
  return *this;
}
ServerScript& ServerScript::expect_message(std::string_view key, std::string_view value) {
  answering().message.emplace_back(key, value);
  return *this;
}

void ServerScript::check(std::string_view name) const {
  SCOPED_TRACE(name);
  ServerDriver driver(options_);
  driver.run();
  for (const Exchange& exchange : exchanges_) {
    driver.feed(exchange.sent);
    compare(exchange.replies, driver.take_output(), exchange.sent.substr(0, 200));
    EXPECT_EQ(driver.closed, exchange.closes) << "after: " << exchange.sent.substr(0, 200);
    for (const auto& [key, value] : exchange.message) {
      ASSERT_FALSE(driver.messages.empty()) << "no message after: " << exchange.sent.substr(0, 200);
      EXPECT_EQ(value_of(driver.messages.back(), key), value) << key;
    }
  }
}

void ServerScript::check_all_ways(std::string_view name) const {
  check(name);
  const Transcript wanted = run(kWhole);
  EXPECT_EQ(run(1).output, wanted.output) << name;
  EXPECT_EQ(run(1), wanted) << name << ", byte by byte";
  EXPECT_EQ(run(3), wanted) << name << ", three bytes at a time";
  check_splits(wanted, name);
  check_together(wanted, name);
  check_cuts(wanted, name);
}

Transcript ServerScript::run(std::size_t piece_bytes) const {
  ServerDriver driver(options_);
  driver.run();
  for (const Exchange& exchange : exchanges_) driver.feed(exchange.sent, piece_bytes);
  return driver.transcript();
}

// Every group cut in two, at every place.
void ServerScript::check_splits(const Transcript& wanted, std::string_view name) const {
  for (std::size_t cut = 0; cut < exchanges_.size(); ++cut) {
    const std::string_view sent = exchanges_[cut].sent;
    const std::size_t step = sent.size() / 400 + 1;
    for (std::size_t at = 1; at < sent.size(); at += step) {
      ServerDriver driver(options_);
      driver.run();
      for (std::size_t i = 0; i < exchanges_.size(); ++i) {
        if (i == cut) driver.feed(sent.substr(0, at));
        driver.feed(i == cut ? sent.substr(at) : std::string_view(exchanges_[i].sent));
      }
      ASSERT_EQ(driver.transcript(), wanted) << name << ": group " << cut << " cut at byte " << at;
    }
  }
}

// A client that never waits gets the same answers, unless it is made to wait.
void ServerScript::check_together(const Transcript& wanted, std::string_view name) const {
  if (options_.synchronised && wanted.output.find("wait for the answer") != std::string::npos) return;
  ServerOptions patient = options_;
  patient.synchronised = false;
  ServerDriver driver(patient);
  driver.run();
  driver.feed(all_sent());
  EXPECT_EQ(driver.transcript(), wanted) << name << ", all at once";
}

// A client that is lost at any byte: what was said and taken until then is the beginning of the whole.
void ServerScript::check_cuts(const Transcript& wanted, std::string_view name) const {
  ServerDriver driver(options_);
  driver.run();
  for (const char c : all_sent()) {
    driver.feed(std::string_view(&c, 1));
    const Transcript part = driver.transcript();
    ASSERT_TRUE(wanted.output.starts_with(part.output)) << name;
    ASSERT_LE(part.messages.size(), wanted.messages.size()) << name;
  }
}

std::string ServerScript::all_sent() const {
  std::string all;
  for (const Exchange& exchange : exchanges_) all += exchange.sent;
  return all;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char kind = text[++i];
    if (kind == 'r')
      out += '\r';
    else if (kind == 'n')
      out += '\n';
    else if (kind == '0')
      out += '\0';
    else if (kind == 'x' && i + 2 < text.size() + 0) {
      unsigned value = 0;
      std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
      out += static_cast<char>(value);
      i += 2;
    } else
      out += kind;
  }
  return out;
}

ServerScript read_dialog(const std::string& text, std::string_view name) {
  ServerOptions options = test_options();
  std::istringstream options_in(text);
  std::string line;
  while (std::getline(options_in, line)) {
    if (!line.starts_with("O: ")) continue;
    const std::size_t space = line.find(' ', 3);
    const std::string key = line.substr(3, space - 3);
    EXPECT_TRUE(space != std::string::npos && set_option(options, key, line.substr(space + 1))) << name << ": " << line;
  }
  ServerScript script(options);
  std::istringstream in(text);
  while (std::getline(in, line)) {
    const std::string rest = line.size() > 3 ? line.substr(3) : "";
    if (line.empty() || line.starts_with('#') || line.starts_with("O: ")) continue;
    if (line.starts_with("C:"))
      script.we(unescape(rest));
    else if (line.starts_with("c:"))
      script.raw(unescape(rest));
    else if (line.starts_with("S:"))
      script.they(rest);
    else if (line == "X: closed")
      script.expect_closed();
    else if (line.starts_with("M:")) {
      const std::size_t space = rest.find(' ');
      script.expect_message(rest.substr(0, space), space == std::string::npos ? "" : unescape(rest.substr(space + 1)));
    } else
      ADD_FAILURE() << name << ": unreadable line: " << line;
  }
  return script;
}

}  // namespace penstock::smtp
