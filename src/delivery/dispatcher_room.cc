// SPDX-License-Identifier: Apache-2.0
// Paths of a shard that wait for a place among the node's connections, in the order of their turn; one connection each
// time. They come here only while the node has as many connections as it may.
#include "base/log.h"
#include "delivery/dispatcher.h"
#include "delivery/own_shortage.h"

namespace penstock::delivery {
namespace {

constexpr std::size_t kIdleEnded = 64;  // kept connections that make room, at a time

}  // namespace

std::optional<ConnectionRoom::Place> Dispatcher::take_place() {
  // Who stands in the line goes first.
  if (!roomless_.empty() && !std::exchange(serving_, false)) return std::nullopt;
  return parts_.room.take(parts_.shard.index());
}

void Dispatcher::wait_for_place(Path& path) {
  path.scheduled = true;
  roomless_.push_back(path.key());
  parts_.room.set_waiting(parts_.shard.index(), true);
}

void Dispatcher::serve_roomless() {
  if (roomless_.empty() || stopping_) return;
  for (std::size_t turns = roomless_.size(); turns > 0; --turns) {
    const auto found = paths_.find(roomless_.front());
    const bool has_mail = found != paths_.end() && found->second->ready() > 0;  // others may have carried it
    if (has_mail && !parts_.room.has_place(parts_.shard.index())) break;
    roomless_.pop_front();
    if (found == paths_.end()) continue;
    found->second->scheduled = false;
    if (!has_mail) continue;
    serving_ = true;
    pump(*found->second);
    serving_ = false;
  }
  parts_.room.set_waiting(parts_.shard.index(), !roomless_.empty());
}

void Dispatcher::post_serve() {
  if (roomless_.empty() || std::exchange(serve_posted_, true)) return;
  parts_.shard.post([this] {
    serve_posted_ = false;
    serve_roomless();
  });
}

// What is kept in case of more mail serves those who have mail now, on other shards too.
void Dispatcher::end_idle_for_room() {
  if (!parts_.room.someone_waits()) return;
  std::size_t left = kIdleEnded;
  for (const auto& [key, path] : paths_) {
    for (const auto& [site, lane] : path->lanes()) {
      while (!lane->idle.empty()) {
        if (left-- == 0) return;
        lane->idle.front().wake(true);
      }
    }
  }
}

void Dispatcher::note_shortage(const Error& error) {
  parts_.probe.own_shortages.add();
  if (parts_.shortage.note(error.to_string(), parts_.clock.wall())) {
    log::error("delivery", "this machine has no socket for a connection, mail waits: {}", error.to_string());
  }
}

}  // namespace penstock::delivery
