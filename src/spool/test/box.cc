// SPDX-License-Identifier: Apache-2.0
#include "spool/test/box.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "base/log.h"

namespace penstock::spool {

void FoundSink::recovered(const RecoveredRecipient& recipient) {
  const bool fresh = found
                         .emplace(recipient.id, Found{.domain = std::string(recipient.domain),
                                                      .stream = std::string(recipient.stream),
                                                      .tenant = std::string(recipient.tenant),
                                                      .campaign = std::string(recipient.campaign),
                                                      .vmta = std::string(recipient.vmta),
                                                      .pinned_vmta = std::string(recipient.pinned_vmta),
                                                      .tls = recipient.tls,
                                                      .body_bytes = recipient.body_bytes,
                                                      .received = recipient.received,
                                                      .first_attempt = recipient.first_attempt,
                                                      .next_due = recipient.next_due,
                                                      .attempts = recipient.attempts,
                                                      .hold = recipient.hold,
                                                      .flags = recipient.flags})
                         .second;
  if (!fresh) twice.push_back(recipient.id);
}

int Quiet::alive_ = 0;
Quiet::Quiet() {
  ++alive_;
  log::set_level(log::Level::Off);
}
Quiet::~Quiet() {
  if (--alive_ == 0) log::set_level(log::Level::Info);
}

Box::Box() {
  options.dir = kDir;
  options.segment_bytes = kSegmentBytes;
  options.free_floor_bytes = 0;
  options.spare_segments = 1;
  options.cache_bytes = 0;
  options.flush_interval = std::chrono::hours{1};
  options.probe_interval = std::chrono::hours{1};
  options.salt_seed = 11;
}
Box::~Box() {
  close();
}

Result<> Box::try_open() {
  sink = FoundSink();
  auto opened = Spool::open(disk, clock, options, sink);
  if (!opened) return fail(opened.error());
  spool = std::move(*opened);
  return {};
}
void Box::open() {
  const auto opened = try_open();
  ASSERT_TRUE(opened) << opened.error().to_string();
  EXPECT_TRUE(sink.twice.empty());
}
void Box::close() {
  if (spool) spool->close();
  spool.reset();
}
void Box::kill() {
  disk.kill();
  const Quiet quiet;
  close();
}
void Box::power_cut() {
  {
    const Quiet quiet;
    disk.power_fails_after(0);
    close();
  }
  disk.power_cut(rng);
}

Result<model::MessageId> Box::accept(model::Envelope envelope, std::string body) {
  auto answered = std::make_shared<std::promise<Result<model::MessageId>>>();
  auto answer = answered->get_future();
  spool->accept({.envelope = std::move(envelope),
                 .body = std::make_shared<const std::string>(std::move(body)),
                 .done = AcceptHandler([answered](Result<model::MessageId> r) { answered->set_value(std::move(r)); })});
  return answer.get();
}
model::MessageId Box::store(std::uint32_t recipients, std::size_t body_bytes) {
  const auto stored = accept(make_envelope(recipients), make_body(body_bytes, rng()));
  EXPECT_TRUE(stored) << stored.error().to_string();
  return stored ? *stored : model::MessageId();
}
void Box::finish(model::MessageId id, std::uint32_t index) {
  spool->record_final({id, index});
}
void Box::attempt(model::MessageId id, std::uint32_t index, std::uint32_t attempts) {
  spool->record_attempt({.recipient = {id, index},
                         .attempts = attempts,
                         .next_due = Time{std::chrono::seconds{attempts}},
                         .last_reply = "450 4.2.1 later"});
}

std::vector<std::string> Box::files(const std::string& ending, const std::string& folder) {
  std::vector<std::string> names;
  if (const auto listed = disk.list(folder)) {
    for (const auto& name : *listed) {
      if (name.ends_with(ending)) names.push_back(name);
    }
  }
  return names;
}
void Box::flip(const std::string& name, std::uint64_t offset, std::uint64_t bytes) {
  std::string contents = disk.contents(path(name));
  ASSERT_LE(offset + bytes, contents.size());
  for (std::uint64_t i = 0; i < bytes; ++i) contents[offset + i] = static_cast<char>(contents[offset + i] ^ 0x55);
  disk.set_contents(path(name), std::move(contents));
}
std::uint64_t Box::position(const std::string& name, const std::string& text) const {
  const std::uint64_t at = disk.contents(path(name)).find(text);
  EXPECT_NE(at, std::string::npos);
  return at;
}

model::Envelope make_envelope(std::uint32_t recipients) {
  model::Envelope envelope;
  envelope.sender = "news@shop.example";
  envelope.peer = "192.0.2.7";
  envelope.labels = {.stream = "bulk", .tenant = "shop", .campaign = "spring", .vmta = {}};
  envelope.received = Time{std::chrono::seconds{1'800'000'000}};
  for (std::uint32_t i = 0; i < recipients; ++i) {
    envelope.recipients.push_back({.address = fmt::format("r{}@d{}.example", i, i % 3), .original = {}, .notify = 0});
  }
  return envelope;
}

std::string make_body(std::size_t bytes, std::uint64_t seed) {
  std::string body = fmt::format("Subject: {:016x}\r\n\r\n", seed);
  const std::size_t start_bytes = body.size();
  Rng rng(seed);
  body.reserve(bytes + 8);
  while (body.size() < bytes) {
    std::uint64_t word = (rng() & 0x3F3F3F3F3F3F3F3FULL) | 0x4040404040404040ULL;  // eight printable characters
    for (int i = 0; i < 8; ++i, word >>= 8) body += static_cast<char>(word & 0x7F);
  }
  body.resize(std::max(bytes, start_bytes));
  return body;
}

}  // namespace penstock::spool
