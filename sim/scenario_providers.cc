// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario_providers.h"

#include <fmt/format.h>

#include "net/stream.h"
#include "sim/behaviour.h"
#include "sim/pattern.h"

namespace penstock::sim {
namespace {

// Traits may be written as numbers, texts or flags; parse_trait_value() knows which is right.
std::string as_text(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto whole = node.value_exact<std::int64_t>()) return fmt::format("{}", *whole);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  return {};
}

// Calls take(trait, value) for each trait the table has.
template <class Take>
void read_traits(Fields& fields, Take take) {
  for (std::size_t i = 0; i < kTraitNames.size(); ++i) {
    const toml::node* node = fields.take(kTraitNames[i]);
    if (!node) continue;
    const auto trait = static_cast<Trait>(i);
    if (const auto value = parse_trait_value(trait, as_text(*node))) {
      take(trait, *value);
    } else {
      fields.bad(kTraitNames[i], value.error());
    }
  }
}

void read_bounce(Fields& fields, AfterSpec& spec) {
  std::vector<std::string> names;
  if (fields.texts("formats", names)) {
    spec.formats.clear();
    for (const std::string& name : names) {
      const auto format = parse_bounce_format(name);
      if (!format)
        fields.bad("formats", fmt::format("\"{}\" is none of {}", name, fmt::join(kBounceFormatNames, ", ")));
      spec.formats.push_back(format.value_or(BounceFormat::Rfc3464));
    }
    if (spec.formats.empty()) fields.bad("formats", "is empty");
  }
  std::string reply;
  if (!fields.text("reply", reply)) return;
  const auto parsed = parse_reply(reply);
  if (!parsed || parsed->find('\n') != std::string::npos) {
    fields.bad("reply", "must be one line and begin with a code of three digits and a space");
  } else {
    spec.reply = *parsed;
  }
}

}  // namespace

PersonalitySpec read_personality(const std::string& name, const toml::table& table, Problems& problems) {
  PersonalitySpec spec;
  spec.name = name;
  Fields fields(table, problems, fmt::format("[personality.{}]", name));
  std::string kind = "plain";
  fields.text("kind", kind);
  if (const auto found = parse_personality(kind)) {
    spec.kind = *found;
  } else {
    fields.bad("kind", fmt::format("must be one of {}", fmt::join(kPersonalityNames, ", ")));
  }
  read_traits(fields, [&](Trait trait, double value) { spec.limits.base[index_of(trait)] = value; });
  fields.finish();
  return spec;
}

void read_timeline(const toml::table& table, Problems& problems, std::vector<PersonalitySpec>& personalities) {
  Fields fields(table, problems, "[[timeline]]");
  Change change;
  std::string pattern;
  if (!fields.duration("at", change.at)) fields.bad("at", "is missing or wrong: when, as \"30s\"");
  fields.duration("over", change.over);
  fields.text("source", change.source);
  if (!fields.text("personality", pattern)) fields.bad("personality", "is missing: whose limits change");
  bool found = false;
  for (const PersonalitySpec& spec : personalities) found = found || matches(pattern, spec.name);
  if (!found) fields.bad("personality", fmt::format("[personality.{}] is not declared", pattern));
  bool changes = false;
  read_traits(fields, [&](Trait trait, double value) {
    changes = true;
    change.trait = trait;
    change.value = value;
    for (PersonalitySpec& spec : personalities) {
      if (matches(pattern, spec.name)) spec.limits.add(change);
    }
  });
  if (!changes) fields.bad("at", "changes nothing; give a limit, as rate = \"50/s\"");
  fields.finish();
}

AfterSpec read_after(const toml::table& table, Problems& problems) {
  Fields fields(table, problems, "[[receiver.after]]");
  AfterSpec spec;
  std::string kind;
  fields.text("kind", kind);
  if (kind != "bounce" && kind != "complaint") fields.bad("kind", "must be \"bounce\" or \"complaint\"");
  spec.kind = kind == "complaint" ? AfterKind::Complaint : AfterKind::Bounce;
  fields.share("share", spec.share);
  fields.text("recipient", spec.recipient);
  fields.duration("delay", spec.delay);
  fields.text("to", spec.to);
  if (const auto made = net::parse_endpoint(spec.to); !made) fields.bad("to", made.error().detail);
  if (spec.kind == AfterKind::Complaint) {
    fields.text("address", spec.address);
    if (spec.address.find('@') == std::string::npos) fields.bad("address", "must be the feedback address");
    fields.flag("redacted", spec.redacted);
  } else {
    read_bounce(fields, spec);
  }
  fields.finish();
  return spec;
}

}  // namespace penstock::sim
