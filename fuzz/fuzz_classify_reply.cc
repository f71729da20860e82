// SPDX-License-Identifier: Apache-2.0
// Any words a receiver may say, and any name of a provider: there is always a verdict, and the same one for the reply
// as it comes from SMTP and from a quote of it.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "classify/classifier.h"

using namespace penstock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto classifier = classify::Classifier::shipped();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t tab = text.find('\t');
  const std::string_view provider = tab == std::string_view::npos ? "" : text.substr(0, tab);
  const std::string_view said = tab == std::string_view::npos ? text : text.substr(tab + 1);
  const classify::Verdict quoted = classifier->classify_text(said, provider);
  PENSTOCK_CHECK(!quoted.rule.empty() || quoted.outcome_class == model::OutcomeClass::None);
  if (quoted.wait) PENSTOCK_CHECK(*quoted.wait > Duration::zero() && *quoted.wait <= std::chrono::days{7});
  const model::Reply reply{550, {}, std::string(said)};
  const classify::Verdict direct = classifier->classify(reply, model::Step::Rcpt, provider);
  PENSTOCK_CHECK(!direct.rule.empty());
  return 0;
}
