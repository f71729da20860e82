// SPDX-License-Identifier: Apache-2.0
// FakeResolver: a scripted DNS for tests and simulations. The daemon never links to it.
//
// Use:  FakeResolver dns;   dns.mx("big.example", {{10, "mx1.big.example"}});   dns.a("mx1.big.example",
// {"192.0.2.1"});
//       dns.fail("slow.example", Status::TimedOut);   …   EXPECT_EQ(dns.count("big.example", RecordType::Mx), 1);
// A name nothing was said about does not exist (NxDomain); a type nothing was said about is NoData. CNAMEs are
// followed. Answers come at once, inside ask(), unless hold() is in force. Threads: any; one lock. Names are
// normalized, so "MX1.Example." is the same as "mx1.example".
#pragma once

#include <chrono>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dns/resolver.h"

namespace penstock::dns {

class FakeResolver final : public Resolver {
 public:
  static constexpr std::chrono::seconds kTtl{300};

  // Each replaces what was said about that name and type.
  void mx(std::string_view name, std::initializer_list<std::pair<int, std::string>> hosts,
          std::chrono::seconds ttl = kTtl);
  void a(std::string_view name, std::initializer_list<std::string> addresses, std::chrono::seconds ttl = kTtl);
  void aaaa(std::string_view name, std::initializer_list<std::string> addresses, std::chrono::seconds ttl = kTtl);
  void txt(std::string_view name, std::initializer_list<std::string> texts, std::chrono::seconds ttl = kTtl);
  void cname(std::string_view name, std::string_view target, bool secure = false);
  // Any type, any answer; the most general form.
  void set(std::string_view name, RecordType type, Answer answer);
  // From now on every type of this name gives `status`, until ok(name).
  void fail(std::string_view name, Status status);
  void ok(std::string_view name);
  // From now on every question gives `status`; Found ends it.
  void fail_all(Status status);
  // Answers to names set so far and from now on are marked as validated.
  void set_secure(bool secure);

  // From now on questions wait until release(), which answers them on their shards, in order, from the script as it is
  // then.
  void hold();
  void release();

  // Questions asked so far.
  [[nodiscard]] int count(std::string_view name, RecordType type) const;
  [[nodiscard]] int count_all() const;

  void ask(net::Shard& shard, Question question, Done done) override;

 private:
  struct Waiting {
    net::Shard* shard;
    Question question;
    Done done;
  };
  [[nodiscard]] AnswerPtr answer_to(const Question& question) const;

  mutable std::mutex mutex_;  // guards everything below
  std::map<std::string, std::map<RecordType, Answer>> names_;
  std::map<std::string, std::string> cnames_;
  std::map<std::string, Status> failing_;
  Status all_ = Status::Found;
  bool secure_ = false;
  bool holding_ = false;
  std::vector<Waiting> waiting_;
  std::map<std::pair<std::string, RecordType>, int> counts_;
};

}  // namespace penstock::dns
