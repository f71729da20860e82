// SPDX-License-Identifier: Apache-2.0
#include "preflight/subjects.h"

#include <algorithm>

#include "base/ascii.h"
#include "model/envelope.h"

namespace penstock::preflight {
namespace {

using Names = std::vector<std::string>;

void add_once(Names& names, std::string name) {
  if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

bool retired(const config::Dkim& key, Time now) {
  return key.retire && *key.retire <= now;
}

// The nearest domain at or above `name` that has a key for the stream, as "from" finds it.
std::string signer_of(const config::Config& config, const config::Stream& stream, std::string_view name, Time now) {
  while (!name.empty()) {
    const bool has_key = std::any_of(config.dkim.begin(), config.dkim.end(), [&](const auto& key) {
      return key.domain == name && key.signs_for(stream.name) && !retired(key, now);
    });
    if (has_key) return std::string(name);
    const std::size_t dot = name.find('.');
    name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
  }
  return {};
}

bool names_from(const config::Stream& stream) {
  return std::find(stream.dkim.begin(), stream.dkim.end(), config::kDkimOfFrom) != stream.dkim.end();
}

// Domains that streams name to sign beside that of From; those are operators', not senders'.
bool signs_by_name(const config::Config& config, const std::string& domain) {
  return std::any_of(config.streams.begin(), config.streams.end(), [&](const config::Stream& stream) {
    return names_from(stream) && std::find(stream.dkim.begin(), stream.dkim.end(), domain) != stream.dkim.end();
  });
}

Names from_domains(const config::Config& config, const config::Stream& stream, Time now) {
  Names domains;
  for (const std::string& pattern : stream.match.sender) {
    const std::string domain = model::domain_of(pattern);
    if (domain.find_first_of("*?") == std::string::npos) add_once(domains, domain);
  }
  if (!domains.empty()) return domains;
  if (names_from(stream)) {
    for (const config::Dkim& key : config.dkim) {
      if (retired(key, now) || !key.signs_for(stream.name) || signs_by_name(config, key.domain)) continue;
      add_once(domains, key.domain);
    }
  }
  if (domains.empty()) {
    for (const std::string& domain : stream.dkim) {
      if (domain != config::kDkimOfFrom) add_once(domains, domain);
    }
  }
  return domains;
}

Names signers(const config::Config& config, const config::Stream& stream, const std::string& from, Time now) {
  Names domains;
  for (const std::string& domain : stream.dkim) {
    add_once(domains, domain == config::kDkimOfFrom ? signer_of(config, stream, from, now) : domain);
  }
  return domains;
}

class Collector {
 public:
  Collector(const config::Config& config, Time now, std::optional<IpAddress> chosen)
      : config_(config), now_(now), chosen_(chosen) {}

  void add(const config::Stream& stream) {
    streams_.push_back(stream.name);
    if (stream.marketing) subjects_.marketing.push_back(&stream);
    const std::vector<Identity> identities = identities_of(stream.pool);
    for (const Identity& identity : identities) {
      if (!known(subjects_.identities, identity)) subjects_.identities.push_back(identity);
    }
    const Names from = from_domains(config_, stream, now_);
    Names envelopes;
    add_once(envelopes, model::domain_of(stream.return_path));
    if (envelopes.empty()) envelopes = from;
    for (const std::string& domain : from) {
      const Names signed_by = signers(config_, stream, domain, now_);
      sender(domain).pairings.push_back(
          {stream.name, signed_by, stream.return_path.empty() ? Names{domain} : envelopes});
      for (const std::string& signer : signed_by) (void)sender(signer);
    }
    for (const std::string& domain : envelopes) {
      for (const Identity& identity : identities) {
        auto& have = envelope(domain).identities;
        if (!known(have, identity)) have.push_back(identity);
      }
    }
  }

  Subjects take() {
    for (SenderDomain& domain : subjects_.senders) {
      for (const config::Dkim& key : config_.dkim) {
        const bool used = std::any_of(streams_.begin(), streams_.end(),
                                      [&key](const std::string& stream) { return key.signs_for(stream); });
        if (key.domain == domain.name && used && !retired(key, now_)) domain.keys.push_back(&key);
      }
    }
    for (const config::Listener& listener : config_.listeners) {
      if (listener.tls != config::ListenerTls::Off) subjects_.listeners.push_back(&listener);
    }
    return std::move(subjects_);
  }

 private:
  static bool known(const std::vector<Identity>& all, const Identity& one) {
    return std::any_of(all.begin(), all.end(),
                       [&](const Identity& each) { return each.vmta == one.vmta && each.source == one.source; });
  }

  std::vector<Identity> identities_of(const std::string& pool) const {
    std::vector<Identity> all;
    const config::Pool* found = config_.find_pool(pool);
    if (found == nullptr) return all;
    for (const config::PoolMember& member : found->members) {
      const config::Vmta* vmta = config_.find_vmta(member.vmta);
      if (vmta == nullptr || !vmta->enabled) continue;
      for (const auto& source : {vmta->source_v4, vmta->source_v6}) {
        if (source) all.push_back({vmta->name, vmta->ehlo, source, false});
      }
      if (!vmta->source_v4 && !vmta->source_v6) all.push_back({vmta->name, vmta->ehlo, chosen_, true});
    }
    return all;
  }

  SenderDomain& sender(const std::string& name) {
    for (SenderDomain& each : subjects_.senders) {
      if (each.name == name) return each;
    }
    return subjects_.senders.emplace_back(SenderDomain{name, {}, {}});
  }
  EnvelopeDomain& envelope(const std::string& name) {
    for (EnvelopeDomain& each : subjects_.envelopes) {
      if (each.name == name) return each;
    }
    return subjects_.envelopes.emplace_back(EnvelopeDomain{name, {}});
  }

  const config::Config& config_;
  const Time now_;
  const std::optional<IpAddress> chosen_;
  Subjects subjects_;
  Names streams_;  // that were added
};

}  // namespace

Subjects find_subjects(const config::Config& config, std::string_view stream, Time now,
                       std::optional<IpAddress> chosen) {
  Collector collector(config, now, chosen);
  for (const config::Stream& each : config.streams) {
    const bool internet = each.route.kind == config::Route::Kind::Mx;
    if (stream.empty() ? internet : each.name == stream) collector.add(each);
  }
  Subjects found = collector.take();
  const auto add_relay = [&found](const config::Route& route, std::string used_by) {
    const bool known = std::any_of(found.relays.begin(), found.relays.end(), [&](const Relay& relay) {
      return relay.route->user == route.user && relay.route->hosts == route.hosts;
    });
    if (!route.user.empty() && !known) found.relays.push_back({&route, std::move(used_by)});
  };
  for (const config::Stream& each : config.streams) {
    if (stream.empty() || each.name == stream) add_relay(each.route, "stream " + each.name);
  }
  for (const config::Domain& domain : config.domains) {
    if (stream.empty() && domain.route) add_relay(*domain.route, "domain " + domain.name);
  }
  return found;
}

}  // namespace penstock::preflight
