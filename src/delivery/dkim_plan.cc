// SPDX-License-Identifier: Apache-2.0
#include "delivery/dkim_plan.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/secret_file.h"
#include "delivery/errc.h"
#include "mime/header.h"
#include "mime/mailbox.h"

namespace penstock::delivery {
namespace {

Result<dkim::Signer> make_signer(const config::Dkim& from) {
  const std::string who = "DKIM key of " + from.domain + ": ";
  dkim::SignOptions options{.domain = from.domain, .selector = from.selector, .identity = from.identity};
  options.more_headers = from.headers;
  if (const auto ways = dkim::parse_canonicalizations(from.canonicalization)) options.canonicalization = *ways;
  if (from.expire > Duration::zero()) options.expire = std::chrono::floor<std::chrono::seconds>(from.expire);
  if (const auto good = dkim::Signer::check(options); !good) return fail(Errc::BadKey, who + good.error());
  const auto pem = read_secret_file(from.key_file);
  if (!pem) return fail(Errc::BadKey, who + pem.error());
  auto key = dkim::KeyPair::from_pem(*pem);
  if (!key) return fail(Errc::BadKey, who + from.key_file + ": " + key.error());
  return dkim::Signer(std::move(options), std::make_shared<const dkim::KeyPair>(std::move(*key)));
}

}  // namespace

Result<std::shared_ptr<const DkimPlan>> DkimPlan::load(std::span<const config::Dkim> keys) {
  auto plan = std::make_shared<DkimPlan>();
  for (const config::Dkim& from : keys) {
    auto signer = make_signer(from);
    if (!signer) return fail(signer.error());
    plan->domains_[from.domain].push_back({std::make_shared<const dkim::Signer>(std::move(*signer)),
                                           from.sign.value_or(Time::min()), from.retire.value_or(Time::max()),
                                           from.streams});
  }
  // Those of streams first, then the latest.
  for (auto& [domain, own] : plan->domains_) {
    std::stable_sort(own.begin(), own.end(), [](const Key& a, const Key& b) {
      return a.streams.empty() != b.streams.empty() ? b.streams.empty() : a.sign > b.sign;
    });
  }
  return plan;
}

bool DkimPlan::Key::signs_for(std::string_view stream) const {
  return streams.empty() || std::find(streams.begin(), streams.end(), stream) != streams.end();
}

std::string_view DkimPlan::nearest(std::string_view domain, std::string_view stream) const {
  const auto has_key = [&](std::string_view name) {
    const auto found = domains_.find(name);
    return found != domains_.end() && std::any_of(found->second.begin(), found->second.end(),
                                                  [&](const Key& key) { return key.signs_for(stream); });
  };
  while (!domain.empty() && !has_key(domain)) {
    const std::size_t dot = domain.find('.');
    domain = dot == std::string_view::npos ? std::string_view() : domain.substr(dot + 1);
  }
  return domain;
}

void DkimPlan::add_domain(std::string_view domain, std::string_view stream, Time now, Signers& out) const {
  const auto found = domains_.find(domain);
  if (found == domains_.end()) return;
  bool has[2] = {false, false};
  for (const Key& key : found->second) {
    bool& taken = has[static_cast<std::size_t>(key.signer->key().type())];
    if (taken || now < key.sign || now >= key.retire || !key.signs_for(stream)) continue;
    taken = true;
    if (std::find(out.begin(), out.end(), key.signer) == out.end()) out.push_back(key.signer);
  }
}

DkimPlan::Signers DkimPlan::choose(const Asked& asked, std::string_view message, Time now) const {
  Signers out;
  for (const std::string& domain : asked.domains) {
    if (domain == config::kDkimOfFrom) {
      const std::string from = from_domain(message);
      add_domain(nearest(from, asked.stream), asked.stream, now, out);
    } else {
      add_domain(domain, asked.stream, now, out);
    }
  }
  return out;
}

std::string from_domain(std::string_view message) {
  const auto from = mime::find_field(message, "From");
  if (!from) return {};
  std::string_view mailboxes = from->value;
  return ascii::lower(mime::take_mailbox_domain(mailboxes));
}

SignedFields sign_message(const DkimPlan::Signers& signers, std::string_view message, Time now) {
  SignedFields out;
  dkim::MessageToSign to_sign(message);
  for (const auto& signer : signers) {
    const auto field = signer->sign(to_sign, now);
    if (field) {
      out.text += *field;
      ++out.made;
    } else {
      out.problem = signer->options().domain + ": " + field.error();
    }
  }
  return out;
}

std::uint64_t field_bytes(const DkimPlan::Signers& signers) {
  std::uint64_t sum = 0;
  for (const auto& signer : signers) sum += signer->field_bytes();
  return sum;
}

}  // namespace penstock::delivery
