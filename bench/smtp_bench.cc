// SPDX-License-Identifier: Apache-2.0
// What it costs to take a message in: the session alone, without sockets, policy and spool.
//
// Use:  bench_smtp [MESSAGES]     default 100000; prints one line per figure: processor time, the median
// of seven runs
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/body_reader.h"
#include "smtp/path.h"
#include "smtp/server_session.h"

using namespace penstock;
using namespace penstock::smtp;

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;  // as much as a shard reads at once

double processor_nanoseconds() {
  std::timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <class Work>
void measure(const std::string& what, std::size_t count, const Work& work) {
  std::vector<double> runs;
  for (int run = 0; run < 7; ++run) {
    const double start = processor_nanoseconds();
    for (std::size_t i = 0; i < count; ++i) work();
    runs.push_back((processor_nanoseconds() - start) / static_cast<double>(count));
  }
  std::nth_element(runs.begin(), runs.begin() + 3, runs.end());
  fmt::print("{:<58}{:>10.1f} ns\n", what, runs[3]);
}

std::string make_message(std::size_t bytes, std::size_t line_bytes) {
  std::string message = "From: a@b.example\r\nTo: c@d.example\r\nSubject: a message\r\n\r\n";
  while (message.size() < bytes) message.append(line_bytes, 'x').append("\r\n");
  return message;
}

// Runs the session until it wants more; true when it closed.
std::size_t run(ServerSession& session) {
  std::size_t body_bytes = 0;
  for (;;) {
    switch (session.next()) {
      case ServerStep::Write: session.on_written(); break;
      case ServerStep::CheckSender:
      case ServerStep::CheckRecipient:
      case ServerStep::CheckClient: session.accept(); break;
      case ServerStep::Authenticate: session.refuse({535, {5, 7, 8}, "nobody signs in here"}); break;
      case ServerStep::Handshake: session.on_tls(); break;
      case ServerStep::Message: {
        const ReceivedMessage message = session.take_message();
        body_bytes += message.body.size();
        session.answer({250, {2, 0, 0}, "Ok: queued as 01K8Q2R5VX3ZP"});
        break;
      }
      case ServerStep::Refused: fmt::print("refused: {}\n", session.refusal().reply.to_string()); break;
      case ServerStep::Read:
      case ServerStep::Close: return body_bytes;
    }
  }
}

std::size_t feed(ServerSession& session, std::string_view bytes) {
  std::size_t body_bytes = 0;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kReadBytes, bytes.size()))) {
    session.on_bytes(bytes.substr(0, kReadBytes));
    body_bytes += run(session);
  }
  return body_bytes;
}

void measure_messages(const std::string& what, std::size_t bytes, std::size_t line_bytes, std::size_t count) {
  ServerOptions options;
  options.hostname = "mta1.example.com";
  ServerSession session(options, {IpAddress::parse("192.0.2.1").value(), 4711});
  (void)run(session);
  (void)feed(session, "EHLO client.example.com\r\n");
  const std::string message = make_message(bytes, line_bytes);
  const std::string envelope = fmt::format(
      "MAIL FROM:<bounce-123456@news.example.com> SIZE={} BODY=8BITMIME\r\n"
      "RCPT TO:<some.person@customer.example.org>\r\nDATA\r\n",
      message.size());
  const std::string text = message + ".\r\n";
  std::size_t taken = 0;
  measure(what, count, [&] {
    (void)feed(session, envelope);
    taken += feed(session, text);
  });
  if (taken != 7 * count * message.size()) fmt::print("{} bytes were taken\n", taken);
}

void measure_parts(std::size_t count) {
  ServerOptions options;
  options.hostname = "mta1.example.com";
  measure("session: greeting, EHLO, QUIT", count, [&] {
    ServerSession session(options, {});
    (void)run(session);
    (void)feed(session, "EHLO client.example.com\r\n");
    (void)feed(session, "QUIT\r\n");
  });
  std::size_t bytes = 0;
  measure("path: <some.person@customer.example.org>", count, [&] {
    std::string_view text = "<some.person@customer.example.org>";
    bytes += take_path(text, Utf8::Refused)->size();
  });
  const std::string message = make_message(10'240, 76);
  BodyReader reader(options);
  measure("body: 10 KiB, lines of 78", count, [&] {
    reader.start(message.size(), model::BodyKind::SevenBit);
    std::string_view text = message;
    (void)reader.take_data(text);
    bytes += reader.release().size();
  });
  if (bytes == 0) fmt::print("nothing was read\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
  measure_messages("message of 10 KiB, lines of 78, whole transaction", 10'240, 76, count);
  measure_messages("message of 10 KiB, lines of 2000, whole transaction", 10'240, 1998, count);
  measure_messages("message of 1 KiB, whole transaction", 1'024, 76, count);
  measure_messages("message of 50 KiB, whole transaction", 51'200, 76, count / 4 + 1);
  measure_parts(count);
}
