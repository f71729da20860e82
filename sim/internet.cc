// SPDX-License-Identifier: Apache-2.0
#include "sim/internet.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <charconv>
#include <optional>

#include "base/units.h"
#include "sim/errc.h"
#include "sim/pattern.h"
#include "sim/reaction_words.h"
#include "sim/report.h"

namespace penstock::sim {
namespace {

namespace json = boost::json;

std::vector<std::string> names_of(const Scenario& scenario) {
  std::vector<std::string> names;
  names.reserve(scenario.receivers.size());
  for (const ReceiverSpec& receiver : scenario.receivers) names.push_back(receiver.name);
  return names;
}

Directory directory_of(const Scenario& scenario) {
  Directory directory;
  for (const DomainSpec& domain : scenario.domains) {
    for (const auto& exchange : domain.exchanges) directory.add(domain.name, exchange.receiver);
  }
  return directory;
}

Duration steady_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

Result<> parse_count(const std::string& text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc{} && end == text.data() + text.size()) return {};
  return fail(Errc::BadArgument, fmt::format("\"{}\" is not a whole number", text));
}

}  // namespace

Internet::Internet(Scenario scenario, ServeOptions options)
    : scenario_(std::move(scenario)),
      options_(std::move(options)),
      tally_(options_.threads, names_of(scenario_), directory_of(scenario_)),
      shards_(std::make_unique<net::ShardSet>(options_.threads)) {
  after_ = std::make_unique<AfterSender>(*shards_, scenario_.seed);
  for (const PersonalitySpec& spec : scenario_.personalities) providers_.push_back(std::make_unique<Provider>(spec));
  for (const ReceiverSpec& spec : scenario_.receivers) {
    receivers_.push_back(
        std::make_unique<Receiver>(static_cast<std::uint32_t>(receivers_.size()), spec, scenario_.seed));
  }
}

Internet::~Internet() {
  stop();
}

Result<> Internet::start() {
  if (auto opened = open_parts(); !opened) return opened;
  for (auto& provider : providers_) provider->begin(steady_now());
  for (auto& server : servers_) server->start();
  if (dns_) dns_->start();
  if (control_) control_->start();
  shards_->start();
  return {};
}

Result<> Internet::open_parts() {
  std::string list = options_.received;
  if (list.empty() && !options_.report.empty()) list = options_.report + ".received";
  if (!list.empty()) {
    if (auto kept = tally_.keep_list(list); !kept) return kept;
  }
  if (!options_.maildir.empty()) {
    mail_folder_ = std::make_unique<MailFolder>(options_.maildir);
    if (auto created = mail_folder_->create(); !created) return created;
  }
  for (auto& receiver : receivers_) {
    const auto personality = receiver->spec().personality;
    const ReceiverServer::Parts parts{tally_, *after_, mail_folder_.get(),
                                      personality ? providers_[*personality].get() : nullptr};
    servers_.push_back(std::make_unique<ReceiverServer>(*shards_, *receiver, parts));
    if (auto opened = servers_.back()->open(); !opened) return opened;
  }
  if (scenario_.dns) {
    auto endpoint = net::parse_endpoint(scenario_.dns->address);
    if (!endpoint) return fail(endpoint.error());
    dns_ = std::make_unique<DnsServer>(*shards_, Zone(scenario_), tally_, *endpoint);
    if (auto opened = dns_->open(); !opened) return opened;
  }
  const std::string path = options_.control.empty() ? scenario_.control : options_.control;
  if (path.empty()) return {};
  control_ = std::make_unique<ControlServer>(*shards_, path, [this](Words words) { return handle(std::move(words)); });
  return control_->open();
}

void Internet::stop() {
  if (!shards_) return;
  shards_->stop();
  // Sockets go before the contexts they live in; the contexts take the suspended conversations with them.
  for (auto& server : servers_) server->close();
  if (dns_) dns_->close();
  if (control_) control_->close();
  shards_.reset();
}

