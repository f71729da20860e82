// SPDX-License-Identifier: Apache-2.0
#include "state/writer.h"

#include <fmt/format.h>

#include <future>

#include "base/log.h"

namespace penstock::state {
namespace {

Result<> migrate_module(Database& db, std::string_view module, std::span<const std::string_view> steps) {
  if (auto made = db.run("CREATE TABLE IF NOT EXISTS schema(module TEXT PRIMARY KEY, version INTEGER NOT NULL)"); !made)
    return made;
  auto find = db.prepare("SELECT version FROM schema WHERE module = ?1");
  if (!find) return fail(find.error());
  find->bind(1, module);
  const auto found = find->step();
  if (!found) return fail(found.error());
  const auto version = *found ? static_cast<std::size_t>(find->integer(0)) : 0;
  find->reset();
  if (version > steps.size()) {
    return fail(Errc::Newer,
                fmt::format("tables of {} have version {}, this program knows {}", module, version, steps.size()));
  }
  for (std::size_t i = version; i < steps.size(); ++i) {
    if (auto done = db.run(std::string(steps[i])); !done) return done;
  }
  auto note = db.prepare("INSERT INTO schema VALUES(?1, ?2) ON CONFLICT(module) DO UPDATE SET version = ?2");
  if (!note) return fail(note.error());
  note->bind(1, module);
  note->bind(2, static_cast<std::int64_t>(steps.size()));
  return note->run();
}

}  // namespace

Writer::Writer(std::string path, Database db)
    : path_(std::move(path)), db_(std::move(db)), thread_([this] { loop(); }) {}

Writer::~Writer() {
  stop();
}

Result<std::unique_ptr<Writer>> Writer::open(const std::string& path) {
  auto db = Database::open(path, {.cache_bytes = 64ULL << 20});
  if (!db) return fail(db.error());
  return std::unique_ptr<Writer>(new Writer(path, std::move(*db)));
}

Result<> Writer::migrate(std::string_view module, std::span<const std::string_view> steps) {
  return run([module, steps](Database& db) { return migrate_module(db, module, steps); });
}

void Writer::submit(Work work, Done done) {
  {
    std::unique_lock lock(mutex_);
    if (!stopping_) {
      tasks_.push_back({std::move(work), std::move(done)});
      lock.unlock();
      wake_.notify_one();
      return;
    }
  }
  if (done) done(fail(Errc::Stopped));
}

Result<> Writer::run(Work work) {
  std::promise<Result<>> promise;
  auto future = promise.get_future();
  submit(std::move(work), [&promise](const Result<>& result) { promise.set_value(result); });
  return future.get();
}

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Writer::loop() {
  std::vector<Task> tasks;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) break;
      tasks.swap(tasks_);
    }
    commit(tasks);
    tasks.clear();
  }
  db_.reset();
}

void Writer::commit(std::vector<Task>& tasks) {
  std::vector<Result<>> results(tasks.size());
  Result<> all = db_->run("BEGIN IMMEDIATE");
  if (all) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      results[i] = db_->run("SAVEPOINT work");
      if (results[i]) results[i] = tasks[i].work(*db_);
      // A failure that ended the whole transaction leaves no savepoint to go back to: the commit will say so.
      (void)db_->run(results[i] ? "RELEASE work" : "ROLLBACK TO work; RELEASE work");
    }
    all = db_->run("COMMIT");
    if (!all) (void)db_->run("ROLLBACK");
  }
  if (!all) log::error("state", "{}: {}", path_, all.error().to_string());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].done) tasks[i].done(all ? results[i] : all);
  }
}

}  // namespace penstock::state
