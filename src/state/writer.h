// SPDX-License-Identifier: Apache-2.0
// Writer: the one thread that changes state.db. What is submitted while it commits goes into the next transaction
// together, so that many small changes share one flush to disk.
//
// Use:  auto writer = Writer::open(path);   (*writer)->migrate("token", kSteps);
//       (*writer)->submit([](Database& db) { return db.run("INSERT …"); }, [](const Result<>& result) { … });
// Work runs on the writer's thread within a transaction. When it fails, its own changes are undone and those of others
// stand. Done is called on the writer's thread after the commit, in the order of submission: what it is told is
// durable. Threads: any. A Done must be short and must not call run(), which waits. Errors: of the work, or state::Errc
// of the commit, told to every Done of that transaction. Limits: a piece of work holds the others up while it runs;
// keep each below 100 ms.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "state/database.h"

namespace penstock::state {

class Writer {
 public:
  using Work = std::function<Result<>(Database&)>;
  using Done = std::function<void(const Result<>&)>;

  [[nodiscard]] static Result<std::unique_ptr<Writer>> open(const std::string& path);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Brings the tables of a module up to date: steps[i] makes version i + 1. Blocks.
  [[nodiscard]] Result<> migrate(std::string_view module, std::span<const std::string_view> steps);
  void submit(Work work, Done done);
  // Submits and waits until it is durable.
  [[nodiscard]] Result<> run(Work work);
  // Finishes what was submitted and ends; later submissions get Errc::Stopped at once, on the caller's thread.
  void stop();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Task {
    Work work;
    Done done;
  };
  Writer(std::string path, Database db);
  void loop();
  void commit(std::vector<Task>& tasks);

  const std::string path_;
  std::optional<Database> db_;  // the thread's
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Task> tasks_;  // guarded by mutex_
  bool stopping_ = false;    // guarded by mutex_
  std::thread thread_;
};

}  // namespace penstock::state