Result<json::object> Internet::report() {
  if (auto flushed = tally_.flush_list(); !flushed) return fail(flushed.error());
  json::object report = to_json(tally_.counts());
  report["aftermath"] = after_->report();
  json::object providers;
  for (const auto& provider : providers_) providers[provider->name()] = provider->report(steady_now());
  report["providers"] = std::move(providers);
  if (!options_.report.empty()) {
    if (auto saved = save_json(options_.report, report); !saved) return fail(saved.error());
  }
  return report;
}

json::object Internet::addresses() const {
  json::array receivers;
  for (const auto& server : servers_) {
    json::array addresses;
    for (const net::Endpoint& endpoint : server->endpoints()) addresses.emplace_back(net::format_endpoint(endpoint));
    receivers.push_back(json::object{{"name", server->receiver().spec().name}, {"addresses", std::move(addresses)}});
  }
  return {{"dns", dns_ ? net::format_endpoint(dns_->endpoint()) : std::string()},
          {"control", options_.control.empty() ? scenario_.control : options_.control},
          {"receivers", std::move(receivers)}};
}

net::Task<json::object> Internet::handle(Words words) {
  Settings settings;
  const std::string verb = words.front();
  const auto error = [](std::string text) { return json::object{{"error", std::move(text)}}; };
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string::npos) co_return error(fmt::format("\"{}\" is not of the form key=value", words[i]));
    settings[words[i].substr(0, equals)] = words[i].substr(equals + 1);
  }
  if (verb == "wait") co_return co_await wait(std::move(settings));
  Result<> done;
  if (verb == "report") {
    auto made = report();
    if (made) co_return std::move(*made);
    done = fail(made.error());
  } else if (verb == "set") {
    done = set(std::move(settings));
    co_await settle();
  } else if (verb == "reset") {
    done = tally_.reset();
    after_->reset();
    for (auto& provider : providers_) provider->begin(steady_now());
  } else {
    co_return error(fmt::format("\"{}\" is not report, set, reset or wait", verb));
  }
  if (!done) co_return error(done.error().detail.empty() ? done.error().to_string() : done.error().detail);
  co_return json::object{{"ok", true}};
}

net::Task<> Internet::settle() {
  for (std::size_t i = 0; i < shards_->size(); ++i) {
    co_await boost::asio::post((*shards_)[i].io(), boost::asio::use_awaitable_t<net::Executor>{});
  }
}

// {"done": true} once so many recipients have arrived.
net::Task<json::object> Internet::wait(Settings settings) {
  std::uint64_t wanted = 0;
  const auto timeout = parse_duration(take(settings, "timeout").value_or("60s"));
  const auto counted = parse_count(take(settings, "received").value_or("1"), wanted);
  if (!timeout || !counted || !settings.empty()) {
    co_return json::object{{"error", "wait takes received=N and timeout=60s"}};
  }
  const auto deadline = std::chrono::steady_clock::now() + *timeout;
  while (tally_.received() < wanted && std::chrono::steady_clock::now() < deadline) {
    if (co_await net::sleep_for(std::chrono::milliseconds(10))) break;
  }
  const std::uint64_t received = tally_.received();
  co_return json::object{{"done", received >= wanted}, {"received", received}};
}

Result<> Internet::set_personality(const std::string& pattern, Settings settings) {
  Change change;
  change.source = take(settings, "source").value_or("");
  const auto over = parse_duration(take(settings, "over").value_or("0s"));
  if (!over) return fail(Errc::BadArgument, over.error());
  change.over = *over;
  std::vector<Change> changes;
  for (const auto& [name, text] : settings) {
    const auto trait = parse_trait(name);
    if (!trait) return fail(Errc::BadArgument, fmt::format("\"{}\" is none of {}", name, fmt::join(kTraitNames, ", ")));
    const auto value = parse_trait_value(*trait, text);
    if (!value) return fail(Errc::BadArgument, fmt::format("{} {}", name, value.error()));
    change.trait = *trait;
    change.value = *value;
    changes.push_back(change);
  }
  bool found = false;
  for (auto& provider : providers_) {
    if (!matches(pattern, provider->name())) continue;
    found = true;
    for (const Change& one : changes) provider->change(one, steady_now());
  }
  if (!found || changes.empty()) {
    return fail(Errc::BadArgument,
                found ? "set what? For example rate=50/s" : fmt::format("no personality is named \"{}\"", pattern));
  }
  return {};
}

