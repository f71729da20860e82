// SPDX-License-Identifier: Apache-2.0
// Pickup: takes messages from a folder. A file is complete when it has its name: programs write it elsewhere on the
// same file system, or under a name that begins with a dot or ends in ".tmp", and rename it.
//
// A file is removed once its message is durable. One that cannot be taken is moved to bad/ below the folder, with the
// reason beside it in NAME.reason; so is whatever is no regular file and no folder: a link is not followed, but moved
// itself. A file that cannot be stored just now (spool full) stays and is tried again.
// Each message is taken once, also when the daemon is killed: from before it is stored until it is removed the file is
// called after the message's id, and open() looks up whether that became durable. When the machine itself goes down the
// file system may forget the new name; then a message may be taken twice.
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

  // Makes bad/ if it is not there, and finishes what a killed daemon had begun: before anything is delivered.
  Result<> open();
  void start();
  // Takes no further file; those on their way are finished.
  void stop();
  // One look at the folder, and the wait for what it found; for tests, without start(). Returns files dealt with.
  std::size_t run_once();

 private:
  struct Done {
    std::string name, taken;
    model::Envelope envelope;
    bulk::Findings broken_rules;
    Result<model::MessageId> result;
  };
  void run();
  std::size_t scan();
  void take_file(const std::string& name);
  // `envelope`: nullptr when it is not known whose mail it was.
  void reject(const std::string& taken, const std::string& name, const std::string& reason,
              const model::Envelope* envelope = nullptr);
  void finish_taken();
  // It has the name that it came with again.
  void give_back(const std::string& taken, const std::string& name);
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
