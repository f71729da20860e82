// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <utility>

#include "base/plain_json.h"
#include "cmd/penstock-spool/survey.h"
#include "cmd/penstock-spool/tool.h"
#include "spool/final_notes.h"
#include "spool/recovery.h"

namespace penstock::spool_tool {
namespace {

class Count final : public spool::RecoverySink {
 public:
  void recovered(const spool::RecoveredRecipient& recipient) override {
    ++recipients;
    if (std::exchange(last_, recipient.id.message) != recipient.id.message) ++messages;
  }
  std::uint64_t messages = 0, recipients = 0;

 private:
  model::MessageId last_;
};

}  // namespace

Result<int> repair(spool::FileSystem& files, const Options& options, std::FILE* out) {
  const auto lock = lock_folder(files, options.dir);
  if (!lock) return fail(lock.error());
  constexpr std::uint64_t kNoSegmentIsStarted = 1;  // so its salt does not matter
  spool::SegmentStore store(files, {.dir = options.dir}, kNoSegmentIsStarted);
  spool::Catalog catalog;
  spool::Counters counters;
  Count count;
  const auto noted = spool::read_final_notes(files, options.dir);
  const auto recovered = spool::recover(files, store, catalog, counters, count, noted, spool::HintUse::Rebuild);
  if (!recovered) return fail(recovered.error());
  const auto numbers = catalog.numbers();
  const std::uint64_t damaged = counters.damaged_records;
  const std::uint64_t torn = counters.torn_tails;
  if (options.json) {
    const boost::json::object object{{"segments", numbers.segments},
                                     {"torn_tails_cut", torn},
                                     {"damaged_stretches", damaged},
                                     {"messages", count.messages},
                                     {"recipients", count.recipients}};
    fmt::print(out, "{}\n", plain_json(object));
  } else {
    fmt::print(out,
               "{} segments read and their hints written anew; {} torn tails cut; {} damaged stretches or files.\n",
               numbers.segments, torn, damaged);
    if (damaged > 0) fmt::print(out, "Copies of damaged stretches are in {}/damaged.\n", options.dir);
    fmt::print(out, "{} messages with {} recipients wait.\n", count.messages, count.recipients);
  }
  return damaged > 0 ? 1 : 0;
}

}  // namespace penstock::spool_tool
