// SPDX-License-Identifier: Apache-2.0
// penstock classify: asks the rules themselves, so it needs no daemon.
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "base/units.h"
#include "classify/classifier.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/human.h"
#include "model/class_policy.h"

namespace penstock::cli {
namespace {

using classify::Classifier;
using classify::Verdict;
using ClassifierPtr = std::shared_ptr<const Classifier>;

std::string_view rule_name(const Verdict& verdict) {
  return verdict.rule.empty() ? std::string_view("-") : verdict.rule;
}
std::string_view retry_or_final(const Verdict& verdict) {
  return verdict.final ? "final" : "retry";
}

// Without a step, rules that ask for one match at any.
Verdict verdict_of(const Classifier& classifier, std::string_view reply, std::string_view provider,
                   std::optional<model::Step> step) {
  if (!step) return classifier.classify_text(reply, provider);
  classify::Said said;
  classify::read_quoted(reply, Classifier::kTextMax, said);
  return classifier.classify({said.code, said.enhanced, said.text}, *step, provider);
}

// The command line knows the names.
std::optional<model::Step> step_named(std::string_view name) {
  for (auto step = model::Step::Connect;; step = static_cast<model::Step>(static_cast<int>(step) + 1)) {
    if (to_string(step) == name) return step;
    if (step == model::Step::Quit) return std::nullopt;
  }
}

// "class<TAB>rule<TAB>scope<TAB>retry|final": one line for each line that comes in, whatever is in it.
std::string batch_line(const Classifier& classifier, std::string_view line, std::optional<model::Step> step) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t tab = line.find('\t');
  const std::string_view provider = tab == std::string_view::npos ? "" : line.substr(0, tab);
  const std::string_view reply = tab == std::string_view::npos ? line : line.substr(tab + 1);
  const Verdict verdict = verdict_of(classifier, reply, provider, step);
  std::string out(to_string(verdict.outcome_class));
  for (const std::string_view field : {rule_name(verdict), to_string(verdict.scope), retry_or_final(verdict)}) {
    out += '\t';
    out += field;
  }
  return out + "\n";
}

Ended classify_batch(const Classifier& classifier, const std::string& path, std::optional<model::Step> step) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return fail_with(kExitUsage, "cannot read " + path, "give a file, or \"-\" for standard input");
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string line;
  std::string out;
  constexpr std::size_t kWriteBytes = 64 << 10;
  while (std::getline(in, line)) {
    out += batch_line(classifier, line, step);
    if (out.size() < kWriteBytes) continue;
    Cli::print(out);
    out.clear();
  }
  Cli::print(out);
  return {};
}

// What the class's policy makes of a recipient that failed for good.
std::string suppression_text(const Verdict& verdict) {
  const model::ClassPolicy& policy = policy_of(verdict.outcome_class);
  if (policy.suppression == model::Suppress::Never || verdict.scope != model::Scope::Recipient) {
    return "the address is not suppressed";
  }
  const std::string span =
      policy.suppressed_for.count() == 0 ? "for good" : "for " + format_duration(policy.suppressed_for);
  const std::string when = verdict.final ? "" : "once it failed for good, ";
  return when + "the address is suppressed " + span + (policy.investigate ? ", to be investigated" : "");
}

std::string retry_text(const Verdict& verdict) {
  if (verdict.outcome_class == model::OutcomeClass::None) return "delivered";
  if (verdict.final) return "failed for good, no further try";
  const model::ClassPolicy& policy = policy_of(verdict.outcome_class);
  std::string text = "tried again by the stream's schedule";
  if (policy.tries_max > 0) {
    text = "tried again, at most " + std::to_string(policy.tries_max) + " times within " +
           format_duration(policy.tries_within);
  }
  if (!verdict.wait) return text;
  const std::string wait = format_duration(*verdict.wait);
  text += ", after " + wait + " at the earliest";
  return text + (verdict.wait_told && verdict.scope != model::Scope::Recipient ? "; the path waits as long" : "");
}

boost::json::object to_json(const Verdict& verdict, const Classifier& classifier, const std::string& provider) {
  const model::ClassPolicy& policy = policy_of(verdict.outcome_class);
  boost::json::object out;
  out["class"] = to_string(verdict.outcome_class);
  out["rule"] = rule_name(verdict);
  out["scope"] = to_string(verdict.scope);
  out["outcome"] = retry_or_final(verdict);
  out["group"] = to_string(policy.group);
  out["provider"] = classifier.provider_named(provider);
  out["wait_seconds"] = nullptr;
  if (verdict.wait) out["wait_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(*verdict.wait).count();
  out["wait_told"] = verdict.wait_told;
  out["slows_path"] = policy.slows_path;
  out["alarm"] = verdict.alarm;
  out["suppresses"] = policy.suppression != model::Suppress::Never && verdict.scope == model::Scope::Recipient;
  out["blocklist"] = verdict.blocklist;
  out["reference"] = verdict.reference;
  return out;
}

void print_verdict(const Verdict& verdict, const Classifier& classifier, const std::string& provider) {
  const model::ClassPolicy& policy = policy_of(verdict.outcome_class);
  const std::string_view known = classifier.provider_named(provider);
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text += std::string(name) + std::string(11 - name.size(), ' ') + printable(value) + "\n";
  };
  line("class",
       std::string(to_string(verdict.outcome_class)) + " (group " + std::string(to_string(policy.group)) + ")");
  line("rule", rule_name(verdict));
  line("scope", to_string(verdict.scope));
  line("provider", !known.empty() ? known : provider.empty() ? "" : "no rules of its own; the general ones were asked");
  line("blocklist", verdict.blocklist);
  line("retry", retry_text(verdict));
  line("suppress", verdict.outcome_class == model::OutcomeClass::None ? "" : suppression_text(verdict));
  line("path", policy.slows_path ? "sending at this scope slows down" : "");
  line("alarm", verdict.alarm ? "our configuration is at fault; an alarm is raised" : "");
  line("reference", verdict.reference);
  Cli::print(text);
}

}  // namespace

Ended classify_reply(Cli& cli) {
  const std::string reply = cli.arguments.text("REPLY");
  const std::string batch = cli.arguments.text("--batch");
  if (reply.empty() == batch.empty()) {
    return fail_with(kExitUsage, "give either a reply or --batch FILE",
                     "penstock classify \"550 5.1.1 User unknown\" --provider gmail");
  }
  const Result<ClassifierPtr> classifier = Classifier::load(cli.arguments.text("--rules"));
  if (!classifier) return fail_with(kExitUsage, classifier.error().detail, "correct the rules of --rules");
  const std::optional<model::Step> step = step_named(cli.arguments.text("--step"));
  if (!batch.empty()) return classify_batch(**classifier, batch, step);
  const std::string provider = cli.arguments.text("--provider");
  const Verdict verdict = verdict_of(**classifier, reply, provider, step);
  if (cli.json()) {
    Cli::print_json(to_json(verdict, **classifier, provider));
  } else {
    print_verdict(verdict, **classifier, provider);
  }
  return {};
}

}  // namespace penstock::cli
