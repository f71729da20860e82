// SPDX-License-Identifier: Apache-2.0
#include "eventlog/accounting_columns.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/csv.h"
#include "eventlog/event_format.h"
#include "eventlog/json_text.h"

namespace penstock::eventlog {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

template <std::size_t N>
std::string_view look_up(const std::array<Pair, N>& table, std::string_view name, std::string_view otherwise) {
  for (const auto& [key, value] : table) {
    if (key == name) return value;
  }
  return otherwise;
}

void append_text(const EventLine& event, Field field, std::string& out) {
  const std::string_view raw = event.raw(field);
  if (raw.find('\\') == std::string_view::npos) {
    out += raw;
    return;
  }
  const std::size_t before = out.size();
  if (!unescape_json(raw, out)) out.resize(before);
}

template <Field field>
void append_field(const EventLine& event, std::string& out) {
  append_text(event, field, out);
}

// "2026-11-24 07:00:00+0000"
void append_time(Time time, std::string& out) {
  std::array<char, kTimeLength> text;
  format_time(text.data(), time);
  text[10] = ' ';
  out.append(text.data(), 19);
  out += "+0000";
}

void append_logged(const EventLine& event, std::string& out) {
  append_time(event.time(Field::Time).value_or(Time{}), out);
}

void append_queued(const EventLine& event, std::string& out) {
  const auto queued = static_cast<std::int64_t>(event.number(Field::QueuedUs));
  append_time(event.time(Field::Time).value_or(Time{}) - Duration{queued}, out);
}

void append_type(const EventLine& event, std::string& out) {
  out += record_type(event);
}

void append_action(const EventLine& event, std::string& out) {
  static constexpr std::array<Pair, 4> kActions{{{"d", "relayed"}, {"b", "failed"}, {"t", "delayed"}, {"x", "failed"}}};
  const std::string_view type = record_type(event);
  // RFC 3464 §2.3.3: LMTP is the last hop.
  out += type == "d" && event.raw(Field::Route) == "lmtp" ? "delivered" : look_up(kActions, type, "");
}

// RFC 3463 §3 and RFC 7505 §4.2, by subject and detail.
constexpr std::array<Pair, 22> kStatusWords{{{"1.0", "other address status"},
                                             {"1.1", "bad destination mailbox address"},
                                             {"1.2", "bad destination system address"},
                                             {"1.3", "bad destination mailbox address syntax"},
                                             {"1.6", "destination mailbox has moved"},
                                             {"1.8", "bad sender's system address"},
                                             {"1.10", "recipient address has null MX"},
                                             {"2.0", "other or undefined mailbox status"},
                                             {"2.1", "mailbox disabled"},
                                             {"2.2", "mailbox full"},
                                             {"2.3", "message too long for mailbox"},
                                             {"3.0", "other mail system status"},
                                             {"3.4", "message too big for system"},
                                             {"4.1", "no answer from host"},
                                             {"4.2", "bad connection"},
                                             {"4.3", "directory server failure"},
                                             {"4.4", "unable to route"},
                                             {"4.7", "delivery time expired"},
                                             {"5.0", "other protocol status"},
                                             {"6.0", "other media error"},
                                             {"7.0", "other security status"},
                                             {"7.1", "delivery not authorized"}}};

std::string_view status_of(const EventLine& event, std::string_view record) {
  if (const std::string_view given = event.raw(Field::Enhanced); !given.empty()) return given;
  if (event.raw(Field::Type) == "expired") return "4.4.7";
  if (record == "d") return "2.0.0";
  const std::string_view code = event.raw(Field::Code);
  if (code.starts_with('5')) return "5.0.0";
  if (code.starts_with('4')) return "4.0.0";
  return record == "t" ? "4.4.0" : "5.0.0";
}

void append_status(const EventLine& event, std::string& out) {
  const std::string_view record = record_type(event);
  if (record == "r") return;
  const std::string_view status = status_of(event, record);
  out += status;
  const std::string_view words =
      status.starts_with('2') ? "success"
                              : look_up(kStatusWords, status.substr(std::min<std::size_t>(2, status.size())), "");
  if (words.empty()) return;
  out += " (";
  out += words;
  out += ')';
}

void append_diagnostic(const EventLine& event, std::string& out) {
  if (record_type(event) == "r" || event.raw(Field::Reply).empty()) return;
  out += event.has(Field::Code) ? "smtp;" : "x-penstock;";  // without a code the words are ours
  append_text(event, Field::Reply, out);
}

bool came_in(const EventLine& event) {
  const std::string_view record = record_type(event);
  return record == "r" || record == "x";
}

// "mx1.example.net (192.0.2.1)"
void append_peer(const EventLine& event, std::string& out) {
  append_text(event, Field::PeerHost, out);
  if (event.raw(Field::Peer).empty()) return;
  const bool named = event.has(Field::PeerHost);
  out += named ? " (" : "";
  append_text(event, Field::Peer, out);
  out += named ? ")" : "";
}

void append_dsn_mta(const EventLine& event, std::string& out) {
  if (!came_in(event)) append_peer(event, out);
}

void append_category(const EventLine& event, std::string& out) {
  if (record_type(event) == "d" || record_type(event) == "r") return;
  out += event.raw(Field::Type) == "expired" ? "message-expired" : bounce_category(event.raw(Field::Class));
}

void append_source_type(const EventLine& event, std::string& out) {
  static constexpr std::array<Pair, 3> kTypes{{{"smtp", "smtp"}, {"pickup", "pickup"}, {"http", "api"}}};
  const std::string_view client = event.raw(Field::Client);
  const std::string_view otherwise = client == "pickup" || client == "internal" ? client : "smtp";
  out += look_up(kTypes, event.raw(Field::Protocol), otherwise);
}

void append_source_mta(const EventLine& event, std::string& out) {
  if (came_in(event)) {
    append_peer(event, out);
  } else {
    append_text(event, Field::Client, out);
  }
}

void append_delivery_type(const EventLine& event, std::string& out) {
  static constexpr std::array<Pair, 4> kTypes{
      {{"mx", "smtp"}, {"relay", "smtp"}, {"lmtp", "lmtp"}, {"null", "discard"}}};
  if (!came_in(event)) out += look_up(kTypes, event.raw(Field::Route), "");
}

// Facts of the delivery's connection say nothing about mail that comes in.
template <Field field>
void append_of_delivery(const EventLine& event, std::string& out) {
  if (!came_in(event)) append_text(event, field, out);
}

// "example.net/v1"
void append_queue(const EventLine& event, std::string& out) {
  append_text(event, Field::Domain, out);
  if (event.raw(Field::Vmta).empty()) return;
  out += '/';
  append_text(event, Field::Vmta, out);
}

constexpr std::array<Column, 26> kColumns{{
    {"type", append_type},
    {"timeLogged", append_logged},
    {"timeQueued", append_queued},
    {"orig", append_field<Field::Sender>},
    {"rcpt", append_field<Field::Recipient>},
    {"orcpt", append_field<Field::Orcpt>},
    {"dsnAction", append_action},
    {"dsnStatus", append_status},
    {"dsnDiag", append_diagnostic},
    {"dsnMta", append_dsn_mta},
    {"bounceCat", append_category},
    {"srcType", append_source_type},
    {"srcMta", append_source_mta},
    {"dlvType", append_delivery_type},
    {"dlvSourceIp", append_of_delivery<Field::Source>},
    {"dlvDestinationIp", append_of_delivery<Field::Peer>},
    {"dlvEsmtpAvailable", append_of_delivery<Field::Extensions>},
    {"dlvSize", append_field<Field::Size>},
    {"vmta", append_field<Field::Vmta>},
    {"jobId", append_field<Field::Campaign>},
    {"envId", append_field<Field::Envid>},
    {"queue", append_queue},
    {"vmtaPool", append_field<Field::Pool>},
    {"dlvTlsProtocol", append_of_delivery<Field::Tls>},
    {"dlvTlsCipher", append_of_delivery<Field::Cipher>},
    {"eventType", append_field<Field::Type>},
}};

template <std::size_t... I>
std::vector<Column> make_columns(std::index_sequence<I...>) {
  std::vector<Column> columns(kColumns.begin(), kColumns.end());
  const auto add = [&columns](const Column& column) {
    const bool taken =
        std::any_of(columns.begin(), columns.end(), [&](const Column& c) { return c.name == column.name; });
    if (!taken) columns.push_back(column);
  };
  (add({kFieldNames[I], append_field<static_cast<Field>(I)>}), ...);
  return columns;
}

}  // namespace

