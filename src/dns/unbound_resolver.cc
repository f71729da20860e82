// SPDX-License-Identifier: Apache-2.0
// How a question travels: ask() appends it to submitted_ and wakes the loop's thread; the thread moves it to waiting_,
// and to in_flight_ when it hands it to libunbound; libunbound's callback, or the deadline, turns it into a completion;
// completions of one round go to each shard in one post. Both lists are in the order of asking and the time-out is the
// same for all, so the next deadline is always at the front of one of them.
#include "dns/unbound_resolver.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "dns/unbound_context.h"

namespace penstock::dns {
namespace {

using Instant = std::chrono::steady_clock::time_point;

struct Completion {
  Resolver::Done done;
  Result<AnswerPtr> result;
};

Result<AnswerPtr> to_failure(int error, const Question& question) {
  if (error == UB_SYNTAX) return fail(Errc::BadName, question.name);
  return fail(Errc::Library, fmt::format("{}: {}", question.name, ub_strerror(error)));
}

}  // namespace

class UnboundResolver::Loop {
 public:
  Loop(const UnboundOptions& options, Probe& probe) : options_(options), probe_(probe) {}
  ~Loop() {
    if (wake_fd_ >= 0) ::close(wake_fd_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Result<> start();
  void stop();
  void ask(net::Shard& shard, Question question, Done done);

 private:
  struct LookUp {
    Loop* loop;
    net::Shard* shard;
    Question question;
    Done done;
    Instant asked;
    int id = 0;                        // libunbound's
    std::list<LookUp>::iterator self;  // in waiting_ or in_flight_
  };
  using LookUps = std::list<LookUp>;

  void run();
  // Takes what was submitted; false when it is time to stop.
  bool take_submitted();
  void submit_waiting();
  void expire(LookUps& look_ups, Instant now);
  void wait_for_something();
  void end_all(LookUps& look_ups);
  static void on_result(void* argument, int error, ub_result* result);
  void complete(LookUps& from, LookUps::iterator look_up, Result<AnswerPtr> result);
  void hand_back();
  void wake();

  // set in the constructor or in start(), never changed after
  const UnboundOptions& options_;
  Probe& probe_;
  ContextPtr context_;
  int wake_fd_ = -1;
  // touched by the one who starts and stops
  std::thread thread_;
  // touched by the thread only
  LookUps waiting_;
  LookUps in_flight_;
  std::vector<std::pair<net::Shard*, std::vector<Completion>>> finished_;
  // any thread
  std::atomic<std::size_t> open_{0};  // asked and not yet completed
  std::mutex mutex_;
  LookUps submitted_;     // guarded by mutex_
  bool running_ = false;  // guarded by mutex_
};

Result<> UnboundResolver::Loop::start() {
  PENSTOCK_CHECK(!thread_.joinable());
  auto context = make_context(options_);
  if (!context) return fail(context.error());
  context_ = std::move(*context);
  wake_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd_ < 0) return fail_errno(errno, "eventfd for DNS");
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
  }
  thread_ = std::thread([this] { run(); });
  return {};
}

void UnboundResolver::Loop::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
  wake();
  thread_.join();
  context_.reset();  // ends libunbound's own thread
}

void UnboundResolver::Loop::wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is awake anyway.
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

void UnboundResolver::Loop::ask(net::Shard& shard, Question question, Done done) {
  if (open_.fetch_add(1, std::memory_order_relaxed) >= options_.waiting_max) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    probe_.refused.add();
    return done(fail(Errc::Full, fmt::format("{} look-ups", options_.waiting_max)));
  }
  LookUps one;
  one.push_back({this, &shard, std::move(question), std::move(done), {}, 0, {}});
  one.front().self = one.begin();
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    if (running_) {
      was_empty = submitted_.empty();
      one.front().asked = std::chrono::steady_clock::now();
      submitted_.splice(submitted_.end(), one);
    }
  }
  if (!one.empty()) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return one.front().done(fail(Errc::Stopped));
  }
  if (was_empty) wake();
}

void UnboundResolver::Loop::run() {
  while (take_submitted()) {
    const Instant now = std::chrono::steady_clock::now();
    expire(in_flight_, now);
    expire(waiting_, now);
    submit_waiting();
    hand_back();
    wait_for_something();
  }
  end_all(in_flight_);
  end_all(waiting_);
  hand_back();
}

bool UnboundResolver::Loop::take_submitted() {
  const std::lock_guard lock(mutex_);
  waiting_.splice(waiting_.end(), submitted_);
  return running_;
}

