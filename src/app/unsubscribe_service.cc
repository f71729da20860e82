// SPDX-License-Identifier: Apache-2.0
#include "app/unsubscribe_service.h"

#include <algorithm>

#include "base/log.h"
#include "model/envelope.h"
#include "suppression/policy.h"

namespace penstock::app {
namespace {

constexpr std::size_t kHeadBytesMax = 8 * 1024;
constexpr std::size_t kBodyBytesMax = 8 * 1024;
constexpr std::size_t kWorkers = 2;
constexpr std::string_view kRequestsName = "penstock_unsubscribe_requests_total";
constexpr std::string_view kRequestsHelp = "Requests to links to unsubscribe, by what became of them";

// Providers post from few addresses, and each at once: this is for people who mean to keep others out.
constexpr std::size_t kOfOneAddress = 32;
constexpr Duration kIdle{std::chrono::seconds{10}};

http::ServerOptions server_options(net::TlsFiles* tls, const Clock& clock, const unsubscribe::CurrentTerms& terms,
                                   metrics::Counter& turned_away) {
  http::ServerOptions options;
  options.header_bytes_max = kHeadBytesMax;
  options.body_bytes_max = kBodyBytesMax;
  options.idle_timeout = kIdle;
  options.connections_per_address_max = kOfOneAddress;
  // A proxy brings everybody's requests.
  options.exempt = [&terms](std::string_view address) {
    const auto now = terms.load();
    return std::ranges::any_of(now->proxy_from, [&](const IpNetwork& network) { return network.contains(address); });
  };
  options.turned_away = &turned_away;
  if (tls != nullptr) options.tls = [tls, &clock] { return tls->current(clock.now()); };
  return options;
}

std::unique_ptr<net::TlsFiles> follow(const net::TlsServerFiles& files) {
  return files.certificate.empty() ? nullptr : std::make_unique<net::TlsFiles>(files);
}

}  // namespace

UnsubscribeService::UnsubscribeService(Parts parts, const unsubscribe::CurrentTerms& terms,
                                       const config::Unsubscribe& settings)
    : parts_(std::move(parts)),
      pages_(parts_.metrics.counter(std::string(kRequestsName), std::string(kRequestsHelp), {{"result", "asked"}})),
      refused_(parts_.metrics.counter(std::string(kRequestsName), std::string(kRequestsHelp), {{"result", "refused"}})),
      unsubscribed_(
          parts_.metrics.counter(std::string(kRequestsName), std::string(kRequestsHelp), {{"result", "unsubscribed"}})),
      desk_(terms, *this),
      tls_files_{settings.tls_cert_file, settings.tls_key_file, ""},
      tls_(follow(tls_files_)),
      workers_(kWorkers, "unsubscribe"),
      shards_(1),
      server_(shards_, *net::parse_endpoint(settings.address->to_string()), "unsubscribe",
              server_options(tls_.get(), parts_.clock, terms,
                             parts_.metrics.counter(std::string(kRequestsName), std::string(kRequestsHelp),
                                                    {{"result", "turned_away"}})),
              [this](http::Request request) { return respond(std::move(request)); }) {}

UnsubscribeService::~UnsubscribeService() {
  stop();
}

Result<> UnsubscribeService::open() {
  // Better at the start than at the first connection.
  if (tls_) {
    if (const auto context = net::TlsContext::server(tls_files_); !context) return fail(context.error());
  }
  return server_.open();
}

void UnsubscribeService::start() {
  server_.start();
  shards_.start();
}

void UnsubscribeService::stop() {
  if (stopped_) return;
  stopped_ = true;
  server_.stop();
  shards_.stop();
  workers_.stop();
}

net::Task<http::Response> UnsubscribeService::respond(http::Request request) {
  const Time wall = parts_.clock.wall();
  const bool posted = request.method == http::Method::Post;
  http::Response response = co_await workers_.run([this, &request, wall] { return desk_.answer(request, wall); });
  metrics::Counter& counter = response.status != 200 ? refused_ : posted ? unsubscribed_ : pages_;
  counter.add();
  co_return response;
}

Result<> UnsubscribeService::unsubscribe(const unsubscribe::Wish& wish, const std::string& client) {
  suppression::Bounce said;
  said.address = wish.address;
  said.stream = wish.stream;
  said.reason = "unsubscribed by the link in the message, from " + client;
  said.source = model::format_id(wish.recipient.message) + "/" + std::to_string(wish.recipient.index);
  said.who = "unsubscribe";
  suppression::Entry entry = suppression::Policy::on_unsubscribe(said, wish.list, parts_.clock.wall());
  const auto added = parts_.list.add({std::move(entry)}, suppression::Overwrite::Weaker);
  if (!added) {
    log::error("unsubscribe", "{} cannot be suppressed: {}", wish.address, added.error().to_string());
    return fail(added.error());
  }
  if (added->added + added->changed > 0) record(wish, client);
  return {};
}

void UnsubscribeService::record(const unsubscribe::Wish& wish, const std::string& client) {
  const auto sent = parts_.find_sent(wish.recipient);
  const std::string domain = model::domain_of(wish.address);
  model::Event event;
  event.type = model::EventType::Unsubscribed;
  event.time = parts_.clock.wall();
  event.message = wish.recipient.message;
  event.recipient_index = wish.recipient.index;
  event.has_recipient = true;
  event.stream = wish.stream;
  event.list = wish.list;
  event.recipient = wish.address;
  event.domain = domain;
  if (sent) {
    event.tenant = sent->tenant;
    event.campaign = sent->campaign;
    event.provider = sent->provider;
    event.vmta = sent->vmta;
    event.sender = sent->sender;
    if (wish.list.empty()) event.list = sent->list;
  }
  event.peer_address = client;
  event.protocol = "http";
  event.detail = wish.list.empty() ? "suppressed in the stream's scope" : "suppressed in the list's scope";
  parts_.events.record(event);
}

}  // namespace penstock::app
