// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/errc.h"
#include "api/words.h"
#include "app/ask_shards.h"
#include "app/known_names.h"
#include "app/node_operations.h"
#include "base/log.h"

namespace penstock::app {
namespace {

queue::Pause to_queue(const PauseBook::Entry& entry, const queue::Selection& selection, const Clock& clock) {
  queue::Pause pause;
  pause.id = queue::PauseId{entry.id};
  pause.selection = selection;
  pause.reason = entry.pause.reason;
  pause.by = entry.pause.by;
  pause.since = clock.from_wall(entry.pause.since);
  if (entry.pause.until != Time{}) pause.until = clock.from_wall(entry.pause.until);
  return pause;
}

}  // namespace

std::string describe_selection(const api::Selection& s) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  };
  add("stream", s.stream);
  add("tenant", s.tenant);
  add("campaign", s.campaign);
  add("domain", s.domain);
  add("provider", s.provider);
  add("vmta", s.vmta);
  add("path", s.path);
  add("message", s.message ? model::format_id(*s.message) : "");
  add("recipient", s.recipient);
  return text.empty() ? "everything" : text;
}

NodeOperations::NodeOperations(Node& node)
    : node_(node),
      pauses_(node.in_force().config->node.data_dir + "/pauses.json"),
      jobs_(node),
      suppressions_(node.suppressions(), node.clock(), node.in_force().config->node.data_dir,
                    [this](const api::Actor& actor, const std::string& what) { record_admin(actor, what); }),
      users_(node.users(), [this](const api::Actor& actor, const std::string& what) { record_admin(actor, what); }),
      shaping_(
          node.engine(), node.names(), node.clock(), [&node] { return node.keep_shaping(); },
          [this](const api::Actor& actor, const std::string& what) { record_admin(actor, what); },
          [&node](const api::Tuple& tuple) { return app::check_names(node, tuple); }) {
  register_metrics();
  if (auto loaded = pauses_.load(); !loaded) log::error("app", "{}", loaded.error().to_string());
  for (const PauseBook::Entry& entry : pauses_.list(node_.clock().wall())) {
    const auto match = SelectionMatch::make(entry.pause.selection, node_.names());
    if (!match) continue;
    // Before the shards run: nothing leaves that was paused.
    for (std::size_t i = 0; i < node_.engine().count(); ++i) {
      const queue::Pause pause = to_queue(entry, match->selection(), node_.clock());
      if (auto added = node_.engine().dispatcher(i).add_pause(pause); !added) {
        log::error("app", "{}", added.error().to_string());
      }
    }
  }
}

NodeOperations::~NodeOperations() = default;

void NodeOperations::stop() {
  suppressions_.stop();
  jobs_.stop();
}

Result<> NodeOperations::check_names(const api::Selection& selection) {
  return app::check_names(node_, selection);
}

std::vector<api::Pause> NodeOperations::pauses() {
  std::vector<api::Pause> all;
  for (PauseBook::Entry& entry : pauses_.list(node_.clock().wall())) all.push_back(std::move(entry.pause));
  return all;
}

Result<api::Pause> NodeOperations::pause(const api::PauseRequest& request, const api::Actor& actor) {
  if (request.selection.message || !request.selection.recipient.empty()) {
    return fail(api::Errc::BadRequest, "a pause cannot name a message or a recipient; hold those");
  }
  if (auto known = check_names(request.selection); !known) return fail(known.error());
  const auto match = SelectionMatch::make(request.selection, node_.names());
  if (!match) return fail(match.error());
  if (pauses_.list(node_.clock().wall()).size() >= queue::PauseSet::kMax) {
    return fail(api::Errc::Conflict, "there are too many pauses; resume some");
  }
  const PauseBook::Entry entry =
      pauses_.add({request.selection, request.reason, actor.name, node_.clock().wall(), request.until});
  ask_shards(node_.engine(), [&](delivery::Dispatcher& dispatcher) {
    (void)dispatcher.add_pause(to_queue(entry, match->selection(), node_.clock()));
  });
  record_admin(
      actor, "pause " + describe_selection(request.selection) + (request.reason.empty() ? "" : ": " + request.reason));
  if (auto saved = pauses_.save(); !saved) {
    log::error("app", "the pause holds until a restart only: {}", saved.error().to_string());
  }
  return entry.pause;
}

Result<std::vector<api::Pause>> NodeOperations::resume(const api::Selection& selection, const api::Actor& actor) {
  std::vector<api::Pause> lifted;
  const std::vector<PauseBook::Entry> removed = pauses_.remove(selection);
  ask_shards(node_.engine(), [&](delivery::Dispatcher& dispatcher) {
    for (const PauseBook::Entry& entry : removed) dispatcher.remove_pause(queue::PauseId{entry.id});
  });
  lifted.reserve(removed.size());
  for (const PauseBook::Entry& entry : removed) lifted.push_back(entry.pause);
  if (lifted.empty()) return lifted;  // nothing was changed
  record_admin(actor, "resume " + describe_selection(selection));
  if (auto saved = pauses_.save(); !saved) {
    log::error("app", "the pause comes back at a restart: {}", saved.error().to_string());
  }
  return lifted;
}

Result<api::Job> NodeOperations::act(const api::ActRequest& request, const api::Actor& actor) {
  const auto config = node_.in_force().config;
  if (!request.to_vmta.empty() && config->find_vmta(request.to_vmta) == nullptr) {
    return fail(api::Errc::BadRequest, not_configured("vMTA", request.to_vmta, vmta_names(*config)));
  }
  if (!request.to_stream.empty() && config->find_stream(request.to_stream) == nullptr) {
    return fail(api::Errc::BadRequest, not_configured("stream", request.to_stream, stream_names(*config)));
  }
  if (auto known = check_names(request.selection); !known) return fail(known.error());
  if (!request.dry_run) {
    std::string what = fmt::format("{} {}", api::word_for(request.act), describe_selection(request.selection));
    if (!request.to_vmta.empty()) what += " to_vmta=" + request.to_vmta;
    if (!request.to_stream.empty()) what += " to_stream=" + request.to_stream;
    if (request.force) what += " force=true (also who was deferred for rate or reputation)";
    if (!request.reason.empty()) what += ": " + request.reason;
    record_admin(actor, what);
  }
  return jobs_.start(request, actor);
}

std::vector<api::Job> NodeOperations::jobs() {
  return jobs_.list();
}

std::optional<api::Job> NodeOperations::job(std::uint64_t id) {
  return jobs_.find(id);
}

Result<api::Job> NodeOperations::cancel_job(std::uint64_t id, const api::Actor& actor) {
  auto cancelled = jobs_.cancel(id);
  if (cancelled) record_admin(actor, "cancel job " + std::to_string(id));
  return cancelled;
}

void NodeOperations::record_admin(const api::Actor& actor, const std::string& what) {
  const std::string detail = fmt::format("{} via {}: {}", actor.name, actor.via, what);
  model::Event event;
  event.type = model::EventType::Admin;
  event.time = node_.clock().wall();
  event.detail = detail;
  node_.flow().record(event);
}

}  // namespace penstock::app
