// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/secret_file.h"
#include "dkim/key_match.h"
#include "dkim/key_record.h"
#include "dkim/signature.h"
#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

constexpr int kBitsMin = 2048;

// A record that must not be missing, ready to be published.
std::string record_line(const std::string& name, const dkim::KeyPair& key, bool of_reports) {
  const std::string record =
      dkim::format_key_record(key.type(), key.public_key(), false, of_reports ? dkim::kTlsReportService : "");
  return fmt::format("{}. IN TXT {}", name, dkim::format_txt_strings(record));
}

// What is to be changed in a record that fits the key; "" for nothing.
std::string blemish(const dkim::KeyAnswer& answer, bool of_reports) {
  const auto record = dkim::parse_key_record(answer.records.front());
  if (!record) return {};
  if (record->testing) return "says t=y: receivers take signatures for a test";
  // RFC 8460 §3.
  if (of_reports && !record->names(dkim::kTlsReportService)) {
    return "signs reports of TLS and does not say s=tlsrpt: receivers may ignore the reports";
  }
  return {};
}

}  // namespace

net::Task<Findings> check_dkim(const World& world, const config::Dkim& key) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Dkim, std::move(what), std::move(mend)});
  };
  const std::string name = dkim::key_name(key.selector, key.domain);
  const Time now = world.clock.wall();
  if (key.publish && now < *key.publish) {
    add(Level::Skip, fmt::format("{} need not be in DNS yet (publish)", name));
    co_return found;
  }
  const auto pem = read_secret_file(key.key_file);
  if (!pem) {
    add(Level::Fail, pem.error(), "run this as root or as the user penstockd runs as, and see that the file is there");
    co_return found;
  }
  const auto pair = dkim::KeyPair::from_pem(*pem);
  if (!pair) {
    add(Level::Fail, fmt::format("{}: {}", key.key_file, pair.error()), "make a new one with penstock dkim new");
    co_return found;
  }
  const dns::Answer answer = co_await ask(world, dns::RecordType::Txt, name);
  dkim::KeyAnswer records{values(answer), dns::is_temporary(answer.status), {}};
  if (records.temporary) {
    add(Level::Warn, fmt::format("the key at {} is not known just now: {}", name, trouble_of(answer)),
        "try again; if it stays so, the zone's servers are broken");
    co_return found;
  }
  const bool of_reports = world.config.is_for_tls_reports(key);
  const std::string problem =
      dkim::mismatch(records, *pair, name, of_reports ? dkim::kTlsReportService : dkim::kMailService);
  if (!problem.empty()) {
    // A key whose turn has not come hurts nobody yet.
    const bool waits = key.sign && now < *key.sign;
    add(waits ? Level::Warn : Level::Fail, fmt::format("{}: {}", name, problem),
        "publish the key's record and nothing else there:\n" + record_line(name, *pair, of_reports));
  } else if (pair->type() == dkim::KeyType::Rsa && pair->bits() < kBitsMin) {
    add(Level::Warn, fmt::format("{} has an RSA key of {} bits; {} are usual", name, pair->bits(), kBitsMin),
        fmt::format("penstock dkim new {} makes a longer one", key.domain));
  } else if (const std::string words = blemish(records, of_reports); !words.empty()) {
    add(Level::Warn, fmt::format("{} {}", name, words),
        "publish this instead:\n" + record_line(name, *pair, of_reports));
  } else {
    add(Level::Pass, fmt::format("the key at {} is the one of {}", name, key.key_file));
  }
  co_return found;
}

}  // namespace penstock::preflight
