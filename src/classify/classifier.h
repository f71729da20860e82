// SPDX-License-Identifier: Apache-2.0
// Classifier: what a receiver's reply means, decided by rules that are data (conf/classify/*.toml, built into the
// program; docs/classification.md says how they are written).
//
// Use:  auto classifier = Classifier::load(folder);   if (!classifier) return fail(classifier.error());
//       const Verdict verdict = (*classifier)->classify(reply, step, "yahoo");
//
// The provider's rules are asked first, then the general ones; within a set the first in written order that matches
// wins; where none matches the codes decide (model::class_by_code). Provider names are those of the rule files or
// their aliases ("Gmail", "outlook.com"), whatever their case; an unknown or empty one means the general rules.
//
// Immutable, so any number of threads may share one. A verdict's rule lives as long as the process, its reference as
// long as the Classifier.
// Cost: ≤ 5 µs a reply; no allocation but the automata's own working memory and the name of a blocklist.
// Limits: the first kTextMax bytes of a reply's text are looked at.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "classify/said.h"
#include "classify/verdict.h"
#include "model/reply.h"

namespace penstock::config {
struct TextFile;
}  // namespace penstock::config

namespace penstock::classify {

class Classifier {
 public:
  static constexpr std::size_t kTextMax = 2048;

  // The rules this program was built with. Made at the first call, then shared.
  [[nodiscard]] static std::shared_ptr<const Classifier> shipped();
  // Those and the *.toml of `folder`, read in order of name; a rule there with the id of a shipped one replaces it,
  // others of the same provider are asked before the shipped ones. An empty folder name means shipped().
  // Fails when the folder cannot be read or a rule in it is bad; the detail names file, line and remedy.
  [[nodiscard]] static Result<std::shared_ptr<const Classifier>> load(const std::string& folder);

  // The same with rules that are texts already.
  [[nodiscard]] static Result<std::shared_ptr<const Classifier>> with(const std::vector<config::TextFile>& own);

  ~Classifier();
  Classifier(const Classifier&) = delete;
  Classifier& operator=(const Classifier&) = delete;

  [[nodiscard]] Verdict classify(const model::Reply& reply, model::Step step, std::string_view provider) const;
  // The words as a person or a bounce mail quotes them: "smtp; 550 5.1.1 …", "452-4.2.2 …", or no code at all.
  // The step is unknown, so rules that ask for one match at any.
  [[nodiscard]] Verdict classify_text(std::string_view text, std::string_view provider) const;
  // The same, and what was read out of the words.
  [[nodiscard]] Verdict classify_text(std::string_view text, std::string_view provider, Said& said) const;

  // Whether rules exist for this provider, by name or alias; its canonical name, or "".
  [[nodiscard]] std::string_view provider_named(std::string_view name) const;

 private:
  struct Impl;
  explicit Classifier(std::unique_ptr<Impl> impl);
  [[nodiscard]] Verdict judge(const Said& said, std::string_view provider) const;
  std::unique_ptr<Impl> impl_;
};

// Writes a verdict into an outcome that was not delivered: class, rule, scope, wait, alarm, blocklist, and whether it
// is deferred or bounced.
void apply(Verdict verdict, model::Outcome& outcome);

}  // namespace penstock::classify