std::string_view record_type(const EventLine& event) {
  static constexpr std::array<Pair, 7> kRecords{{{"delivered", "d"},
                                                 {"deferred", "t"},
                                                 {"accepted", "r"},
                                                 {"bounced", "b"},
                                                 {"expired", "b"},
                                                 {"suppressed", "b"},
                                                 {"rejected", "x"}}};
  return look_up(kRecords, event.raw(Field::Type), "");
}

std::string_view bounce_category(std::string_view outcome_class) {
  static constexpr std::array<Pair, 26> kCategories{{{"invalid-mailbox", "bad-mailbox"},
                                                     {"invalid-domain", "bad-domain"},
                                                     {"inactive-mailbox", "inactive-mailbox"},
                                                     {"mailbox-full", "quota-issues"},
                                                     {"policy", "policy-related"},
                                                     {"authentication", "policy-related"},
                                                     {"spam-content", "spam-related"},
                                                     {"reputation", "spam-related"},
                                                     {"blocklist", "spam-related"},
                                                     {"rate-limit", "policy-related"},
                                                     {"too-many-connections", "policy-related"},
                                                     {"greylisting", "policy-related"},
                                                     {"message-too-large", "content-related"},
                                                     {"content-rejected", "content-related"},
                                                     {"virus", "virus-related"},
                                                     {"protocol", "protocol-errors"},
                                                     {"relay-denied", "relaying-issues"},
                                                     {"routing", "routing-errors"},
                                                     {"dns", "routing-errors"},
                                                     {"network", "no-answer-from-host"},
                                                     {"timeout", "no-answer-from-host"},
                                                     {"tls", "bad-connection"},
                                                     {"server-trouble", "bad-configuration"},
                                                     {"expired", "message-expired"},
                                                     {"admin", "other"},
                                                     {"suppressed", "suppressed"}}};
  return look_up(kCategories, outcome_class, "other");
}

const std::vector<Column>& all_columns() {
  static const std::vector<Column> columns = make_columns(std::make_index_sequence<kFieldNames.size()>{});
  return columns;
}

const Column* find_column(std::string_view name) {
  for (const Column& column : all_columns()) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

void append_record(const std::vector<const Column*>& columns, const EventLine& event, std::string& out,
                   std::string& scratch) {
  for (const Column* column : columns) {
    if (column != columns.front()) out += ',';
    scratch.clear();
    column->append(event, scratch);
    append_csv_field(scratch, out);
  }
  out += "\r\n";
}

std::string header_record(const std::vector<const Column*>& columns) {
  std::string out;
  for (const Column* column : columns) {
    if (!out.empty()) out += ',';
    append_csv_field(column->name, out);
  }
  return out + "\r\n";
}

}  // namespace penstock::eventlog