void UnboundResolver::Loop::submit_waiting() {
  while (!waiting_.empty() && in_flight_.size() < options_.in_flight_max) {
    const auto look_up = waiting_.begin();
    in_flight_.splice(in_flight_.end(), waiting_, look_up);
    const int error = ub_resolve_async(context_.get(), look_up->question.name.c_str(),
                                       static_cast<int>(look_up->question.type), 1, &*look_up, on_result, &look_up->id);
    if (error != 0) complete(in_flight_, look_up, to_failure(error, look_up->question));
  }
}

void UnboundResolver::Loop::expire(LookUps& look_ups, Instant now) {
  while (!look_ups.empty() && look_ups.front().asked + options_.timeout <= now) {
    const auto look_up = look_ups.begin();
    if (&look_ups == &in_flight_) ub_cancel(context_.get(), look_up->id);
    auto answer = std::make_shared<Answer>();
    answer->status = Status::TimedOut;
    answer->canonical_name = look_up->question.name;
    answer->why = fmt::format("after {} ms", options_.timeout.count());
    complete(look_ups, look_up, AnswerPtr(std::move(answer)));
  }
}

void UnboundResolver::Loop::wait_for_something() {
  Instant next = Instant::max();
  if (!in_flight_.empty()) next = in_flight_.front().asked + options_.timeout;
  if (!waiting_.empty()) next = std::min(next, waiting_.front().asked + options_.timeout);
  int wait_ms = -1;
  if (next != Instant::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    wait_ms = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  }
  std::array<pollfd, 2> fds{pollfd{ub_fd(context_.get()), POLLIN, 0}, pollfd{wake_fd_, POLLIN, 0}};
  ::poll(fds.data(), fds.size(), wait_ms);
  if (fds[1].revents != 0) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_fd_, &count, sizeof count);
  }
  if (fds[0].revents == 0) return;
  if (const int error = ub_process(context_.get()); error != 0) {
    log::error("dns", "libunbound: {}", ub_strerror(error));
  }
}

// On the loop's thread, inside ub_process(). The result is ours to free only when there is no error.
void UnboundResolver::Loop::on_result(void* argument, int error, ub_result* result) {
  LookUp& look_up = *static_cast<LookUp*>(argument);
  Loop& loop = *look_up.loop;
  if (error == 0 && result != nullptr) {
    const std::unique_ptr<ub_result, decltype(&ub_resolve_free)> owner(result, &ub_resolve_free);
    loop.complete(loop.in_flight_, look_up.self, std::make_shared<const Answer>(to_answer(*result, look_up.question)));
  } else {
    loop.complete(loop.in_flight_, look_up.self, to_failure(error, look_up.question));
  }
}

void UnboundResolver::Loop::complete(LookUps& from, LookUps::iterator look_up, Result<AnswerPtr> result) {
  if (result) {
    probe_.answer((*result)->status).add();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - look_up->asked;
    probe_.seconds.observe(took.count());
  }
  auto batch =
      std::find_if(finished_.begin(), finished_.end(), [&](const auto& one) { return one.first == look_up->shard; });
  if (batch == finished_.end()) batch = finished_.insert(finished_.end(), {look_up->shard, {}});
  batch->second.push_back({std::move(look_up->done), std::move(result)});
  from.erase(look_up);
}

void UnboundResolver::Loop::end_all(LookUps& look_ups) {
  while (!look_ups.empty()) {
    if (&look_ups == &in_flight_) ub_cancel(context_.get(), look_ups.front().id);
    complete(look_ups, look_ups.begin(), fail(Errc::Stopped));
  }
}

void UnboundResolver::Loop::hand_back() {
  for (auto& [shard, batch] : finished_) {
    open_.fetch_sub(batch.size(), std::memory_order_relaxed);
    shard->post([completions = std::move(batch)]() mutable {
      for (Completion& one : completions) one.done(std::move(one.result));
    });
  }
  finished_.clear();
  probe_.waiting.set(static_cast<std::int64_t>(open_.load(std::memory_order_relaxed)));
}

UnboundResolver::UnboundResolver(UnboundOptions options, Probe& probe)
    : options_(std::move(options)), loop_(std::make_unique<Loop>(options_, probe)) {}

UnboundResolver::~UnboundResolver() {
  stop();
}

Result<> UnboundResolver::start() {
  return loop_->start();
}

void UnboundResolver::stop() {
  loop_->stop();
}

void UnboundResolver::ask(net::Shard& shard, Question question, Done done) {
  loop_->ask(shard, std::move(question), std::move(done));
}

}  // namespace penstock::dns
