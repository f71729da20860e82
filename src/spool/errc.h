// SPDX-License-Identifier: Apache-2.0
// What can go wrong in the spool. A caller who takes mail answers 452 for Full and 451 for Unhealthy and Closed.
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::spool {

enum class Errc {
  Full = 1,        // below the free-space floor, or the disk said so; the sender should retry later
  Unhealthy,       // the disk failed a write or a sync; nothing new is taken until an operator has looked and restarted
  UnknownMessage,  // never stored here, or every recipient is finished
  Damaged,         // the stored bytes fail their checksum; the message cannot be read
  Locked,          // another process has this spool open
  BadFormat,       // a file of the spool is not ours, or was written by a newer version
  TooLarge,        // the message does not fit in a segment; it can never be stored here
  Closed,          // close() was called
};
[[nodiscard]] std::string_view describe(Errc code);
// True where trying again later may help.
[[nodiscard]] bool is_transient(Errc code);
[[nodiscard]] std::error_code make_error_code(Errc code);

}  // namespace penstock::spool

template <>
struct std::is_error_code_enum<penstock::spool::Errc> : std::true_type {};
