// SPDX-License-Identifier: Apache-2.0
#include "classify/classifier.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "classify/blocklist_name.h"
#include "classify/catalog.h"
#include "classify/errc.h"
#include "classify/read_rules.h"
#include "classify/rule_set.h"
#include "classify/subject.h"
#include "classify/wait.h"
#include "model/class_policy.h"

namespace penstock::classify {
namespace {

using model::Finality;
using model::OutcomeClass;

constexpr std::string_view kByCode = "code";

std::vector<RuleFile> read_shipped() {
  config::Problems problems;
  std::vector<RuleFile> files = read_rule_files(shipped_texts(), problems);
  PENSTOCK_CHECK(!problems.any_error());  // the unit test of the shipped rules tells which
  return files;
}

// One problem a line.
std::string words_of(const config::Problems& problems) {
  std::string words;
  for (const config::Problem& problem : problems.sorted()) {
    if (!words.empty()) words += '\n';
    words += config::format_problem(problem);
  }
  return words;
}

// A 421 ends the connection and so meets recipients that it does not speak of; who is not let in before MAIL may be let
// in by another host or at a later hour. No recipient fails for either.
bool spares_recipients(const Said& said) {
  return said.code == 421 || (said.step && *said.step < model::Step::Mail);
}

// Whether no further try follows, when the rule does not say. `words`: it was read in the text, not only in the codes.
bool is_final(const model::ClassPolicy& policy, const Said& said, bool words) {
  if (policy.finality == Finality::Retry) return false;
  if (policy.finality == Finality::Final && (words || policy.group == model::BounceGroup::None)) {
    return said.code / 100 != 4 || !says_it_passes(said.text);
  }
  if (said.code != 0) return said.code >= 500;
  if (said.enhanced) return said.enhanced.status_class == 5;
  return policy.group == model::BounceGroup::HardAddress || policy.group == model::BounceGroup::HardPolicy;
}

Verdict verdict_of(const Rule& rule, const Said& said) {
  const model::ClassPolicy& policy = policy_of(rule.outcome_class);
  Verdict verdict;
  verdict.outcome_class = rule.outcome_class;
  verdict.rule = rule.lasting_id;
  verdict.scope = scope_of(rule.outcome_class, rule.scope, said);
  verdict.final = !spares_recipients(said) && rule.final.value_or(is_final(policy, said, !rule.pattern.empty()));
  verdict.alarm = rule.alarm.value_or(policy.alarm);
  verdict.reference = rule.reference;
  if (rule.wait_told && !verdict.final) {
    verdict.wait = told_wait(said.text);
    verdict.wait_told = verdict.wait || rule.wait_is_told;
    if (!verdict.wait) verdict.wait = rule.wait;
  }
  if (rule.outcome_class == OutcomeClass::Blocklist) verdict.blocklist = blocklist_name(said.text);
  return verdict;
}

Verdict verdict_by_code(const Said& said) {
  model::Reply bare;
  bare.code = said.code != 0 ? said.code : static_cast<std::uint16_t>(said.enhanced.status_class * 100 + 50);
  bare.enhanced = said.enhanced;
  Verdict verdict;
  verdict.outcome_class = said.code == 0 && !said.enhanced
                              ? OutcomeClass::Other
                              : model::class_by_code(bare, said.step.value_or(model::Step::EndOfData));
  const model::ClassPolicy& policy = policy_of(verdict.outcome_class);
  verdict.rule = kByCode;
  verdict.scope = scope_of(verdict.outcome_class, model::Scope::None, said);
  verdict.alarm = policy.alarm;
  verdict.final = !spares_recipients(said) && is_final(policy, said, false);
  return verdict;
}

}  // namespace

struct Classifier::Impl {
  Catalog catalog;
  std::vector<RuleSet> provider_sets;  // as catalog.providers()
  RuleSet general;

  Impl(std::vector<RuleFile> shipped, std::vector<RuleFile> own)
      : catalog(std::move(shipped), std::move(own)), general(catalog.general()) {
    provider_sets.reserve(catalog.providers().size());
    for (const Catalog::Provider& provider : catalog.providers()) provider_sets.emplace_back(provider.rules);
  }
};

Classifier::Classifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Classifier::~Classifier() = default;

std::shared_ptr<const Classifier> Classifier::shipped() {
  static const std::shared_ptr<const Classifier> classifier(
      new Classifier(std::make_unique<Impl>(read_shipped(), std::vector<RuleFile>{})));
  return classifier;
}

Result<std::shared_ptr<const Classifier>> Classifier::load(const std::string& folder) {
  if (folder.empty()) return shipped();
  config::Problems problems;
  const std::vector<config::TextFile> own = config::read_toml_files(folder, "classify.rules", problems);
  if (problems.any_error()) return fail(Errc::BadRules, words_of(problems));
  return with(own);
}

Result<std::shared_ptr<const Classifier>> Classifier::with(const std::vector<config::TextFile>& own) {
  config::Problems problems;
  std::vector<RuleFile> files = read_rule_files(own, problems);
  if (problems.any_error()) return fail(Errc::BadRules, words_of(problems));
  return std::shared_ptr<const Classifier>(new Classifier(std::make_unique<Impl>(read_shipped(), std::move(files))));
}

Verdict Classifier::classify(const model::Reply& reply, model::Step step, std::string_view provider) const {
  thread_local Said said;
  if (reply.positive()) return judge(Said{.code = reply.code, .enhanced = {}, .text = {}, .step = step}, provider);
  normalise(reply, step, kTextMax, said);
  return judge(said, provider);
}

Verdict Classifier::classify_text(std::string_view text, std::string_view provider) const {
  thread_local Said said;
  return classify_text(text, provider, said);
}

Verdict Classifier::classify_text(std::string_view text, std::string_view provider, Said& said) const {
  read_quoted(text, kTextMax, said);
  return judge(said, provider);
}

Verdict Classifier::judge(const Said& said, std::string_view provider) const {
  if (said.code >= 200 && said.code < 300) {
    Verdict delivered;
    delivered.outcome_class = OutcomeClass::None;
    delivered.final = true;
    return delivered;
  }
  if (const Catalog::Provider* known = impl_->catalog.find(provider)) {
    const auto number = static_cast<std::size_t>(known - impl_->catalog.providers().data());
    if (const Rule* rule = impl_->provider_sets[number].find(said)) return verdict_of(*rule, said);
  }
  if (const Rule* rule = impl_->general.find(said)) return verdict_of(*rule, said);
  return verdict_by_code(said);
}

std::string_view Classifier::provider_named(std::string_view name) const {
  const Catalog::Provider* provider = impl_->catalog.find(name);
  return provider == nullptr ? std::string_view() : std::string_view(provider->name);
}

void apply(Verdict verdict, model::Outcome& outcome) {
  PENSTOCK_CHECK(outcome.kind != model::OutcomeKind::Delivered);
  outcome.kind = verdict.final ? model::OutcomeKind::Bounced : model::OutcomeKind::Deferred;
  outcome.outcome_class = verdict.outcome_class;
  outcome.rule = verdict.rule;
  outcome.scope = verdict.scope;
  outcome.alarm = verdict.alarm;
  outcome.wait = verdict.wait;
  outcome.wait_told = verdict.wait_told;
  outcome.blocklist = std::move(verdict.blocklist);
}

}  // namespace penstock::classify
