// SPDX-License-Identifier: Apache-2.0
#include "app/node_operations.h"
#include "eventlog/event_query.h"

namespace penstock::app {
namespace {

eventlog::EventFilter filter_of(const api::EventQuery& query) {
  eventlog::EventFilter filter;
  filter.types = query.types;
  filter.stream = query.filter.stream;
  filter.tenant = query.filter.tenant;
  filter.campaign = query.filter.campaign;
  filter.domain = query.filter.domain;
  filter.provider = query.filter.provider;
  filter.vmta = query.filter.vmta;
  filter.message = query.filter.message;
  filter.recipient = query.filter.recipient;
  return filter;
}

api::EventList to_api(eventlog::FoundEvents found) {
  return {std::move(found.lines), found.cursor, found.more};
}

}  // namespace

Result<api::EventList> NodeOperations::trace(const api::TraceQuery& query) {
  eventlog::TraceQuery asked;
  asked.recipient = query.recipient;
  asked.message = query.message;
  asked.since = query.since;
  asked.limit = query.limit;
  auto found = eventlog::trace(node_.events(), asked);
  if (!found) return fail(found.error());
  return to_api(std::move(*found));
}

Result<api::EventList> NodeOperations::events(const api::EventQuery& query) {
  eventlog::EventsQuery asked;
  asked.cursor = query.cursor;
  asked.last = query.last;
  asked.max = query.max;
  asked.filter = filter_of(query);
  auto found = eventlog::find_events(node_.events(), asked);
  if (!found) return fail(found.error());
  return to_api(std::move(*found));
}

}  // namespace penstock::app
