// SPDX-License-Identifier: Apache-2.0
// What a reported failure means in our own terms: its class, and its status where the report states none.
// Pure; any thread.
#pragma once

#include "classify/classifier.h"
#include "model/outcome.h"
#include "report/reading.h"

namespace penstock::feedback {

struct Judged {
  model::OutcomeClass outcome_class = model::OutcomeClass::Other;
  std::string_view rule;  // that decided the class; lives as long as the classifier
  // As reported; otherwise derived from code and class, as in a notice of our own (RFC 3463).
  model::EnhancedStatus status;
  model::Scope scope = model::Scope::None;  // whom the reply speaks of; only Recipient suppresses
  std::string blocklist;                    // the list's name when told
  bool alarm = false;                       // our configuration is at fault
};

// The receiver's reply as the report quotes it is classified as if the receiver had said it to us. None for success.
[[nodiscard]] Judged judge(const report::ReportedRecipient& recipient, const classify::Classifier& classifier,
                           std::string_view provider = {});

}  // namespace penstock::feedback
