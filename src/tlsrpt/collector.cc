// SPDX-License-Identifier: Apache-2.0
// Policies and failures are kept as JSON arrays of strings: they are keys of a count, and parts of a report.
#include "tlsrpt/collector.h"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/log.h"

namespace penstock::tlsrpt {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 1> kSchema{
    "CREATE TABLE tls_report(day INTEGER NOT NULL, domain TEXT NOT NULL, addresses TEXT NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(day, domain)) WITHOUT ROWID;"
    "CREATE TABLE tls_report_count(day INTEGER NOT NULL, domain TEXT NOT NULL, policy TEXT NOT NULL,"
    " failure TEXT NOT NULL, sessions INTEGER NOT NULL, PRIMARY KEY(day, domain, policy, failure)) WITHOUT ROWID"};

constexpr std::array<std::string_view, 13> kResultTypes{"starttls-not-supported",
                                                        "certificate-host-mismatch",
                                                        "certificate-expired",
                                                        "certificate-not-trusted",
                                                        "validation-failure",
                                                        "tlsa-invalid",
                                                        "dnssec-invalid",
                                                        "dane-required",
                                                        "sts-policy-fetch-error",
                                                        "sts-policy-invalid",
                                                        "sts-webpki-invalid",
                                                        "sts-policy-mismatch",
                                                        "tls-failure"};

std::string to_text(const std::vector<std::string>& texts) {
  json::array all;
  for (const std::string& text : texts) all.emplace_back(text);
  return json::serialize(all);
}

std::vector<std::string> to_texts(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  std::vector<std::string> texts;
  if (error || !value.is_array()) return texts;
  for (const json::value& one : value.get_array()) {
    if (one.is_string()) texts.emplace_back(one.get_string().c_str());
  }
  return texts;
}

// The type, how many are strings, strings, mx hosts.
std::string to_text(const Policy& policy) {
  std::vector<std::string> texts{std::string(to_string(policy.type)), std::to_string(policy.strings.size())};
  texts.insert(texts.end(), policy.strings.begin(), policy.strings.end());
  texts.insert(texts.end(), policy.mx_hosts.begin(), policy.mx_hosts.end());
  return to_text(texts);
}

Policy to_policy(std::string_view text) {
  const std::vector<std::string> texts = to_texts(text);
  Policy policy;
  if (texts.size() < 2) return policy;
  for (const PolicyType type : {PolicyType::Tlsa, PolicyType::Sts}) {
    if (texts[0] == to_string(type)) policy.type = type;
  }
  const std::size_t strings = std::strtoul(texts[1].c_str(), nullptr, 10);
  for (std::size_t i = 2; i < texts.size(); ++i) {
    (i - 2 < strings ? policy.strings : policy.mx_hosts).push_back(texts[i]);
  }
  return policy;
}

std::string to_text(const Failure& failure) {
  if (failure.result_type.empty()) return {};
  return to_text(std::vector<std::string>{std::string(failure.result_type), failure.sending_ip, failure.receiving_host,
                                          failure.receiving_ip, failure.reason});
}

Failure to_failure(std::string_view text) {
  Failure failure;
  std::vector<std::string> texts = to_texts(text);
  texts.resize(5);
  failure.result_type = "validation-failure";
  for (const std::string_view type : kResultTypes) {
    if (texts[0] == type) failure.result_type = type;
  }
  failure.sending_ip = std::move(texts[1]);
  failure.receiving_host = std::move(texts[2]);
  failure.receiving_ip = std::move(texts[3]);
  failure.reason = std::move(texts[4]);
  return failure;
}

std::int64_t seconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// Not all at midnight (RFC 8460 §3): within four hours, the same for each flush.
std::int64_t first_try(std::int64_t day, const std::string& domain) {
  constexpr std::int64_t kDaySeconds = 86'400, kSpread = 4 * 3600;
  return (day + 1) * kDaySeconds + static_cast<std::int64_t>(std::hash<std::string>()(domain) % kSpread);
}

void log_trouble(const Result<>& result) {
  if (!result) log::warn("tls-report", "counts could not be kept: {}", result.error().to_string());
}

// One statement with the day and the domain as its first parameters.
Result<> run_for(state::Database& db, std::string_view sql, const Due& due, std::int64_t value = 0) {
  auto statement = db.prepare(sql);
  if (!statement) return fail(statement.error());
  statement->bind(1, due.day);
  statement->bind(2, due.domain);
  if (sql.find("?3") != std::string_view::npos) statement->bind(3, value);
  return statement->run();
}

}  // namespace

Result<std::unique_ptr<Collector>> Collector::open(state::Writer& writer, const Clock& clock) {
  if (auto done = writer.migrate("tlsrpt", kSchema); !done) return fail(done.error());
  return std::unique_ptr<Collector>(new Collector(writer, clock));
}

void Collector::want(const std::string& domain, std::vector<std::string> addresses) {
  const std::lock_guard lock(mutex_);
  if (addresses.empty()) {
    wanted_.erase(domain);
    return;
  }
  if (wanted_.size() >= kWanted && !wanted_.contains(domain)) wanted_.erase(wanted_.begin());
  wanted_[domain] = std::move(addresses);
}

bool Collector::wants(std::string_view domain) {
  const std::lock_guard lock(mutex_);
  return wanted_.contains(domain);
}

