// SPDX-License-Identifier: Apache-2.0
// How mail goes out: identities, streams, limits, time-outs.
#include "config/addresses.h"
#include "config/rules.h"
#include "config/schema.h"
#include "config/table_reader.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using enum Apply;

constexpr std::size_t kMembers = 10'000;
constexpr std::size_t kPatterns = 10'000;
constexpr std::uint32_t kMostConnections = 10'000;
constexpr std::uint32_t kMostMessages = 1'000'000;
constexpr std::uint32_t kMostRecipients = 10'000;

// One address of each family.
Key source_key() {
  const auto list = list_of(address(), "list of addresses", 2, Single::Accepted);
  Key key{"source",
          "Addresses it sends from, at most one IPv4 and one IPv6.",
          Live,
          Need::Optional,
          list.words,
          "up to one of each family",
          "the system chooses"};
  key.read = [list](void* owner, const Value& value, Complaints& complaints) {
    std::vector<IpAddress> given;
    if (!list.read(value, given, complaints)) return false;
    auto& vmta = *static_cast<Vmta*>(owner);
    for (const IpAddress& one : given) {
      auto& target = one.v6 ? vmta.source_v6 : vmta.source_v4;
      if (target) {
        complaints.add(value.place, std::string("has two IPv") + (one.v6 ? "6" : "4") + " addresses",
                       "make a [[vmta]] of each and weigh them in a [[pool]]");
        return false;
      }
      target = one;
    }
    return true;
  };
  key.write = [list](const void* owner) {
    const auto& vmta = *static_cast<const Vmta*>(owner);
    std::vector<IpAddress> given;
    if (vmta.source_v4) given.push_back(*vmta.source_v4);
    if (vmta.source_v6) given.push_back(*vmta.source_v6);
    return list.write(given);
  };
  return key;
}

const Section& member_section() {
  static const Section section =
      SectionBuilder<PoolMember>("members of [[pool]]")
          .required("vmta", &PoolMember::vmta, name(), Live, "Name of a vMTA.")
          .add("weight", &PoolMember::weight, number(0, 1'000'000), Live, "Its share; 0: takes no new recipients.")
          .build();
  return section;
}

const Section& match_section() {
  const auto patterns = [](Kind<std::string> kind, std::string words) {
    return list_of(std::move(kind), std::move(words), kPatterns, Single::Accepted);
  };
  static const Section section =
      SectionBuilder<Match>("match of [[stream]]")
          .add("header", &Match::header, pairs(header_name(), "table of patterns"), Live,
               "Header fields and patterns of their values; all must fit.")
          .add("sender", &Match::sender, patterns(sender_pattern(), "list of patterns"), Live,
               "The envelope sender: \"@example.com\" or \"news-*@example.com\"; one must fit.")
          .add("listener", &Match::listener, patterns(any_text(64), "list of names"), Live,
               "Names of listeners; one must fit.")
          .add("auth_user", &Match::auth_user, patterns(any_text(320), "list of patterns"), Live,
               "Who logged in; one must fit.")
          .add("field", &Match::field, pairs(any_text(64), "table of patterns"), Live,
               "Fields of an HTTP injection and patterns of their values; all must fit.")
          .build();
  return section;
}

// Growth is not in effect beside a schedule, so it is not shown either.
Section without_growth_beside_schedule(Section section) {
  for (Key& key : section.keys) {
    if (key.name != "first" && key.name != "factor" && key.name != "cap") continue;
    key.write = [write = key.write](const void* owner) {
      return static_cast<const Retry*>(owner)->schedule.empty() ? write(owner) : std::string();
    };
  }
  return section;
}

