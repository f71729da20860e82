// SPDX-License-Identifier: Apache-2.0
// Survey: what lies in a spool's folder, found by reading all of it and changing nothing.
//
// Threads: one. Cost: the whole spool is read. Errors: Errc::Locked while a daemon has it open; what the disk says when
// the folder cannot be read. Damage is a finding, not an error.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "spool/file_system.h"
#include "spool/record_format.h"
#include "spool/segment_scan.h"

namespace penstock::spool_tool {

enum class HintState : std::uint8_t { Good, Missing, NotWanted };  // Missing: or damaged. NotWanted: not sealed

struct SegmentReport {
  std::string name;
  spool::SegmentHeader header;
  spool::ScanSummary scan;                 // of those that hold records
  std::array<std::uint64_t, 5> records{};  // by RecordType
  HintState hint = HintState::NotWanted;
  std::uint64_t live_messages = 0;
};

struct Survey {
  std::vector<SegmentReport> segments;   // by name
  std::vector<std::string> unreadable;   // files without a whole header
  std::vector<std::string> lost_bodies;  // ids of live messages that cannot be read whole
  std::uint64_t messages = 0;            // with a live recipient
  std::uint64_t recipients = 0;          // live

  [[nodiscard]] std::uint64_t damaged_stretches() const;
  // Nothing is damaged. A torn tail or a missing hint is not damage: the next start sees to it.
  [[nodiscard]] bool sound() const;
};

[[nodiscard]] Result<Survey> survey(spool::FileSystem& files, const std::string& dir);

// Locks a folder that is there. Never makes one.
[[nodiscard]] Result<std::unique_ptr<spool::FolderLock>> lock_folder(spool::FileSystem& files, const std::string& dir);

[[nodiscard]] const char* name_of(spool::SegmentState state);
[[nodiscard]] const char* name_of(spool::RecordType type);

}  // namespace penstock::spool_tool
