// SPDX-License-Identifier: Apache-2.0
// DKIM signatures a second beside `openssl speed rsa2048` in the same run, and what the parts cost.
//
// Use:  bench_dkim      prints one line per figure; exit status 1: fewer than kShareGoal of OpenSSL's signatures
// Whole signatures of a 10 KiB message, header and body hashed anew each time, the same with the body hashed before (a
// second signature of a message), and OpenSSL's own figure take turns; shares are medians of the rounds. One thread
// each.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "dkim/canonical_body.h"
#include "dkim/key_record.h"
#include "dkim/signer.h"
#include "dkim/verification.h"

using namespace penstock;

namespace {

constexpr int kRounds = 7;
constexpr double kShareGoal = 0.95;
const Time kNow{std::chrono::seconds{1'800'000'000}};

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string sample_message(std::size_t size) {
  std::string message =
      "Received: from app.shop.example (app.shop.example [192.0.2.7])\r\n by mta.shop.example (Penstock) with ESMTP id "
      "01JX0;\r\n Fri, 02 Jan 2026 03:04:05 +0000\r\n"
      "From: The Shop <news@shop.example>\r\nTo: Some One <someone@example.org>\r\nSubject: All that is new this "
      "week\r\n"
      "Date: Fri, 02 Jan 2026 03:04:05 +0000\r\nMessage-ID: <20260102030405.12345@shop.example>\r\n"
      "Reply-To: answers@shop.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
      "List-Unsubscribe: <https://shop.example/u/1234567>,\r\n <mailto:unsubscribe@shop.example?subject=1234567>\r\n"
      "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nFeedback-ID: 77:letter:shop:penstock\r\n\r\n";
  while (message.size() < size) message += "<p>All that is new this week, at half the price, for you only.</p>\r\n";
  return message;
}

// Calls a second of processor time.
template <class Work>
double rate_of(double seconds, Work work) {
  std::size_t calls = 0;
  const double start = cpu_seconds();
  double spent = 0;
  while (spent < seconds) {
    for (int i = 0; i < 16; ++i) work();
    calls += 16;
    spent = cpu_seconds() - start;
  }
  return static_cast<double>(calls) / spent;
}

// Signatures a second as `openssl speed` measures them in processor time; 0 when it is not installed.
double openssl_rate(int seconds) {
  const std::string command = fmt::format("openssl speed -seconds {} -mr rsa2048 2>/dev/null", seconds);
  FILE* output = ::popen(command.c_str(), "r");
  if (output == nullptr) return 0;
  double rate = 0;
  std::array<char, 256> line{};
  while (std::fgets(line.data(), line.size(), output) != nullptr) {
    (void)std::sscanf(line.data(), "+F2:%*d:%*d:%lf", &rate);
  }
  ::pclose(output);
  // Older versions print seconds per operation.
  return rate > 0 && rate < 1 ? 1 / rate : rate;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

dkim::Signer make_signer(dkim::KeyType type, int bits) {
  auto key = std::make_shared<const dkim::KeyPair>(std::move(*dkim::KeyPair::generate(type, bits)));
  return {{.domain = "shop.example", .selector = "s1"}, std::move(key)};
}

void sign_once(const dkim::Signer& signer, const std::string& text) {
  dkim::MessageToSign message(text);
  if (!signer.sign(message, kNow)) std::abort();
}

// False: below the goal.
bool compare_with_openssl(const std::string& text) {
  const dkim::Signer signer = make_signer(dkim::KeyType::Rsa, 2048);
  sign_once(signer, text);
  dkim::MessageToSign hashed(text);
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> shares;
  std::vector<double> hashed_shares;
  for (int round = 0; round < kRounds; ++round) {
    ours.push_back(rate_of(1, [&] { sign_once(signer, text); }));
    theirs.push_back(openssl_rate(1));
    const double known = rate_of(1, [&] {
      if (!signer.sign(hashed, kNow)) std::abort();
    });
    if (theirs.back() <= 0) continue;
    shares.push_back(ours.back() / theirs.back());
    hashed_shares.push_back(known / theirs.back());
  }
  fmt::print("{:<48}{:>10.0f} /s\n", "rsa-sha256, 2048 bits, 10 KiB message", median(ours));
  if (shares.empty()) return true;
  fmt::print("{:<48}{:>10.0f} /s\n", "openssl speed rsa2048, the same run", median(theirs));
  fmt::print("{:<48}{:>10.1f} %\n", "share, header and body hashed", median(shares) * 100);
  fmt::print("{:<48}{:>10.1f} %\n", "share, body hashed before", median(hashed_shares) * 100);
  const bool reached = median(shares) >= kShareGoal;
  if (!reached) fmt::print(stderr, "bench_dkim: the share is below the goal of {:.0f} %\n", kShareGoal * 100);
  return reached;
}

void measure_keys(const std::string& text) {
  for (const auto& [type, bits, name] : {std::tuple(dkim::KeyType::Rsa, 3072, "rsa-sha256, 3072 bits"),
                                         std::tuple(dkim::KeyType::Rsa, 4096, "rsa-sha256, 4096 bits"),
                                         std::tuple(dkim::KeyType::Ed25519, 0, "ed25519-sha256")}) {
    const dkim::Signer signer = make_signer(type, bits);
    fmt::print("{:<48}{:>10.0f} /s\n", name, rate_of(0.5, [&] { sign_once(signer, text); }));
  }
}

void measure_threads(const std::string& text) {
  const dkim::Signer signer = make_signer(dkim::KeyType::Rsa, 2048);
  const unsigned count = std::max(1U, std::thread::hardware_concurrency());
  std::vector<double> rates(count);
  std::vector<std::thread> threads;
  threads.reserve(count);
  for (double& rate : rates) {
    threads.emplace_back([&] { rate = rate_of(1, [&] { sign_once(signer, text); }); });
  }
  for (std::thread& thread : threads) thread.join();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  fmt::print("{:<48}{:>10.0f} /s\n", fmt::format("rsa-sha256, 2048 bits, {} threads, one key", count), sum);
}

void measure_parts(const std::string& text) {
  const std::string body = text.substr(text.find("\r\n\r\n") + 4);
  for (const auto& [way, name] : {std::pair(dkim::Canonicalization::Relaxed, "body hash, 10 KiB, relaxed"),
                                  std::pair(dkim::Canonicalization::Simple, "body hash, 10 KiB, simple")}) {
    const double rate = rate_of(0.5, [&, way = way] {
      dkim::BodyHasher hasher(dkim::Hash::Sha256, way);
      hasher.update(body);
      if (hasher.finish().digest.empty()) std::abort();
    });
    fmt::print("{:<48}{:>10.2f} us\n", name, 1e6 / rate);
  }
  const double digest = rate_of(0.5, [&] {
    if (dkim::digest_of(dkim::Hash::Sha256, body).empty()) std::abort();
  });
  fmt::print("{:<48}{:>10.2f} us\n", "  of it SHA-256", 1e6 / digest);
  const dkim::Signer signer = make_signer(dkim::KeyType::Rsa, 2048);
  dkim::MessageToSign message(text);
  const std::string whole = *signer.sign(message, kNow) + text;
  dkim::KeyAnswers keys;
  keys["s1._domainkey.shop.example"].records = {dkim::format_key_record(dkim::KeyType::Rsa, signer.key().public_key())};
  const double verified = rate_of(0.5, [&] {
    if (dkim::Verification(whole).finish(keys, kNow).summary() != "pass") std::abort();
  });
  fmt::print("{:<48}{:>10.2f} us\n", "verifying, rsa-sha256, 2048 bits, 10 KiB", 1e6 / verified);
}

}  // namespace

int main() {
  const std::string text = sample_message(10 * 1024);
  const bool reached = compare_with_openssl(text);
  measure_keys(text);
  measure_threads(text);
  measure_parts(text);
  return reached ? 0 : 1;
}
