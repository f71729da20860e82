// SPDX-License-Identifier: Apache-2.0
// What is done with reports that come back by mail.
#include "config/addresses.h"
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using enum Apply;

constexpr std::size_t kTrusted = 10'000;
constexpr std::size_t kComplaintTypes = 32;
constexpr std::size_t kTypeBytes = 60;

}  // namespace

const Section& feedback_section() {
  static const Section section =
      SectionBuilder<Feedback>("[feedback]")
          .add("act_without_reference", &Feedback::act_without_reference, flag(), Live,
               "Suppress what a report names though it brings no reference of ours. Anybody can send a report.")
          .add("trusted_domains", &Feedback::trusted_domains,
               list_of(domain(), "list of domains", kTrusted, Single::Accepted), Live,
               "Feedback loops that need no reference: domains whose DKIM signature their reports carry.", "none")
          .add("trusted_networks", &Feedback::trusted_networks,
               list_of(network(), "list of networks", kTrusted, Single::Accepted), Live,
               "Feedback loops that need no reference: addresses their reports come from.", "none")
          .add("complaint_types", &Feedback::complaint_types,
               list_of(any_text(kTypeBytes), "list of feedback types", kComplaintTypes, Single::Accepted), Live,
               "Types of complaint that suppress (RFC 5965); others are recorded only.")
          .add("complaint_suppress", &Feedback::complaint_suppress, flag(), Live,
               "Whether complaints suppress at all; else they are recorded and counted.")
          .add("complaint_global", &Feedback::complaint_global, flag(), Live,
               "A complaint suppresses in all streams, not only in its own.")
          .add("complaint_lasts", &Feedback::complaint_lasts, span_or_off(1h, 100 * 365 * 24h), Live,
               "For how long a complaint suppresses; off: for good.")
          .add("waiting_size", &Feedback::waiting_bytes, size(kMiB, 1024 * 1024 * kMiB), Restart,
               "Reports that wait on disk to be dealt with; the next gets 452.")
          .build();
  return section;
}

}  // namespace penstock::config
