// SPDX-License-Identifier: Apache-2.0
// What a report costs: reading it, checking its reference, classifying its words, deciding. One thread.
//
// Use:  bench_feedback [FOLDER]     a folder of reports beside the two made here; prints reports a second for each
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "feedback/decision.h"

using namespace penstock;

namespace {

constexpr int kRounds = 21;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::string newsletter(std::string_view token) {
  std::string message = fmt::format(
      "Return-Path: <b+{0}@bounces.shop.example>\r\nX-Penstock-Ref: {0}\r\nFrom: The Shop <news@shop.example>\r\n"
      "To: anna@example.net\r\nSubject: All that is new this week\r\nMessage-ID: <1@shop.example>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n",
      token);
  while (message.size() < 10 * 1024)
    message += "<p>All that is new this week, at half the price, for you only.</p>\r\n";
  return message;
}

std::string bounce(std::string_view token) {
  return "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.net\r\nTo: b+" + std::string(token) +
         "@bounces.shop.example\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/report; report-type=delivery-status; boundary=\"=b\"\r\n\r\n--=b\r\n"
         "Content-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n\r\n<anna@example.net>: host "
         "mail.example.net[192.0.2.1] said: 550 5.1.1 no such user\r\n\r\n--=b\r\n"
         "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
         "Final-Recipient: rfc822; anna@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
         "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--=b\r\nContent-Type: message/rfc822\r\n\r\n" +
         newsletter(token) + "\r\n--=b--\r\n";
}

std::string complaint(std::string_view token) {
  return "From: fbl@provider.example\r\nTo: fbl@shop.example\r\nSubject: report\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/report; report-type=feedback-report; boundary=\"=b\"\r\n\r\n--=b\r\n"
         "Content-Type: text/plain\r\n\r\nThis is an email abuse report.\r\n\r\n--=b\r\n"
         "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
         "Original-Rcpt-To: anna@example.net\r\nSource-IP: 192.0.2.7\r\n\r\n--=b\r\nContent-Type: "
         "message/rfc822\r\n\r\n" +
         newsletter(token) + "\r\n--=b--\r\n";
}

void measure(const std::string& what, const std::vector<std::string>& reports, const feedback::ReferenceKeys& keys) {
  if (reports.empty()) return;
  const auto classifier = classify::Classifier::shipped();
  const feedback::Policy policy;
  std::size_t effects = 0;
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const double start = cpu_seconds();
    std::size_t done = 0;
    while (done < 500) {
      for (const std::string& message : reports) {
        const report::Report report = report::read_report(message);
        const feedback::Evidence evidence = feedback::weigh(report, {}, keys);
        effects += feedback::decide(report, evidence, policy, *classifier).effects.size();
        ++done;
      }
    }
    rounds.push_back((cpu_seconds() - start) / static_cast<double>(done));
  }
  std::ranges::sort(rounds);
  const double median = rounds[rounds.size() / 2];
  fmt::print("{:<34}{:>9.0f} reports/s  {:>7.1f} us each{}\n", what, 1 / median, median * 1e6,
             effects == 0 ? "  nothing done" : "");
}

}  // namespace

int main(int count, char** arguments) {
  feedback::ReferenceKeys keys;
  keys.current.fill(1);
  const std::string token =
      feedback::make_reference(keys.current, {model::MessageId{42}, 0}, "anna@example.net", "news");
  measure("bounce, 11 KiB", {bounce(token)}, keys);
  measure("complaint, 11 KiB", {complaint(token)}, keys);
  if (count < 2) return 0;
  std::vector<std::string> reports;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(arguments[1])) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    reports.push_back(text.str());
  }
  measure(fmt::format("{} files of {}", reports.size(), arguments[1]), reports, keys);
  return 0;
}