Result<> Internet::set(Settings settings) {
  if (const auto personality = take(settings, "personality")) return set_personality(*personality, settings);
  const auto pattern = take(settings, "receiver");
  if (!pattern) return set_dns(settings);
  std::vector<ReceiverServer*> chosen;
  for (auto& server : servers_) {
    if (matches(*pattern, server->receiver().spec().name)) chosen.push_back(server.get());
  }
  if (chosen.empty()) return fail(Errc::BadArgument, fmt::format("no receiver is named \"{}\"", *pattern));
  if (settings.empty()) return fail(Errc::BadArgument, "set what? For example down=true");
  for (ReceiverServer* server : chosen) {
    if (auto done = set_receiver(*server, settings); !done) return done;
  }
  return {};
}

Result<> Internet::set_dns(Settings& settings) {
  const auto domain = take(settings, "domain");
  const auto name = take(settings, "dns");
  const auto mode = parse_dns_mode(name.value_or(""));
  if (!mode || !settings.empty()) {
    return fail(Errc::BadArgument,
                "set takes receiver=NAME and what to change, or dns=MODE, or domain=PATTERN dns=MODE");
  }
  if (!dns_) return fail(Errc::BadArgument, "the scenario has no [dns]");
  if (domain) {
    dns_->set_mode(*domain, *mode);
  } else {
    dns_->set_all(*mode);
  }
  return {};
}

Result<> Internet::set_receiver(ReceiverServer& server, Settings settings) {
  Receiver& receiver = server.receiver();
  if (const auto down = take(settings, "down")) {
    if (*down != "true" && *down != "false") return fail(Errc::BadArgument, "down is true or false");
    if (*down == "true") {
      server.take_down();
    } else if (!server.is_up()) {
      if (auto up = server.bring_up(); !up) return up;
      server.start();
    }
  }
  if (const auto name = take(settings, "behaviour")) {
    const auto found = scenario_.behaviours.find(*name);
    if (found == scenario_.behaviours.end() && *name != "original") {
      return fail(Errc::BadArgument, fmt::format("[behaviour.{}] is not declared", *name));
    }
    receiver.replace(found == scenario_.behaviours.end() ? nullptr : &found->second);
  }
  if (const auto clear = take(settings, "clear")) receiver.clear_added();
  auto reaction = take_reaction(settings);
  if (!reaction) return fail(reaction.error());
  if (*reaction) receiver.add(std::move(**reaction));
  if (auto done = set_limits(receiver, settings); !done) return done;
  if (!settings.empty()) {
    return fail(Errc::BadArgument,
                fmt::format("\"{}\" cannot be set; see penstock-sim set --help", settings.begin()->first));
  }
  return {};
}

Result<> Internet::set_limits(Receiver& receiver, Settings& settings) {
  std::uint64_t number = 0;
  if (const auto text = take(settings, "max_connections_per_source")) {
    if (auto parsed = parse_count(*text, number); !parsed) return parsed;
    receiver.change([&](Behaviour& b) { b.max_connections_per_source = static_cast<std::uint32_t>(number); });
  }
  if (const auto text = take(settings, "max_messages_per_connection")) {
    if (auto parsed = parse_count(*text, number); !parsed) return parsed;
    receiver.change([&](Behaviour& b) { b.max_messages_per_connection = static_cast<std::uint32_t>(number); });
  }
  if (const auto text = take(settings, "message_rate_per_source")) {
    const auto rate = *text == "0" ? Parsed<Rate>(Rate{}) : parse_rate(*text);
    if (!rate) return fail(Errc::BadArgument, rate.error());
    receiver.change([&](Behaviour& b) { b.message_rate_per_source = *rate; });
  }
  if (const auto text = take(settings, "latency")) {
    const auto latency = parse_duration(*text);
    if (!latency) return fail(Errc::BadArgument, latency.error());
    receiver.change([&](Behaviour& b) { b.latency.fill(*latency); });
  }
  return {};
}

}  // namespace penstock::sim
