// SPDX-License-Identifier: Apache-2.0
// Internet: everything a scenario declares, running: DNS, receivers, the tally and the control channel.
//
// Use:  Internet internet(scenario, options);   if (auto r = internet.start(); !r) …;   …   internet.stop();
// Ownership: owns all parts, shards included.   Threads: the constructor, start(), stop(), report() on one thread.
// Errors: start() names what could not be opened. Control requests answer {"error": "…"}.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/after_sender.h"
#include "sim/control.h"
#include "sim/dns_server.h"
#include "sim/mail_folder.h"
#include "sim/provider.h"
#include "sim/receiver_server.h"
#include "sim/scenario.h"
#include "sim/tally.h"

namespace penstock::sim {

struct ServeOptions {
  std::size_t threads = 2;
  std::string control;   // path; empty: as the scenario says
  std::string report;    // path of the JSON report; empty: none
  std::string received;  // path of the list of received recipients; empty: beside the report, if there is one
  std::string maildir;   // empty: contents are not kept
};

class Internet {
 public:
  Internet(Scenario scenario, ServeOptions options);
  ~Internet();
  Internet(const Internet&) = delete;
  Internet& operator=(const Internet&) = delete;

  Result<> start();
  // Ends all threads; what was received stays countable.
  void stop();
  // The counts now. Brings the list of received recipients and the report file up to date first.
  Result<boost::json::object> report();
  // Where everything listens: {"dns", "control", "receivers": [{"name", "addresses"}]}.
  [[nodiscard]] boost::json::object addresses() const;
  // What a control request does; open to tests.
  net::Task<boost::json::object> handle(Words words);

 private:
  using Settings = std::map<std::string, std::string>;
  Result<> open_parts();
  Result<> set(Settings settings);
  Result<> set_dns(Settings& settings);
  Result<> set_personality(const std::string& pattern, Settings settings);
  Result<> set_receiver(ReceiverServer& server, Settings settings);
  Result<> set_limits(Receiver& receiver, Settings& settings);
  net::Task<boost::json::object> wait(Settings settings);
  // Until every shard has done what was posted to it before.
  net::Task<> settle();

  const Scenario scenario_;
  const ServeOptions options_;
  Tally tally_;
  std::unique_ptr<MailFolder> mail_folder_;
  std::vector<std::unique_ptr<Provider>> providers_;  // by number of the personality
  std::vector<std::unique_ptr<Receiver>> receivers_;
  std::unique_ptr<AfterSender> after_;
  // Servers outlive the shards' suspended coroutines, which refer to them: see stop().
  std::vector<std::unique_ptr<ReceiverServer>> servers_;
  std::unique_ptr<DnsServer> dns_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<net::ShardSet> shards_;
};

}  // namespace penstock::sim
