// SPDX-License-Identifier: Apache-2.0
#include "delivery/test/scripted_receiver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace penstock::delivery {

using namespace std::chrono_literals;

struct ScriptedReceiver::Conversation {
  Conversation(std::shared_ptr<State> to, std::unique_ptr<net::Stream> link)
      : state(std::move(to)), stream(std::move(link)) {
    state->streams.insert(stream.get());
    state->most = std::max(state->most, static_cast<std::uint32_t>(state->streams.size()));
    number = ++state->total;
    mail.source = stream->peer_address();
    mail.connection = number;
  }
  ~Conversation() { state->streams.erase(stream.get()); }
  [[nodiscard]] Heard heard(std::string verb, std::string argument = {}) const {
    return {std::move(verb), std::move(argument), stream->peer_address(), number};
  }

  std::shared_ptr<State> state;
  std::unique_ptr<net::Stream> stream;
  std::uint32_t number = 0;
  bool in_data = false;
  bool lmtp = false;
  ReceivedMail mail;
};

ScriptedReceiver::ScriptedReceiver(net::ShardSet& shards, const std::string& endpoint)
    : state_(std::make_shared<State>(shards[0])) {
  state_->gate.expires_at(std::chrono::steady_clock::time_point::max());
  listener_ = std::make_unique<net::Listener>(
      shards, *net::parse_endpoint(endpoint), "receiver",
      [state = state_](std::unique_ptr<net::Stream> stream) { return serve(state, std::move(stream)); });
  const auto opened = listener_->open();
  EXPECT_TRUE(opened) << (opened ? "" : opened.error().to_string());
  const std::string text = net::format_endpoint(listener_->endpoint());
  if (!text.starts_with("unix:")) {
    port_ = static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
  }
  listener_->start();
}

ScriptedReceiver::~ScriptedReceiver() {
  listener_->stop();
}

void ScriptedReceiver::hold() {
  state_->held = true;
}

void ScriptedReceiver::release() {
  state_->held = false;
  state_->gate.cancel();
}

void ScriptedReceiver::close_all() {
  for (net::Stream* stream : state_->streams) stream->close();
}

std::size_t ScriptedReceiver::count(const std::string& verb) const {
  return static_cast<std::size_t>(
      std::count_if(state_->heard.begin(), state_->heard.end(), [&](const Heard& one) { return one.verb == verb; }));
}

std::string ScriptedReceiver::ask(State& state, Heard heard, std::string usual) {
  std::string said = state.answer ? state.answer(heard) : std::string();
  state.heard.push_back(std::move(heard));
  return said.empty() ? usual : said;
}

net::Task<bool> ScriptedReceiver::say(Conversation& talk, std::string said) {
  if (said == "close") co_return false;
  if (said.starts_with("drip ")) {
    const std::string line = said.substr(5) + "-wait\r\n";
    for (std::size_t i = 0;; i = (i + 1) % line.size()) {
      const net::Io io = co_await talk.stream->write(line.substr(i, 1), 10s);
      if (io.error || co_await net::sleep_for(1ms)) co_return false;
    }
  }
  if (said.starts_with("half ")) {
    const std::string whole = said.substr(5);
    co_await talk.stream->write(whole.substr(0, whole.size() / 2), 10s);
    std::array<char, 512> ignored{};
    while ((co_await talk.stream->read_some(ignored, 10s)).bytes > 0) {
    }
    co_return false;
  }
  const bool goes_on = !said.starts_with("421") && !said.starts_with("221");
  said += "\r\n";
  const net::Io io = co_await talk.stream->write(said, 10s);
  co_return !io.error && goes_on;
}

net::Task<bool> ScriptedReceiver::take_text(Conversation& talk, std::string line) {
  if (line != ".") {
    talk.mail.text += line.substr(line.starts_with('.') ? 1 : 0) + "\r\n";
    co_return true;
  }
  talk.in_data = false;
  while (talk.state->held) {
    ++talk.state->waiting;
    co_await talk.state->gate.async_wait(net::kAwait);
    --talk.state->waiting;
  }
  talk.state->mails.push_back(talk.mail);
  const std::vector<std::string> recipients = talk.lmtp ? talk.mail.recipients : std::vector<std::string>{""};
  for (const std::string& recipient : recipients) {
    std::string said = ask(*talk.state, talk.heard(".", recipient), "250 2.0.0 taken");
    if (!co_await say(talk, std::move(said))) co_return false;
  }
  co_return true;
}

net::Task<bool> ScriptedReceiver::take_line(Conversation& talk, std::string line) {
  if (talk.in_data) co_return co_await take_text(talk, std::move(line));
  const std::size_t space = line.find(' ');
  const std::string verb = line.substr(0, space);
  const std::string argument = space == std::string::npos ? "" : line.substr(space + 1);
  const std::size_t open = argument.find('<');
  const std::string path = open == std::string::npos ? "" : argument.substr(open + 1, argument.find('>') - open - 1);
  std::string usual = "250 2.0.0 fine";
  if (verb == "EHLO" || verb == "LHLO") {
    talk.lmtp = verb == "LHLO";
    usual = "250-receiver.example\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME";
  } else if (verb == "MAIL") {
    talk.mail.sender = path;
    talk.mail.recipients.clear();
    talk.mail.text.clear();
  } else if (verb == "DATA") {
    usual = talk.mail.recipients.empty() ? "503 no recipients" : "354 go on";
  } else if (verb == "QUIT") {
    usual = "221 bye";
  }
  std::string said = ask(*talk.state, talk.heard(verb, argument), std::move(usual));
  if (verb == "RCPT" && said.starts_with('2')) talk.mail.recipients.push_back(path);
  if (verb == "DATA") talk.in_data = said.starts_with('3');
  co_return co_await say(talk, std::move(said));
}

net::Task<> ScriptedReceiver::serve(std::shared_ptr<State> state, std::unique_ptr<net::Stream> stream) {
  Conversation talk(state, std::move(stream));
  std::string banner = ask(*state, talk.heard("BANNER"), "220 receiver.example");
  if (!co_await say(talk, std::move(banner))) co_return;
  std::string pending;
  std::array<char, 4096> buffer{};
  while (true) {
    const net::Io got = co_await talk.stream->read_some(buffer, 1min);
    if (got.bytes == 0) co_return;
    pending.append(buffer.data(), got.bytes);
    for (std::size_t end = pending.find("\r\n"); end != std::string::npos; end = pending.find("\r\n")) {
      std::string line = pending.substr(0, end);
      pending.erase(0, end + 2);
      if (!co_await take_line(talk, std::move(line))) co_return;
    }
  }
}

}  // namespace penstock::delivery
