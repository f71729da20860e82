// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <set>

#include "app/ask_shards.h"
#include "app/learn_places.h"
#include "app/node_operations.h"
#include "app/selection_match.h"
#include "base/ascii.h"
#include "eventlog/event_query.h"

namespace penstock::app {
namespace {

namespace json = boost::json;

constexpr std::uint32_t kHistoryEvents = 10'000;  // of a message, the newest
constexpr std::size_t kHistoriesShown = 200;      // messages whose last reply a list of recipients tells

struct Group {
  api::QueueCounts counts;
  api::AgeBuckets ages{};
  Time oldest{};
  Time next_attempt{};
};
// By the name's number; names are looked up at the end.
using Groups = boost::unordered_flat_map<std::uint32_t, Group>;

model::NameId group_key(api::QueueGroup by, const queue::QueuedRecipient& recipient, const queue::LabelSet& labels,
                        const queue::Place& place) {
  switch (by) {
    case api::QueueGroup::Domain: return recipient.domain;
    case api::QueueGroup::Stream: return labels.stream;
    case api::QueueGroup::Tenant: return labels.tenant;
    case api::QueueGroup::Campaign: return labels.campaign;
    case api::QueueGroup::Provider: return place.provider;
    case api::QueueGroup::Vmta:
      if (place.vmta) return place.vmta;
      return recipient.pinned_vmta ? recipient.pinned_vmta : labels.vmta;
  }
  return {};
}

void count(api::QueueCounts& counts, queue::Whereabouts where) {
  switch (where) {
    case queue::Whereabouts::Active: ++counts.ready; return;
    case queue::Whereabouts::Deferred: ++counts.deferred; return;
    case queue::Whereabouts::Scheduled: ++counts.scheduled; return;
    case queue::Whereabouts::Held: ++counts.held; return;
  }
}

void add(api::QueueCounts& sum, const api::QueueCounts& more) {
  sum.ready += more.ready;
  sum.in_delivery += more.in_delivery;
  sum.deferred += more.deferred;
  sum.scheduled += more.scheduled;
  sum.held += more.held;
}

api::RecipientState to_api(queue::Whereabouts where) {
  switch (where) {
    case queue::Whereabouts::Active: return api::RecipientState::Ready;
    case queue::Whereabouts::Deferred: return api::RecipientState::Deferred;
    case queue::Whereabouts::Scheduled: return api::RecipientState::Scheduled;
    case queue::Whereabouts::Held: return api::RecipientState::Held;
  }
  return api::RecipientState::Ready;
}

// What is listed by provider or path is not to miss what waits since before a restart.
void learn_for(Node& node, const SelectionMatch& match, bool by_provider) {
  if (by_provider || match.needs_places()) learn_places(node, match, kLearnForList, [] { return true; });
}

Groups group_queues(Node& node, const SelectionMatch& match, api::QueueGroup by) {
  learn_for(node, match, by == api::QueueGroup::Provider);
  Groups groups;
  const Time now = node.clock().now();
  scan_queues(
      node.engine(),
      [&](const queue::QueuedRecipient& recipient, const delivery::Dispatcher::Sighting& at) {
        if (!match.may_match(recipient, node.labels(), at.place)) return queue::Visit::Keep;
        const queue::LabelSet& labels = node.labels().view(recipient.labels);
        Group& group = groups[group_key(by, recipient, labels, at.place).value];
        count(group.counts, at.where);
        const Time received = queue::time_of(recipient.received);
        if (group.oldest == Time{} || received < group.oldest) group.oldest = received;
        ++group.ages[queue::age_bucket(std::max(now - received, Duration::zero()))];
        if (at.where == queue::Whereabouts::Deferred || at.where == queue::Whereabouts::Scheduled) {
          const Time due = queue::time_of(recipient.due);
          if (group.next_attempt == Time{} || due < group.next_attempt) group.next_attempt = due;
        }
        return queue::Visit::Keep;
      },
      [](std::size_t) { return true; });
  return groups;
}

// The pause that stops a whole row, if the row's name is what the pause is about.
std::string pause_of(const std::vector<PauseBook::Entry>& pauses, api::QueueGroup by, const std::string& name) {
  for (const PauseBook::Entry& entry : pauses) {
    const api::Selection& s = entry.pause.selection;
    const bool fits =
        (by == api::QueueGroup::Domain && s.domain == name) || (by == api::QueueGroup::Stream && s.stream == name) ||
        (by == api::QueueGroup::Tenant && s.tenant == name) ||
        (by == api::QueueGroup::Campaign && s.campaign == name) ||
        (by == api::QueueGroup::Provider && s.provider == name) || (by == api::QueueGroup::Vmta && s.vmta == name);
    if (s.all || (fits && !name.empty())) {
      return entry.pause.reason.empty() ? "paused by " + entry.pause.by
                                        : "paused by " + entry.pause.by + ": " + entry.pause.reason;
    }
  }
  return {};
}

std::string text_of(const json::object& event, std::string_view key) {
  const json::value* value = event.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint32_t number_of(const json::object& event, std::string_view key) {
  const json::value* value = event.if_contains(key);
  return value != nullptr && value->is_int64() ? static_cast<std::uint32_t>(value->get_int64()) : 0;
}

// "operator: wrong link, ticket 815", "paused by ann: the receiver asked for it".
std::string why_held(const std::string& hold, const std::string& detail) {
  if (detail.empty()) return hold;
  return detail.starts_with(hold) ? detail : hold + ": " + detail;
}

}  // namespace

Result<api::QueueList> NodeOperations::queues(const api::QueueQuery& query) {
  if (auto known = check_names(query.selection); !known) return fail(known.error());
  const auto match = SelectionMatch::make(query.selection, node_.names());
  if (!match) return fail(match.error());
  const Groups groups = group_queues(node_, *match, query.by);
  const auto pauses = pauses_.list(node_.clock().wall());
  api::QueueList list;
  list.groups = groups.size();
  for (const auto& [id, group] : groups) {
    api::QueueRow row;
    row.name = node_.names().view(model::NameId{id});
    row.counts = group.counts;
    if (group.oldest != Time{}) row.oldest = node_.clock().to_wall(group.oldest);
    if (group.next_attempt != Time{}) row.next_attempt = node_.clock().to_wall(group.next_attempt);
    row.paused = pause_of(pauses, query.by, row.name);
    add(list.total, group.counts);
    list.rows.push_back(std::move(row));
  }
  std::sort(list.rows.begin(), list.rows.end(), [](const api::QueueRow& a, const api::QueueRow& b) {
    return a.counts.total() != b.counts.total() ? a.counts.total() > b.counts.total() : a.name < b.name;
  });
  if (list.rows.size() > query.limit) list.rows.resize(query.limit);
  if (query.selection.empty()) list.total.in_delivery = queue_counts().in_delivery;
  return list;
}

Result<api::AgeList> NodeOperations::queue_age(const api::QueueQuery& query) {
  const auto match = SelectionMatch::make(query.selection, node_.names());
  if (!match) return fail(match.error());
  const Groups groups = group_queues(node_, *match, query.by);
  api::AgeList list;
  list.groups = groups.size();
  const auto total = [](const api::AgeRow& row) {
    std::uint64_t sum = 0;
    for (const std::uint64_t each : row.recipients) sum += each;
    return sum;
  };
  for (const auto& [id, group] : groups) {
    list.rows.push_back({std::string(node_.names().view(model::NameId{id})), group.ages});
    for (std::size_t i = 0; i < group.ages.size(); ++i) list.total[i] += group.ages[i];
  }
  std::sort(list.rows.begin(), list.rows.end(), [&](const api::AgeRow& a, const api::AgeRow& b) {
    return total(a) != total(b) ? total(a) > total(b) : a.name < b.name;
  });
  if (list.rows.size() > query.limit) list.rows.resize(query.limit);
  return list;
}

api::RecipientRow NodeOperations::recipient_row(const queue::QueuedRecipient& recipient, queue::Whereabouts where,
                                                const queue::Place& place) {
  const queue::LabelSet& labels = node_.labels().view(recipient.labels);
  const auto name = [this](model::NameId id) { return std::string(node_.names().view(id)); };
  api::RecipientRow row;
  row.id = recipient.id();
  row.labels.stream = name(labels.stream);
  row.labels.tenant = name(labels.tenant);
  row.labels.campaign = name(labels.campaign);
  row.labels.vmta = name(labels.vmta);
  row.state = to_api(where);
  row.received = node_.clock().to_wall(queue::time_of(recipient.received));
  row.attempts = recipient.attempts;
  if (where == queue::Whereabouts::Deferred || where == queue::Whereabouts::Scheduled) {
    row.next_attempt = node_.clock().to_wall(queue::time_of(recipient.due));
  }
  row.vmta = name(recipient.pinned_vmta);
  if (place.group && place.vmta) row.path = name(place.vmta) + "/" + name(place.group);
  if (where == queue::Whereabouts::Held) row.reason = queue::to_string(recipient.hold);
  if (const auto envelope = node_.spool().read_envelope(recipient.message)) {
    row.sender = (*envelope)->sender;
    row.labels.list = (*envelope)->labels.list;
    if (recipient.index < (*envelope)->recipients.size()) {
      row.recipient = (*envelope)->recipients[recipient.index].address;
    }
  }
  return row;
}

Result<api::RecipientList> NodeOperations::recipients(const api::RecipientQuery& query) {
  if (auto known = check_names(query.selection); !known) return fail(known.error());
  const auto match = SelectionMatch::make(query.selection, node_.names());
  if (!match) return fail(match.error());
  struct Seen {
    queue::QueuedRecipient recipient;
    delivery::Dispatcher::Sighting at;
  };
  learn_for(node_, *match, false);
  // With an address every candidate has to be read; without, only those that are shown.
  const std::size_t keep = match->needs_confirmation() ? 100'000 : query.limit;
  std::vector<Seen> seen;
  api::RecipientList list;
  scan_queues(
      node_.engine(),
      [&](const queue::QueuedRecipient& recipient, const delivery::Dispatcher::Sighting& at) {
        if (query.state && *query.state != to_api(at.where)) return queue::Visit::Keep;
        if (!match->may_match(recipient, node_.labels(), at.place)) return queue::Visit::Keep;
        ++list.matched;
        if (seen.size() < keep) seen.push_back({recipient, at});
        return queue::Visit::Keep;
      },
      [](std::size_t) { return true; });
  if (match->needs_confirmation()) {
    std::erase_if(seen, [&](const Seen& one) { return !match->confirm(one.recipient, node_.spool()); });
    list.matched = seen.size();
    if (seen.size() > query.limit) seen.resize(query.limit);
  }
  for (const Seen& one : seen) list.rows.push_back(recipient_row(one.recipient, one.at.where, one.at.place));
  // A look into the log takes about a millisecond for each message: enough for what a person reads.
  std::set<model::MessageId> asked;
  for (const api::RecipientRow& row : list.rows) {
    const bool told = row.attempts > 0 || row.state == api::RecipientState::Held;
    if (!told || asked.contains(row.id.message)) continue;
    if (asked.size() >= kHistoriesShown) {
      ++list.untold;
      continue;
    }
    asked.insert(row.id.message);
    add_history(row.id.message, list.rows);
  }
  return list;
}

Result<std::optional<api::MessageDetail>> NodeOperations::message(model::MessageId id) {
  const auto envelope = node_.spool().read_envelope(id);
  if (!envelope) {
    if (envelope.error() == make_error_code(spool::Errc::UnknownMessage)) return std::optional<api::MessageDetail>{};
    return fail(envelope.error());
  }
  api::MessageDetail detail;
  detail.envelope = **envelope;
  std::map<std::uint32_t, api::RecipientRow> rows;
  scan_queues(
      node_.engine(),
      [&](const queue::QueuedRecipient& recipient, const delivery::Dispatcher::Sighting& at) {
        // Reading the envelope again for each row would block the shard: what it says is filled in below.
        if (recipient.message == id) {
          api::RecipientRow row;
          row.state = to_api(at.where);
          row.attempts = recipient.attempts;
          row.vmta = node_.names().view(recipient.pinned_vmta);
          if (at.where == queue::Whereabouts::Held) row.reason = queue::to_string(recipient.hold);
          if (at.place.group && at.place.vmta) {
            row.path =
                std::string(node_.names().view(at.place.vmta)) + "/" + std::string(node_.names().view(at.place.group));
          }
          if (at.where != queue::Whereabouts::Active && at.where != queue::Whereabouts::Held) {
            row.next_attempt = node_.clock().to_wall(queue::time_of(recipient.due));
          }
          rows.insert_or_assign(recipient.index, std::move(row));
        }
        return queue::Visit::Keep;
      },
      [](std::size_t) { return true; });
  for (std::uint32_t i = 0; i < detail.envelope.recipients.size(); ++i) {
    const auto found = rows.find(i);
    api::RecipientRow row = found != rows.end() ? found->second : api::RecipientRow{};
    if (found == rows.end()) row.state = api::RecipientState::InDelivery;
    row.id = {id, i};
    row.recipient = detail.envelope.recipients[i].address;
    row.sender = detail.envelope.sender;
    row.labels = detail.envelope.labels;
    row.received = detail.envelope.received;
    detail.recipients.push_back(std::move(row));
  }
  add_history(id, detail.recipients);
  return std::optional<api::MessageDetail>(std::move(detail));
}

// The event log knows the last reply, why somebody is held, and of those who are in no queue how often they were tried
// and whether they are done.
void NodeOperations::add_history(model::MessageId message, std::span<api::RecipientRow> rows) {
  eventlog::TraceQuery query;
  query.message = message;
  query.limit = kHistoryEvents;
  const auto found = eventlog::trace(node_.events(), query);
  if (!found) return;
  std::vector<std::string> held_for(rows.size());
  for (const std::string& line : found->lines) {
    boost::system::error_code error;
    const json::value parsed = json::parse(line, error);
    if (error || !parsed.is_object()) continue;
    const json::object& event = parsed.get_object();
    const std::string address = text_of(event, "recipient");
    const std::string type = text_of(event, "type");
    for (std::size_t i = 0; i < rows.size(); ++i) {
      api::RecipientRow& row = rows[i];
      if (row.id.message != message || !ascii::equal_ignoring_case(row.recipient, address)) continue;
      if (const std::string reply = text_of(event, "reply"); !reply.empty()) row.last_reply = reply;
      if (type == "held" || type == "released") held_for[i] = type == "held" ? text_of(event, "detail") : "";
      const bool queued = row.state != api::RecipientState::InDelivery && row.state != api::RecipientState::Done;
      if (!queued) row.attempts = std::max(row.attempts, number_of(event, "attempt"));
      const bool final_type = type == "delivered" || type == "bounced" || type == "expired" || type == "suppressed";
      if (final_type && row.state == api::RecipientState::InDelivery) {
        row.state = api::RecipientState::Done;
        row.reason = type;
      }
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].state == api::RecipientState::Held) rows[i].reason = why_held(rows[i].reason, held_for[i]);
  }
}

}  // namespace penstock::app
