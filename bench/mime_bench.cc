// SPDX-License-Identifier: Apache-2.0
// What a message's header costs at admission, and a report when it fails.
//
// Use:  bench_mime      prints one line per figure
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>
#include <vector>

#include "mime/edit.h"
#include "mime/received.h"
#include "report/dsn.h"

using namespace penstock;

namespace {

// Processor time of this thread, so that a busy machine disturbs little.
double cpu_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Prints the nanoseconds of one call: the median and the least of many rounds.
template <class Work>
void measure(const char* what, std::size_t calls, Work work) {
  std::vector<double> rounds;
  std::size_t sink = 0;
  for (int round = 0; round < 101; ++round) {
    const double start = cpu_nanoseconds();
    for (std::size_t i = 0; i < calls; ++i) sink += work();
    rounds.push_back((cpu_nanoseconds() - start) / static_cast<double>(calls));
  }
  std::ranges::sort(rounds);
  fmt::print("{:<50}{:>10.0f} ns  (least {:.0f}){}\n", what, rounds[rounds.size() / 2], rounds.front(),
             sink == 0 ? " nothing done" : "");
}

// 10 KiB with twenty header fields, as a newsletter has them.
std::string sample_message(bool labelled) {
  std::string message =
      "From: The Shop <news@shop.example>\r\nTo: Some One <someone@example.org>\r\nSubject: All that is new this "
      "week\r\n"
      "Date: Fri, 02 Jan 2026 03:04:05 +0000\r\nMessage-ID: <20260102030405.12345@shop.example>\r\n"
      "Reply-To: answers@shop.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n"
      " boundary=\"----=_Part_1234567_89012345.1234567890123\"\r\nList-Unsubscribe: "
      "<https://shop.example/u/1234567>,\r\n"
      " <mailto:unsubscribe@shop.example?subject=1234567>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
      "List-Id: The shop's letter <letter.shop.example>\r\nFeedback-ID: 77:letter:shop:penstock\r\nPrecedence: "
      "bulk\r\n";
  message += labelled ? "X-Penstock-Stream: marketing\r\nX-Penstock-Tenant: shop\r\nX-Job: week-1\r\n"
                      : "X-Mailer: Letters 4.2\r\nX-Report-Abuse: abuse@shop.example\r\nX-Entity-Ref: 1234567\r\n";
  message += "X-Customer: 1234567\r\nX-Template: 42\r\nX-Locale: en\r\nContent-Language: en\r\n\r\n";
  while (message.size() < 10 * 1024)
    message += "<p>All that is new this week, at half the price, for you only.</p>\r\n";
  return message;
}

void measure_mime() {
  const mime::LabelRules rules{mime::LabelNames{}};
  const Time now{std::chrono::seconds{1'767'323'045}};
  for (const bool labelled : {false, true}) {
    const std::string message = sample_message(labelled);
    fmt::print("{} bytes, {} fields, {}\n", message.size(), mime::examine(message, rules).facts.fields,
               labelled ? "3 of them labels" : "no labels");
    measure("  examine", 5'000, [&] { return mime::examine(message, rules).facts.fields; });
    measure("  examine + Received line + edit", 5'000, [&] {
      const auto found = mime::examine(message, rules);
      const std::string received = mime::format_received({.client_name = "client.example",
                                                          .client_address = "192.0.2.1",
                                                          .host = "mta1.example.com",
                                                          .protocol = "ESMTP",
                                                          .id = "01K8Q2R5VX3ZP",
                                                          .recipient = "someone@example.org",
                                                          .time = now});
      return mime::apply_edit(message, found.facts, {.received = received, .remove = found.remove}).size();
    });
  }
  const std::string message = sample_message(false);
  measure("copy of the message, for comparison", 5'000, [&] { return std::string(message).size(); });
  measure("8-bit detection", 5'000, [&] { return mime::has_eight_bit(message) ? 2U : 1U; });
}

void measure_report() {
  const std::string original = sample_message(false);
  model::Envelope envelope;
  envelope.sender = "news@shop.example";
  envelope.recipients.push_back({.address = "someone@example.org", .original = ""});
  const report::DsnRecipient failed{
      .outcome = {.kind = model::OutcomeKind::Bounced, .reply = {550, {5, 1, 1}, "no such user here"}},
      .remote_host = "mx.example.org",
      .last_attempt = Time{std::chrono::seconds{1'767'323'045}}};
  measure("report with the whole message", 500, [&] {
    return report::build_dsn({.envelope = envelope,
                              .reporting_host = "mta1.example.com",
                              .recipients = {&failed, 1},
                              .original = original,
                              .id = "01K8Q2R5VX3ZP",
                              .time = failed.last_attempt})
        .message.size();
  });
}

}  // namespace

int main() {
  measure_mime();
  measure_report();
}
