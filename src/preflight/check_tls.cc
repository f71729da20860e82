// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "net/certificate.h"
#include "net/tls_context.h"
#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

constexpr Duration kSoon = std::chrono::days{14};

std::string day_of(Time time) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(time)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

}  // namespace

net::Task<Findings> check_tls(const World& world, const config::Listener& listener) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Tls, std::move(what), std::move(mend)});
  };
  // What the daemon does with the files, key and modes included.
  const auto usable = net::TlsContext::server({listener.tls_cert_file, listener.tls_key_file, listener.client_ca_file});
  if (!usable) {
    add(Level::Fail, usable.error().detail, "correct the files; until then the listener offers no TLS");
    co_return found;
  }
  const auto certificate = net::read_certificate(listener.tls_cert_file, listener.hostname);
  if (!certificate) {
    add(Level::Fail, certificate.error().detail, "correct the file");
    co_return found;
  }
  const Time now = world.clock.wall();
  const std::string until = day_of(certificate->expires);
  const std::string renew = "renew it; the daemon reads the new file by itself";
  if (certificate->expires <= now) {
    add(Level::Fail, fmt::format("the certificate has expired on {}", until), renew);
  } else if (certificate->begins > now) {
    add(Level::Fail, fmt::format("the certificate is not good before {}", day_of(certificate->begins)),
        "see whether the clock is right");
  } else if (!certificate->fits) {
    const std::string names = certificate->names.empty() ? "nobody" : list_words(certificate->names);
    add(Level::Fail, fmt::format("the certificate is for {}, not for {}", names, listener.hostname),
        "get one for that name, or set hostname of the listener to a name it is for");
  } else if (certificate->expires - now < kSoon) {
    add(Level::Warn, fmt::format("the certificate for {} expires on {}", listener.hostname, until), renew);
  } else {
    add(Level::Pass, fmt::format("the certificate is for {} and good until {}", listener.hostname, until));
  }
  co_return found;
}

}  // namespace penstock::preflight
