// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "api/errc.h"
#include "app/suppression_desk.h"

namespace penstock::app {
namespace {

constexpr std::size_t kRunningMax = 2;
constexpr std::size_t kKept = 20;
constexpr int kFirstLooks = 40;
constexpr std::chrono::milliseconds kFirstLook{5};

// What the caller can mend is his mistake; the rest is ours.
template <class T>
Result<T> for_api(Result<T> result, std::string_view what = {}) {
  if (result) return result;
  const std::error_category& ours = make_error_code(suppression::Errc::BadAddress).category();
  if (result.error().code.category() != ours) return result;
  return fail(api::Errc::BadRequest,
              what.empty() ? result.error().detail : fmt::format("\"{}\": {}", what, result.error().detail));
}

std::string name_all(const std::vector<std::string>& addresses) {
  return addresses.size() == 1 ? addresses.front() : fmt::format("{} addresses", addresses.size());
}

}  // namespace

SuppressionDesk::SuppressionDesk(suppression::Suppression& list, const Clock& clock, std::string folder, Audit audit)
    : list_(list), clock_(clock), folder_(std::move(folder)), audit_(std::move(audit)) {}

Result<suppression::Rows> SuppressionDesk::list(const suppression::ListQuery& query) {
  return list_.list(query);
}

Result<suppression::Rows> SuppressionDesk::changes(std::uint64_t cursor, std::uint32_t limit) {
  return list_.changes(cursor, limit);
}

Result<std::vector<suppression::Row>> SuppressionDesk::find(const std::string& address) {
  return for_api(list_.find(address), address);
}

Result<std::vector<std::optional<suppression::Entry>>> SuppressionDesk::check(const std::vector<std::string>& addresses,
                                                                              const suppression::Where& where) {
  std::vector<std::optional<suppression::Entry>> hits;
  hits.reserve(addresses.size());
  for (const std::string& address : addresses) {
    auto hit = list_.check(address, where);
    if (!hit) return fail(hit.error());
    hits.push_back(std::move(*hit));
  }
  return hits;
}

Result<suppression::Added> SuppressionDesk::add(std::vector<suppression::Entry> entries, const api::Actor& actor) {
  for (const suppression::Entry& entry : entries) {
    if (auto canonical = for_api(canonical_address(entry.address, list_.rules()), entry.address); !canonical) {
      return fail(canonical.error());
    }
  }
  const std::string what = fmt::format(
      "suppress {} ({}, {})", entries.size() == 1 ? entries[0].address : fmt::format("{} addresses", entries.size()),
      to_string(entries[0].cause), entries[0].scope.to_string());
  auto added = list_.add(std::move(entries), suppression::Overwrite::Always);
  if (added) audit_(actor, what);
  return added;
}

Result<std::uint64_t> SuppressionDesk::remove(const std::vector<std::string>& addresses,
                                              const std::optional<suppression::Scope>& scope, const std::string& note,
                                              const api::Actor& actor) {
  std::uint64_t removed = 0;
  for (const std::string& address : addresses) {
    auto one = for_api(list_.remove(address, scope, actor.name, note), address);
    if (!one) return one;
    removed += *one;
  }
  audit_(actor,
         fmt::format("remove suppressions of {}{}{}: {} removed{}{}", name_all(addresses), scope ? " in scope " : "",
                     scope ? scope->to_string() : "", removed, note.empty() ? "" : "; ", note));
  return removed;
}

Result<std::uint64_t> SuppressionDesk::reviewed(const std::vector<std::string>& addresses, const api::Actor& actor) {
  std::uint64_t reviewed = 0;
  for (const std::string& address : addresses) {
    auto one = for_api(list_.reviewed(address, actor.name), address);
    if (!one) return one;
    reviewed += *one;
  }
  audit_(actor, fmt::format("suppressions of {} reviewed", name_all(addresses)));
  return reviewed;
}

Result<api::SuppressionImport> SuppressionDesk::start_import(suppression::ImportRequest request,
                                                             const api::Actor& actor) {
  auto work = std::make_shared<Work>();
  {
    const std::lock_guard lock(mutex_);
    const auto running = std::count_if(works_.begin(), works_.end(), [](const auto& one) { return !one->ended; });
    if (static_cast<std::size_t>(running) >= kRunningMax) {
      return fail(api::Errc::Unavailable, fmt::format("{} imports are running", running));
    }
    while (works_.size() >= kKept && works_.front()->ended) {
      if (works_.front()->thread.joinable()) works_.front()->thread.join();
      works_.pop_front();
    }
    work->import.id = ++last_id_;
    work->import.path = request.path;
    work->import.by = actor.name;
    work->import.started = clock_.wall();
    if (request.defaults.source.empty()) {
      request.defaults.source = "import " + (request.path.empty() ? std::to_string(last_id_) : request.path);
    }
    request.folder = folder_;
    work->importer = std::make_unique<suppression::Importer>(list_, std::move(request));
    works_.push_back(work);
    work->thread = std::thread([this, raw = work.get()] {
      raw->importer->run();
      const std::lock_guard ended(mutex_);
      raw->import.finished = clock_.wall();
      raw->ended = true;
    });
  }
  audit_(actor, fmt::format("import {}: {}", work->import.id,
                            work->import.path.empty() ? std::string("a text") : work->import.path));
  for (int i = 0; i < kFirstLooks; ++i) {
    const api::SuppressionImport now = tell(*work);
    if (now.finished != Time{}) return now;
    std::this_thread::sleep_for(kFirstLook);
  }
  return tell(*work);
}

std::shared_ptr<SuppressionDesk::Work> SuppressionDesk::find_work(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(works_.begin(), works_.end(), [id](const auto& one) { return one->import.id == id; });
  return found == works_.end() ? nullptr : *found;
}

api::SuppressionImport SuppressionDesk::tell(Work& work) {
  const std::lock_guard lock(mutex_);
  api::SuppressionImport told = work.import;
  told.status = work.importer->status();
  return told;
}

std::optional<api::SuppressionImport> SuppressionDesk::find_import(std::uint64_t id) {
  const auto work = find_work(id);
  if (!work) return std::nullopt;
  return tell(*work);
}

Result<api::SuppressionImport> SuppressionDesk::cancel_import(std::uint64_t id, const api::Actor& actor) {
  const auto work = find_work(id);
  if (!work) return fail(api::Errc::NotFound, fmt::format("there is no import {}", id));
  if (tell(*work).finished != Time{}) return fail(api::Errc::Conflict, fmt::format("import {} has ended", id));
  work->importer->cancel();
  audit_(actor, fmt::format("cancel import {}", id));
  return tell(*work);
}

void SuppressionDesk::stop() {
  std::deque<std::shared_ptr<Work>> works;
  {
    const std::lock_guard lock(mutex_);
    works = works_;
  }
  for (const auto& work : works) {
    work->importer->cancel();
    if (work->thread.joinable()) work->thread.join();
  }
}

}  // namespace penstock::app
