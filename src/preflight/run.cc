// SPDX-License-Identifier: Apache-2.0
#include "preflight/run.h"

#include <fmt/format.h>

#include <algorithm>

#include "dns/one_shot.h"

namespace penstock::preflight {
namespace {

// One check to be made. `start` makes its coroutine, which copies or outlives what it needs.
struct Job {
  std::size_t group;
  std::string what;
  std::function<net::Task<Findings>()> start;
  Findings findings{};
  bool ended = false;
};

class Schedule {
 public:
  Schedule(const World& world, const Subjects& subjects, const Options& options) : world_(world) {
    add_machine();
    add_identities(subjects);
    for (const SenderDomain& domain : subjects.senders) add_sender(domain);
    for (const EnvelopeDomain& domain : subjects.envelopes) add_envelope(domain);
    for (const config::Stream* stream : subjects.marketing) {
      open({"stream", stream->name, "", {}});
      report.groups.back().findings = check_bulk(*stream);
    }
    for (const Relay& relay : subjects.relays) {
      open({"relay",
            relay.route->hosts.front().to_string(),
            fmt::format("{}, {}", relay.route->user, relay.used_by),
            {}});
      add("relay " + relay.route->user, [&world, relay] { return check_relay(world, relay); });
    }
    add_sample(options);
    for (const config::Listener* listener : subjects.listeners) {
      open({"listener", listener->name, listener->hostname, {}});
      add("tls of " + listener->name, [&world, listener] { return check_tls(world, *listener); });
    }
  }
  std::vector<Job> jobs;
  Report report;

 private:
  void open(Group group) { report.groups.push_back(std::move(group)); }
  template <class F>
  void add(std::string what, F start) {
    jobs.push_back({report.groups.size() - 1, std::move(what), std::move(start)});
  }

  void add_machine() {
    open({"machine", world_.config.node.name, "", {}});
    add("clock", [&world = world_] { return check_clock(world); });
    if (world_.config.tls.dane) add("dnssec", [&world = world_] { return check_dnssec(world); });
    if (!world_.config.preflight.blocklists.empty() || !world_.config.preflight.domain_blocklists.empty()) return;
    report.groups.back().findings.push_back(
        {Level::Skip, Check::Blocklist, "no blocklists are named in [preflight], so none is asked",
         "name those your receivers use; most want a resolver of your own, some a contract"});
  }

  void add_sample(const Options& options) {
    const config::Stream* stream = options.sample ? world_.config.find_stream(options.stream) : nullptr;
    if (stream == nullptr) return;
    open({"message", options.sample->name, "stream " + stream->name, {}});
    report.groups.back().findings = check_message(world_.config, *stream, *options.sample, world_.clock.wall());
  }

  void add_identities(const Subjects& subjects) {
    for (const Identity& identity : subjects.identities) {
      const std::string address = identity.address();
      open({"vmta", identity.vmta, (address.empty() ? "no address" : address) + ", " + identity.ehlo, {}});
      add("source of " + identity.vmta, [&world = world_, identity] { return check_source(world, identity); });
      add("ptr of " + address, [&world = world_, identity] { return check_ptr(world, identity); });
      add("ehlo of " + identity.vmta, [&world = world_, identity] { return check_ehlo(world, identity); });
      // From an address that is not here no connection can be made, which check_source says better.
      const bool here = identity.source && net::address_is_local(address);
      for (const std::string& domain : world_.config.preflight.reach_domains) {
        if (!here) break;
        add(fmt::format("port {} of {}", world_.config.client.mx_port, domain),
            [&world = world_, identity, domain] { return check_reach(world, identity, domain); });
      }
      if (!identity.source) continue;
      for (const std::string& zone : world_.config.preflight.blocklists) {
        add(fmt::format("{} in {}", address, zone),
            [&world = world_, address, zone] { return check_blocklist(world, address, zone); });
      }
    }
  }

  void add_sender(const SenderDomain& domain) {
    open({"domain", domain.name, domain.pairings.empty() ? "signs only" : "", {}});
    for (const config::Dkim* key : domain.keys) {
      add(fmt::format("dkim of {}.{}", key->selector, key->domain),
          [&world = world_, key] { return check_dkim(world, *key); });
    }
    add("dmarc of " + domain.name, [&world = world_, domain] { return check_dmarc(world, domain); });
    for (const std::string& zone : world_.config.preflight.domain_blocklists) {
      add(fmt::format("{} in {}", domain.name, zone),
          [&world = world_, name = domain.name, zone] { return check_blocklist(world, name, zone); });
    }
  }

  void add_envelope(const EnvelopeDomain& domain) {
    open({"envelope-domain", domain.name, "", {}});
    add("spf of " + domain.name, [&world = world_, domain] { return check_spf(world, domain); });
    add("mx of " + domain.name, [&world = world_, name = domain.name] { return check_mx(world, name); });
    add("soa of " + domain.name, [&world = world_, name = domain.name] { return check_soa(world, name); });
  }

  const World& world_;
};

// Shared by the workers; lives in run()'s frame until the last has ended.
struct Work {
  std::vector<Job>& jobs;
  const Options& options;
  std::size_t next = 0;
  std::size_t done = 0;
  std::shared_ptr<dns::OneShot> finished = std::make_shared<dns::OneShot>();

  // The first that was begun and has not ended: what everybody waits for.
  [[nodiscard]] std::string waited_for() const {
    for (std::size_t i = 0; i < next; ++i) {
      if (!jobs[i].ended) return jobs[i].what;
    }
    return {};
  }
};

net::Task<> work_off(Work& work) {
  while (work.next < work.jobs.size()) {
    Job& job = work.jobs[work.next++];
    job.findings = co_await job.start();
    job.ended = true;
    ++work.done;
    if (work.options.on_progress) work.options.on_progress({work.done, work.jobs.size(), work.waited_for()});
  }
  if (work.done == work.jobs.size()) work.finished->fire();
}

}  // namespace

net::Task<Report> run(const World& world, Options options) {
  const Subjects subjects = find_subjects(world.config, options.stream, world.clock.wall(), chosen_source());
  Schedule schedule(world, subjects, options);
  Work work{schedule.jobs, options};
  const std::size_t workers = std::min(kAtOnceMax, schedule.jobs.size());
  for (std::size_t i = 0; i < workers; ++i) world.shard.spawn("preflight", work_off(work));
  co_await dns::OneShot::wait(work.finished);
  for (Job& job : schedule.jobs) {
    Findings& all = schedule.report.groups[job.group].findings;
    all.insert(all.end(), std::make_move_iterator(job.findings.begin()), std::make_move_iterator(job.findings.end()));
  }
  co_return std::move(schedule.report);
}

}  // namespace penstock::preflight