const Section& retry_section() {
  static const Section section = without_growth_beside_schedule(
      SectionBuilder<Retry>("retry of [[stream]]")
          .add("schedule", &Retry::schedule, list_of(span(1s, 7 * 24h), "list of durations", 1'000), Live,
               "Waits after the first, second, … attempt; the last repeats. Instead of first, factor and cap.",
               "growth")
          .add("first", &Retry::first, span(1s, 7 * 24h), Live, "Wait after the first attempt;")
          .add("factor", &Retry::factor, decimal(1, 10), Live, "each further wait is this much longer,")
          .add("cap", &Retry::cap, span(1s, 7 * 24h), Live, "up to this.")
          .add("jitter", &Retry::jitter, decimal(0, 0.9), Live, "Share by which each wait is made longer or shorter.")
          .add("expire", &Retry::expire, span(10s, 30 * 24h), Live,
               "A recipient that was not delivered this long after acceptance bounces.")
          .build());
  return section;
}

const Section& window_section() {
  static const Section section =
      SectionBuilder<Window>("window of [[stream]]")
          .add("days", &Window::days, days(), Live, "Days of the week.", "every day")
          .add("hours", &Window::hours, hours(), Live, "From and until; may run over midnight.", "all day")
          .add("zone", &Window::zone, zone(), Live, "Whose time that is.")
          .build();
  return section;
}

}  // namespace

const Section& limits_section() {
  static const Section section =
      SectionBuilder<Limits>("limits")
          .add("connections", &Limits::connections, number_or_unset(1, kMostConnections), Live,
               "Connections open at the same time.", "no limit here")
          .add("connections_floor", &Limits::connections_floor, number_or_unset(1, kMostConnections), Live,
               "Makes `connections` adaptive: never below this.", "not given here")
          .add("connections_start", &Limits::connections_start, number_or_unset(1, kMostConnections), Live,
               "Makes `connections` adaptive: begins here.", "not given here")
          .add("connection_rate", &Limits::connection_rate, rate(), Live, "New connections in a span of time.",
               "no limit here")
          .add("messages_per_connection", &Limits::messages_per_connection, number_or_unset(1, kMostMessages), Live,
               "Messages after which a connection is closed.", "no limit here")
          .add("messages_per_connection_floor", &Limits::messages_per_connection_floor,
               number_or_unset(1, kMostMessages), Live,
               "What a receiver that ends connections sooner may bring `messages_per_connection` down to.",
               "not given here")
          .add("messages_per_connection_start", &Limits::messages_per_connection_start,
               number_or_unset(1, kMostMessages), Live, "Makes `messages_per_connection` adaptive: begins here.",
               "not given here")
          .add("message_rate", &Limits::message_rate, rate(), Live, "Recipients attempted in a span of time.",
               "no limit here")
          .add("message_rate_floor", &Limits::message_rate_floor, rate(), Live,
               "Makes `message_rate` adaptive: never below this.", "not given here")
          .add("message_rate_start", &Limits::message_rate_start, rate(), Live,
               "Makes `message_rate` adaptive: begins here.", "not given here")
          .add("recipients_per_message", &Limits::recipients_per_message, number_or_unset(1, kMostRecipients), Live,
               "Recipients of one message in one transaction.", "no limit here")
          .build();
  return section;
}

const Section& backoff_section() {
  static const Section section =
      SectionBuilder<Backoff>("backoff")
          .add("doubts", &Backoff::doubts, optional_of(decimal(0.01, 1)), Live,
               "Share of the last minute's answers that doubt us, from which on back-off mode begins.",
               "as the wider scope says")
          .add("share", &Backoff::share, optional_of(decimal(0.01, 1)), Live,
               "What is left of connections and rate in back-off mode,", "as the wider scope says")
          .add("connections", &Backoff::connections, number_or_unset(1, kMostConnections), Live,
               "or so many connections", "the share")
          .add("rate", &Backoff::rate, rate(), Live, "and so many recipients in a span of time.", "the share")
          .add("first", &Backoff::first, optional_of(span(10s, 24h)), Live,
               "Its length; each repetition is twice as long,", "as the wider scope says")
          .add("longest", &Backoff::longest, optional_of(span(10s, 7 * 24h)), Live, "up to this.",
               "as the wider scope says")
          .build();
  return section;
}

