// SPDX-License-Identifier: Apache-2.0
// Dispatcher::Scan: where a scan over a shard's queues has come to. Made by begin_scan, moved on by scan_slice.
// Threads: the shard's.
#pragma once

#include <utility>
#include <vector>

#include "delivery/dispatcher.h"

namespace penstock::delivery {

class Dispatcher::Scan {
 public:
  queue::CalendarQueue::Cursor calendar;
  queue::HeldQueue::Cursor held;
  std::vector<shaping::LimitKey> stopped;  // tuples under an action, still to be seen; the last one first
  queue::HeldQueue::Cursor stopped_at;
  std::vector<LimitDesk::LineId> rooms;  // who waits for a limit, the last one first
  queue::ListCursor room_at;
  std::vector<std::pair<shaping::PathKey, std::uint32_t>> lanes;  // still to be seen, the last one first; path and site
  queue::FairQueue::Cursor lane;

  void next_stopped() {
    stopped.pop_back();
    stopped_at = {};
  }
  void next_room() {
    rooms.pop_back();
    room_at = {};
  }
  void next_lane() {
    lanes.pop_back();
    lane = {};
  }
};

}  // namespace penstock::delivery