void Collector::count(std::string_view domain, const Policy& policy, const Failure& failure) {
  const std::lock_guard lock(mutex_);
  if (!wanted_.contains(domain)) return;
  const std::int64_t day = day_of(clock_.wall());
  Key key{day, std::string(domain), to_text(policy), to_text(failure)};
  if (!key.failure.empty() && !counts_.contains(key)) {
    std::size_t& details = details_[{day, key.domain}];
    if (details >= kDetails) {
      Failure plain;
      plain.result_type = failure.result_type;
      key.failure = to_text(plain);
    } else {
      ++details;
    }
  }
  ++counts_[key];
}

void Collector::flush(bool wait) {
  struct Row {
    Key key;
    std::uint64_t sessions;
    std::string addresses;
  };
  std::vector<Row> rows;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [key, sessions] : counts_) {
      const auto wanted = wanted_.find(key.domain);
      rows.push_back({key, sessions, wanted == wanted_.end() ? "" : to_text(wanted->second)});
    }
    counts_.clear();
    const std::int64_t today = day_of(clock_.wall());
    std::erase_if(details_, [today](const auto& entry) { return entry.first.first < today; });
  }
  if (rows.empty()) return;
  const auto work = [rows = std::move(rows)](state::Database& db) -> Result<> {
    auto report = db.prepare(
        "INSERT INTO tls_report(day, domain, addresses, next) VALUES(?1, ?2, ?3, ?4)"
        " ON CONFLICT DO UPDATE SET addresses = excluded.addresses");
    if (!report) return fail(report.error());
    auto count = db.prepare(
        "INSERT INTO tls_report_count(day, domain, policy, failure, sessions) VALUES(?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT DO UPDATE SET sessions = sessions + excluded.sessions");
    if (!count) return fail(count.error());
    for (const Row& row : rows) {
      if (!row.addresses.empty()) {
        report->bind(1, row.key.day);
        report->bind(2, row.key.domain);
        report->bind(3, row.addresses);
        report->bind(4, first_try(row.key.day, row.key.domain));
        if (auto done = report->run(); !done) return done;
      }
      count->bind(1, row.key.day);
      count->bind(2, row.key.domain);
      count->bind(3, row.key.policy);
      count->bind(4, row.key.failure);
      count->bind(5, static_cast<std::int64_t>(row.sessions));
      if (auto done = count->run(); !done) return done;
    }
    return {};
  };
  if (wait) {
    log_trouble(writer_.run(work));
  } else {
    writer_.submit(work, log_trouble);
  }
}

Result<std::vector<Due>> Collector::due() {
  auto db = state::Database::open(writer_.path(), {.access = state::Access::Read});
  if (!db) return fail(db.error());
  auto rows = db->prepare(
      "SELECT day, domain, addresses, attempts FROM tls_report WHERE day < ?1 AND next <= ?2 ORDER BY day, domain"
      " LIMIT ?3");
  if (!rows) return fail(rows.error());
  rows->bind(1, day_of(clock_.wall()));
  rows->bind(2, seconds_of(clock_.wall()));
  rows->bind(3, static_cast<std::int64_t>(kDueEach));
  std::vector<Due> all;
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) break;
    Due due{rows->integer(0),
            std::string(rows->text(1)),
            to_texts(rows->text(2)),
            static_cast<std::uint32_t>(rows->integer(3)),
            {}};
    all.push_back(std::move(due));
  }
  rows->reset();
  for (Due& due : all) {
    if (auto done = read_counts(*db, due); !done) return fail(done.error());
  }
  return all;
}

Result<> Collector::read_counts(state::Database& db, Due& due) {
  auto rows = db.prepare(
      "SELECT policy, failure, sessions FROM tls_report_count WHERE day = ?1 AND domain = ?2 ORDER BY policy, failure");
  if (!rows) return fail(rows.error());
  rows->bind(1, due.day);
  rows->bind(2, due.domain);
  std::string policy_before;
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return {};
    if (due.policies.empty() || rows->text(0) != policy_before) {
      policy_before = std::string(rows->text(0));
      due.policies.push_back({to_policy(policy_before), 0, {}});
    }
    PolicyResult& result = due.policies.back();
    const auto sessions = static_cast<std::uint64_t>(rows->integer(2));
    if (rows->text(1).empty()) {
      result.successful += sessions;
    } else {
      result.failures.push_back({to_failure(rows->text(1)), sessions});
    }
  }
}

void Collector::finish(const Due& due) {
  writer_.submit(
      [due](state::Database& db) -> Result<> {
        if (auto done = run_for(db, "DELETE FROM tls_report WHERE day = ?1 AND domain = ?2", due); !done) return done;
        return run_for(db, "DELETE FROM tls_report_count WHERE day = ?1 AND domain = ?2", due);
      },
      log_trouble);
}

void Collector::retry(const Due& due, Duration after) {
  const std::int64_t next = seconds_of(clock_.wall() + after);
  writer_.submit(
      [due, next](state::Database& db) {
        return run_for(db, "UPDATE tls_report SET attempts = attempts + 1, next = ?3 WHERE day = ?1 AND domain = ?2",
                       due, next);
      },
      log_trouble);
}

}  // namespace penstock::tlsrpt