namespace {

const Section& trouble_section() {
  static const Section section =
      SectionBuilder<Trouble>("trouble of [defaults]")
          .add("failures", &Trouble::failures, number(0, 1'000), Live,
               "Failed connections in a row until a path is suspended; 0: never.")
          .add("first", &Trouble::first, span(1s, 1h), Live, "Length of the first suspension;")
          .add("growth", &Trouble::growth, decimal(1, 10), Live, "each further one is this much longer,")
          .add("longest", &Trouble::longest, span(1s, 24h), Live, "up to this.")
          .add("jitter", &Trouble::jitter, decimal(0, 0.9), Live, "Random share that is taken off each length.")
          .add("ramp_limit", &Trouble::ramp_limit, number(1, kMostConnections), Live,
               "Recovery, which doubles the connections step by step, is over at this many.")
          .build();
  return section;
}

}  // namespace

const Section& vmta_section() {
  static const Section section =
      SectionBuilder<Vmta>("[[vmta]]")
          .required("name", &Vmta::name, name(), Live, "What it is called in pools, headers and events.")
          .add(source_key())
          .add("ehlo", &Vmta::ehlo, domain(), Live, "Its name in EHLO; should resolve to the source address.",
               "node.name")
          .add("enabled", &Vmta::enabled, flag(), Live, "false: takes no part in any pool.")
          .build();
  return section;
}

const Section& pool_section() {
  static const Section section =
      SectionBuilder<Pool>("[[pool]]")
          .required("name", &Pool::name, name(), Live, "What it is called in streams and headers.")
          .required("members", &Pool::members, tables_of<PoolMember>(member_section(), "list of tables", kMembers),
                    Live, "Its vMTAs with their weights.")
          .containing<PoolMember>(member_section())
          .add("move_when_listed", &Pool::move_when_listed, flag(), Live,
               "Whether a recipient that is deferred because a block list names the address may leave from another "
               "member. Else it keeps its vMTA.")
          .build();
  return section;
}

const Section& stream_section() {
  static const Section section =
      SectionBuilder<Stream>("[[stream]]")
          .required("name", &Stream::name, name(), Live, "What it is called in headers, commands and events.")
          .required("pool", &Stream::pool, name(), Live, "The pool it sends from.")
          .add("priority", &Stream::priority,
               word<Priority>({{"urgent", Priority::Urgent}, {"normal", Priority::Normal}, {"bulk", Priority::Bulk}}),
               Live, "Whose recipients go first on a path.")
          .nested("match", &Stream::match, match_section(), "Which messages it takes that name no stream.")
          .add("tenant", &Stream::tenant, name(), Live, "Tenant of messages that name none.")
          .nested("retry", &Stream::retry, retry_section(), "When a deferred recipient is tried again.")
          .nested("window", &Stream::window, window_section(), "When it may deliver.")
          .add("route", &Stream::route, route(), Live, "Where its mail goes.")
          .add("dsn", &Stream::dsn, word<DsnPolicy>({{"on", DsnPolicy::On}, {"off", DsnPolicy::Off}}), Live,
               "Whether senders are told of failures.")
          .add("dsn_delay_after", &Stream::dsn_delay_after, span_or_off(1min, 7 * 24h), Live,
               "Senders who ask for it (NOTIFY=DELAY) are told of a delay after this long.")
          .add("dsn_sender", &Stream::dsn_sender, mail_address(), Live, "Who such notices are from.",
               "mailer-daemon@ and node.name")
          .add("dsn_stream", &Stream::dsn_stream, name(), Live, "The stream that carries them.", "the fallback stream")
          .add("recipients_per_message", &Stream::recipients_per_message, number_or_unset(1, kMostRecipients), Live,
               "Recipients of one message in one transaction.", "no limit here")
          .add("tls", &Stream::tls, optional_of(tls_level()), Live,
               "TLS of its deliveries, where neither domain nor provider says it.", "as [tls] delivery")
          .add("dkim", &Stream::dkim, list_of(domain(), "list of domains", 8, Single::Accepted), Live,
               "Domains that sign its mail, declared by [[dkim]]; \"from\" for that of the From field.", "none")
          .add("return_path", &Stream::return_path, return_path(), Live,
               "Envelope sender of its mail; {ref} becomes a signed reference, each recipient's own.",
               "kept as injected")
          .add("reference_header", &Stream::reference_header, flag(), Live,
               "Add the reference as X-Penstock-Ref. Always done with a return_path.")
          .add("cfbl_address", &Stream::cfbl_address, mail_address(), Live,
               "Where complaints go: added as CFBL-Address (RFC 9477).", "none")
          .add("bulk_rules", &Stream::bulk_rules,
               word<BulkRules>({{"off", BulkRules::Off},
                                {"warn", BulkRules::Warn},
                                {"fix", BulkRules::Fix},
                                {"refuse", BulkRules::Refuse}}),
               Live, "What happens to a message that breaks receivers' rules for bulk mail.")
          .add("marketing", &Stream::marketing, flag(), Live,
               "Its mail is bulk that was subscribed to: bulk_rules ask for List-Unsubscribe, one-click and "
               "Feedback-ID.")
          .add("feedback_id", &Stream::feedback_id, feedback_id(), Live,
               "The sender's part of Feedback-ID, which bulk_rules = \"fix\" adds: \"campaign:tenant:stream:this\".",
               "none is made")
          .nested("unsubscribe", &Stream::unsubscribe, stream_unsubscribe_section(),
                  "Links to unsubscribe in its mail (RFC 8058).")
          .build();
  return section;
}

const Section& domain_section() {
  static const Section section =
      SectionBuilder<Domain>("[[domain]]")
          .required("name", &Domain::name, domain_pattern(), Live,
                    "The recipients' domain, or \"*.example.com\" for those below it.")
          .keys_of(&Domain::limits, limits_section())
          .add("route", &Domain::route, optional_of(route()), Live, "Where its mail goes, whatever the stream says.",
               "the stream's")
          .add("tls", &Domain::tls, optional_of(tls_level()), Live,
               "TLS of its deliveries, whatever provider and stream say.", "theirs")
          .nested("timeouts", &Domain::timeouts, own_timeouts_section(), "Time-outs that differ.")
          .nested("backoff", &Domain::backoff, backoff_section(), "Back-off mode.")
          .build();
  return section;
}

const Section& provider_section() {
  const auto domains = [](std::string words) { return list_of(domain(), std::move(words), 100'000, Single::Accepted); };
  static const Section section =
      SectionBuilder<Provider>("[[provider]]")
          .required("name", &Provider::name, name(), Live, "What it is called in paths, commands and events.")
          .add("mx", &Provider::mx, domains("list of domains"), Live,
               "Suffixes of the names of its MX hosts; the longest that fits counts.", "none")
          .add("domains", &Provider::domains, domains("list of domains"), Live, "Recipients' domains that are its own.",
               "none")
          .keys_of(&Provider::limits, limits_section())
          .add("tls", &Provider::tls, optional_of(tls_level()), Live,
               "TLS of its deliveries, whatever the stream says.", "the stream's")
          .nested("timeouts", &Provider::timeouts, own_timeouts_section(), "Time-outs that differ.")
          .nested("backoff", &Provider::backoff, backoff_section(), "Back-off mode.")
          .build();
  return section;
}

const Section& defaults_section() {
  static const Section section =
      SectionBuilder<Defaults>("[defaults]")
          .keys_of(&Defaults::limits, limits_section())
          .nested("trouble", &Defaults::trouble, trouble_section(), "What to do when connections come to nothing.")
          .nested("backoff", &Defaults::backoff, backoff_section(), "Back-off mode.")
          .build();
  return section;
}

namespace {

Kind<Duration> wait() {
  return span(1s, 1h);
}

Kind<Duration> idle_wait() {
  return span(1s, 5min);
}

}  // namespace

const Section& own_timeouts_section() {
  const auto own = [] { return optional_of(wait()); };
  const std::string otherwise = "as [timeouts]";
  static const Section section =
      SectionBuilder<OwnTimeouts>("timeouts")
          .add("connect", &OwnTimeouts::connect, own(), Live, "TCP connection.", otherwise)
          .add("banner", &OwnTimeouts::banner, own(), Live, "The receiver's banner.", otherwise)
          .add("ehlo", &OwnTimeouts::ehlo, own(), Live, "Answer to EHLO, HELO or LHLO.", otherwise)
          .add("mail", &OwnTimeouts::mail, own(), Live, "Answer to MAIL.", otherwise)
          .add("rcpt", &OwnTimeouts::rcpt, own(), Live, "Answer to RCPT.", otherwise)
          .add("data", &OwnTimeouts::data, own(), Live, "Answer to DATA.", otherwise)
          .add("data_block", &OwnTimeouts::data_block, own(), Live, "Each piece of the message.", otherwise)
          .add("end_of_data", &OwnTimeouts::end_of_data, own(), Live, "Answer to the end of the message.", otherwise)
          .add("rset", &OwnTimeouts::rset, own(), Live, "Answer to RSET.", otherwise)
          .add("quit", &OwnTimeouts::quit, own(), Live, "Answer to QUIT.", otherwise)
          .add("idle", &OwnTimeouts::idle, optional_of(idle_wait()), Live,
               "A connection without work is kept open this long.", otherwise)
          .build();
  return section;
}

const Section& timeouts_section() {
  static const Section section =
      SectionBuilder<Timeouts>("[timeouts]")
          .add("connect", &Timeouts::connect, wait(), Live, "TCP connection; then the next address is tried.")
          .add("banner", &Timeouts::banner, wait(), Live, "The receiver's banner (RFC 5321: 5 minutes).")
          .add("ehlo", &Timeouts::ehlo, wait(), Live, "Answer to EHLO, HELO or LHLO.")
          .add("mail", &Timeouts::mail, wait(), Live, "Answer to MAIL (RFC 5321: 5 minutes).")
          .add("rcpt", &Timeouts::rcpt, wait(), Live, "Answer to RCPT (RFC 5321: 5 minutes).")
          .add("data", &Timeouts::data, wait(), Live, "Answer to DATA (RFC 5321: 2 minutes).")
          .add("data_block", &Timeouts::data_block, wait(), Live, "Each piece of the message (RFC 5321: 3 minutes).")
          .add("end_of_data", &Timeouts::end_of_data, wait(), Live,
               "Answer to the end of the message (RFC 5321: 10 minutes). Shorter means duplicates.")
          .add("rset", &Timeouts::rset, wait(), Live, "Answer to RSET.")
          .add("quit", &Timeouts::quit, wait(), Live, "Answer to QUIT.")
          .add("idle", &Timeouts::idle, idle_wait(), Live, "A connection without work is kept open this long.")
          .build();
  return section;
}

const Section& client_section() {
  static const Section section =
      SectionBuilder<Client>("[client]")
          .add("mx_port", &Client::mx_port, number(1, 65'535), Live,
               "Port of hosts found by MX; another one is for test networks.")
          .add("pipelining", &Client::pipelining, flag(), Live,
               "Send commands in groups to receivers that offer PIPELINING.")
          .add("chunking", &Client::chunking, flag(), Live, "Send messages with BDAT to receivers that offer CHUNKING.")
          .add(
              "eight_bit", &Client::eight_bit, flag(), Live,
              "Bytes above 127 go as they are to receivers that do not offer 8BITMIME; false: such mail bounces there.")
          .add("max_connections", &Client::max_connections, number(0, 1'000'000), Live,
               "Connections to receivers in all; 0: as many as the descriptors allow beside intake, spool and DNS.")
          .add("addresses_per_try", &Client::addresses_per_try, number(1, 20), Live,
               "Addresses of a destination that are tried until a connection has failed.")
          .build();
  return section;
}

}  // namespace penstock::config
