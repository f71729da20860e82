// SPDX-License-Identifier: Apache-2.0
// Pickup: takes messages from a folder. A file is complete when it has its name: programs write it elsewhere on the
// same file system, or under a name that begins with a dot or ends in ".tmp", and rename it.
//
// A file is removed once its message is durable. One that cannot be taken is moved to bad/ below the folder, with the
// reason beside it in NAME.reason. A file that cannot be stored just now (spool full) stays and is tried again.
// Weakness: a crash between storing and removing takes the message twice.
// Owns: one thread.   Threads: start() and stop() from one.   Ownership: everything in Services outlives it.
// Limits: max_in_flight files read and not yet durable; larger files than max_message_size are bad.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include "ingest/smtp_service.h"

namespace penstock::ingest {

class Pickup {
 public:
  // `folder` must exist and be writable: see open().
  Pickup(Services services, net::ShardSet& shards, config::Pickup options);
  ~Pickup();
  Pickup(const Pickup&) = delete;
  Pickup& operator=(const Pickup&) = delete;

  // Makes bad/ if it is not there.
  Result<> open();
  void start();
  // Takes no further file; those on their way are finished.
  void stop();
  // One look at the folder, and the wait for what it found; for tests, without start(). Returns files dealt with.
  std::size_t run_once();

 private:
  struct Done {
    std::string name;
    model::Envelope envelope;
    BulkFindings bulk;
    Result<model::MessageId> result;
  };
  void run();
  std::size_t scan();
  void take_file(const std::string& name);
  void reject(const std::string& name, const std::string& reason);
  void leave_alone(const std::string& name, const std::string& why);
  void finish(Done done);
  std::size_t finish_all(bool wait);

  const Services services_;
  net::ShardSet& shards_;
  const config::Pickup options_;
  std::thread thread_;
  std::size_t next_shard_ = 0;
  // The thread's own.
  std::unordered_set<std::string> in_flight_;
  std::unordered_set<std::string> left_alone_;  // dealt with, but the file system does not let go of them
  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Done> done_;
  bool stopping_ = false;
};

}  // namespace penstock::ingest
