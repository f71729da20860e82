// SPDX-License-Identifier: Apache-2.0
#include "dns/fake_resolver.h"

#include <memory>

#include "base/check.h"
#include "dns/name.h"

namespace penstock::dns {
namespace {

constexpr int kMaxCnames = 8;

std::string must_normalize(std::string_view name) {
  auto normalized = normalize_name(name);
  PENSTOCK_CHECK(normalized.has_value());  // a test that scripts a name no server could have
  return *normalized;
}

Answer found(std::string_view name, std::chrono::seconds ttl) {
  Answer answer;
  answer.status = Status::Found;
  answer.canonical_name = must_normalize(name);
  answer.ttl = ttl;
  return answer;
}

Answer with_values(std::string_view name, std::initializer_list<std::string> values, std::chrono::seconds ttl) {
  Answer answer = found(name, ttl);
  for (const std::string& value : values) answer.records.push_back({0, value});
  return answer;
}

}  // namespace

void FakeResolver::mx(std::string_view name, std::initializer_list<std::pair<int, std::string>> hosts,
                      std::chrono::seconds ttl) {
  Answer answer = found(name, ttl);
  for (const auto& [preference, host] : hosts) {
    answer.records.push_back({static_cast<std::uint16_t>(preference), must_normalize(host)});
  }
  set(name, RecordType::Mx, std::move(answer));
}

void FakeResolver::a(std::string_view name, std::initializer_list<std::string> addresses, std::chrono::seconds ttl) {
  set(name, RecordType::A, with_values(name, addresses, ttl));
}

void FakeResolver::aaaa(std::string_view name, std::initializer_list<std::string> addresses, std::chrono::seconds ttl) {
  set(name, RecordType::Aaaa, with_values(name, addresses, ttl));
}

void FakeResolver::txt(std::string_view name, std::initializer_list<std::string> texts, std::chrono::seconds ttl) {
  set(name, RecordType::Txt, with_values(name, texts, ttl));
}

void FakeResolver::cname(std::string_view name, std::string_view target, bool secure) {
  Answer answer = with_values(name, {must_normalize(target)}, kTtl);
  answer.secure = secure;
  const std::lock_guard lock(mutex_);
  names_[must_normalize(name)][RecordType::Cname] = std::move(answer);
  cnames_[must_normalize(name)] = must_normalize(target);
}

void FakeResolver::set(std::string_view name, RecordType type, Answer answer) {
  const std::lock_guard lock(mutex_);
  names_[must_normalize(name)][type] = std::move(answer);
}

void FakeResolver::fail(std::string_view name, Status status) {
  const std::lock_guard lock(mutex_);
  failing_[must_normalize(name)] = status;
}

void FakeResolver::ok(std::string_view name) {
  const std::lock_guard lock(mutex_);
  failing_.erase(must_normalize(name));
}

void FakeResolver::fail_all(Status status) {
  const std::lock_guard lock(mutex_);
  all_ = status;
}

void FakeResolver::set_secure(bool secure) {
  const std::lock_guard lock(mutex_);
  secure_ = secure;
}

void FakeResolver::hold() {
  const std::lock_guard lock(mutex_);
  holding_ = true;
}

void FakeResolver::release() {
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    holding_ = false;
    waiting.swap(waiting_);
    for (Waiting& one : waiting) {
      one.shard->post([done = std::move(one.done), answer = answer_to(one.question)] { done(answer); });
    }
  }
}

int FakeResolver::count(std::string_view name, RecordType type) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find({must_normalize(name), type});
  return found == counts_.end() ? 0 : found->second;
}

int FakeResolver::count_all() const {
  const std::lock_guard lock(mutex_);
  int sum = 0;
  for (const auto& [question, count] : counts_) sum += count;
  return sum;
}

void FakeResolver::ask(net::Shard& shard, Question question, Done done) {
  AnswerPtr answer;
  {
    const std::lock_guard lock(mutex_);
    ++counts_[{question.name, question.type}];
    if (holding_) {
      waiting_.push_back({&shard, std::move(question), std::move(done)});
      return;
    }
    answer = answer_to(question);
  }
  done(answer);
}

AnswerPtr FakeResolver::answer_to(const Question& question) const {
  auto answer = std::make_shared<Answer>();
  std::string name = question.name;
  const auto temporary = [&](Status status) {
    answer->status = status;
    answer->canonical_name = name;
    return answer;
  };
  if (all_ != Status::Found) return temporary(all_);
  for (int i = 0; i < kMaxCnames; ++i) {
    if (const auto failing = failing_.find(name); failing != failing_.end()) return temporary(failing->second);
    const auto cname = cnames_.find(name);
    if (cname == cnames_.end() || question.type == RecordType::Cname) break;
    name = cname->second;
  }
  const auto records = names_.find(name);
  if (records == names_.end()) {
    answer->status = Status::NxDomain;
    answer->rcode = 3;
    answer->ttl = kTtl;
  } else if (const auto of_type = records->second.find(question.type); of_type != records->second.end()) {
    *answer = of_type->second;
  } else {
    answer->status = Status::NoData;
    answer->ttl = kTtl;
  }
  answer->canonical_name = name;
  answer->secure = answer->secure || secure_;
  return answer;
}

}  // namespace penstock::dns
