// SPDX-License-Identifier: Apache-2.0
// Config: the whole configuration of penstockd as typed values, checked: every number within its bounds, every name
// that refers to another declared. docs/configuration.md explains each key; settings.cc has the bounds.
//
// A member has the name of its key, except where it names its unit (max_message_bytes is "max_message_size"). The
// defaults are the initial values here, and nowhere else. Paths that default below data_dir are filled in by the
// loader.
//
// Threads: made once by load_file() or load_text(), then constant and shared.   Limits: see settings.cc.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ip_network.h"
#include "base/log.h"
#include "base/units.h"
#include "config/limits.h"

namespace penstock::config {

// "127.0.0.1:2525", "[::1]:2525", "mx.example.com:25"; or "unix:/run/lmtp.sock" where the key allows it.
struct Endpoint {
  std::string host;  // a name, or an address without brackets; empty for a unix socket
  std::uint16_t port = 0;
  std::string unix_path;                        // absolute; empty for TCP
  [[nodiscard]] std::string to_string() const;  // as it would be written
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct Node {
  std::string name;  // default: the machine's host name. In Received lines, Message-IDs, banners, events
  std::string data_dir = "/var/lib/penstock";
  std::uint32_t shards = 0;  // 0: one per core
  log::Level log_level = log::Level::Info;
  Duration stop_limit = std::chrono::seconds{30};  // for what is in flight, when told to stop
  std::string user;         // that the daemon becomes when root has started it; empty: it stays who it is
  std::string group;        // default: the user's own
  bool core_dumps = false;  // of a crash; they would hold keys, passwords and mail
};

struct Admin {
  std::string socket = "/run/penstock/admin.sock";
  std::uint32_t mode = 0660;        // of the socket file
  std::optional<Endpoint> metrics;  // TCP listener that serves /metrics and nothing else; none: off
};

struct DnsStub {
  std::string zone;  // "test"
  Endpoint server;
  bool dnssec = false;  // validated from a key in trust_anchor_file
};
struct Dns {
  std::vector<Endpoint> upstream;  // empty: those of resolv_conf
  std::string resolv_conf = "/etc/resolv.conf";
  std::vector<DnsStub> stub;
  std::string trust_anchor_file;  // empty: no DNSSEC validation
  Duration timeout = std::chrono::seconds{15};
  std::uint32_t nxdomain_confirmations = 2;  // answers "no such domain" until a recipient bounces
  Duration ttl_min = std::chrono::seconds{5};
  Duration ttl_max = std::chrono::hours{1};
  Duration negative_ttl_max = std::chrono::minutes{5};
  Duration failure_ttl = std::chrono::seconds{5};
  std::uint64_t cache_bytes = 32ULL << 20;  // "cache_size": the resolver's own, for all shards
  std::uint32_t cache_answers = 100'000;    // per shard
  std::uint32_t cache_routes = 100'000;     // per shard
};

struct Spool {
  std::string dir;                                       // default: data_dir/spool
  std::uint64_t segment_bytes = 64ULL << 20;             // "segment_size"
  std::uint64_t free_floor_bytes = 512ULL << 20;         // "free_floor"
  std::uint64_t cache_bytes = 256ULL << 20;              // "cache_size"
  double compact_below = 0.25;                           // live share
  std::uint64_t compact_bytes_per_second = 64ULL << 20;  // "compact_rate"
  std::uint32_t spare_segments = 2;
  Duration flush_interval = std::chrono::milliseconds{50};
};

struct Events {
  std::string dir;                            // default: data_dir/events
  std::uint64_t segment_bytes = 64ULL << 20;  // "segment_size": sealed when it is that large
  Duration seal_age = std::chrono::hours{1};  // or that old
  Duration keep_age = std::chrono::days{30};  // sealed segments are removed when older than this
  std::uint64_t keep_bytes = 20ULL << 30;     // "keep_size": or when all together take more than this
};

// How receivers' replies are understood (docs/classification.md).
struct Classify {
  std::string rules;  // folder of rule files asked before the shipped ones; empty: none
};

// What is known of mailbox providers (docs/providers.md).
struct ProviderFiles {
  bool builtin = true;  // the shipped files count
  std::string folder;   // of files that replace those of the same provider; empty: none
};

struct Accounting {
  bool enabled = false;
  std::string dir;                            // default: data_dir/accounting
  std::uint64_t rotate_bytes = 100ULL << 20;  // "rotate_size"
  Duration rotate_every = std::chrono::hours{1};
  Duration keep_age = std::chrono::days{30};
};

// Names of header fields, without colon.
struct Headers {
  // Read as labels, in this order of preference, and removed before sending.
  std::vector<std::string> stream{"X-Penstock-Stream"};
  std::vector<std::string> tenant{"X-Penstock-Tenant"};
  std::vector<std::string> campaign{"X-Penstock-Campaign", "X-Job"};
  std::vector<std::string> list{"X-Penstock-List"};                   // the mailing list, for suppressions in its scope
  std::vector<std::string> vmta{"X-Penstock-VMTA", "X-Virtual-MTA"};  // a vMTA or a pool by name
  std::vector<std::string> first_attempt{"X-Penstock-First-Attempt"};
  std::vector<std::string> remove;  // removed as well, not read
  bool add_received = true;
  bool add_message_id = true;  // when there is none
  bool add_date = true;        // when there is none
};

struct Pickup {
  std::string dir;  // empty: off
  Duration scan_interval = std::chrono::seconds{1};
  std::string stream;  // label of messages that name none
  std::string tenant;
  std::uint32_t max_in_flight = 1'000;            // files read and not yet durable
  std::uint64_t max_message_bytes = 50ULL << 20;  // "max_message_size"
  [[nodiscard]] bool enabled() const { return !dir.empty(); }
};

// What a listener does with a recipient who is suppressed.
enum class SuppressedMail : std::uint8_t {
  Refuse,  // 5xx to RCPT
  Accept   // taken, recorded as suppressed, not sent
};

enum class ListenerTls : std::uint8_t {
  Off,
  StartTls,  // offered
  Implicit   // from the first byte
};

// Whether clients sign in (docs/submission.md).
enum class ListenerAuth : std::uint8_t {
  Off,
  Offer,   // who signs in may send to any domain
  Require  // nobody sends without
};

enum class AuthMechanism : std::uint8_t { Plain, Login, ScramSha256 };

// Signing in by SMTP AUTH, for all listeners.
struct Auth {
  std::vector<AuthMechanism> mechanisms{AuthMechanism::ScramSha256, AuthMechanism::Plain, AuthMechanism::Login};
  std::uint32_t failures = 10;  // of one address within `window`, until it is banned
  Duration window = std::chrono::minutes{10};
  Duration ban = std::chrono::minutes{15};
  Duration delay = std::chrono::seconds{1};  // of the answer to a first failure; each further one waits twice as long
  Duration delay_max = std::chrono::seconds{10};
};

struct Listener {
  std::string name;  // default: the address
  Endpoint address{"127.0.0.1", 2525, ""};
  std::string hostname;  // in the banner and in Received lines; default: node.name
  // Who may send to any domain. Empty: nobody. A network with prefix 0 is refused by the loader.
  std::vector<IpNetwork> relay_from;
  std::vector<std::string> relay_domains;  // recipients' domains that anybody may send to: "a.example", "*.a.example"
  // Whose mail is taken from anybody and read as reports (bounces, complaints), never relayed: "bounces.example.com".
  std::vector<std::string> report_domains;
  std::vector<IpNetwork> proxy_from;    // must speak the PROXY protocol first (v1 or v2)
  std::vector<IpNetwork> xclient_from;  // may use XCLIENT
  std::string stream;                   // label of messages that name none
  std::string tenant;
  SuppressedMail suppressed = SuppressedMail::Refuse;
  ListenerAuth auth = ListenerAuth::Off;
  ListenerTls tls = ListenerTls::Off;
  std::string tls_cert_file, tls_key_file;  // "cert_file", "key_file": PEM
  std::string client_ca_file;               // PEM; empty: clients are not asked for certificates
  std::uint32_t max_connections = 5'000;
  std::uint32_t max_connections_per_address = 100;
  std::uint32_t max_recipients = 1'000;                 // per transaction; the next RCPT gets 452
  std::uint64_t max_message_bytes = 50ULL << 20;        // "max_message_size"
  std::uint32_t max_commands = 10'000;                  // in a row without an accepted message; then 421
  std::uint32_t max_errors = 20;                        // refused commands in a session; then 421
  std::uint32_t max_command_line_bytes = 4'096;         // "max_command_line", with its CRLF
  std::uint32_t max_text_line_bytes = 8'192;            // "max_text_line", with its CRLF
  Duration command_timeout = std::chrono::minutes{5};   // waiting for a command, or for the next piece of a message
  Duration message_timeout = std::chrono::minutes{30};  // from DATA or the first BDAT to the message's end
  // Who speaks within it is dropped; also who spoke before it, if zero. Default: kStrangerDelay for those who are not
  // in relay_from, zero for the others.
  std::optional<Duration> banner_delay;
  static constexpr Duration kStrangerDelay{std::chrono::milliseconds{200}};
};

struct Vmta {
  std::string name;
  std::optional<IpAddress> source_v4, source_v6;  // "source"; none at all: the system chooses
  std::string ehlo;                               // default: node.name
  bool enabled = true;
};

struct PoolMember {
  std::string vmta;
  std::uint32_t weight = 1;  // 0: takes no new recipients
};
struct Pool {
  std::string name;
  std::vector<PoolMember> members;  // at least one
  bool move_when_listed = false;    // whoever is deferred because a list names our address may leave from another
};

enum class Priority : std::uint8_t { Urgent, Normal, Bulk };
enum class DsnPolicy : std::uint8_t { On, Off };

inline constexpr std::uint16_t kSubmissionsPort = 465;  // RFC 8314 §3.3

struct Route {
  enum class Kind : std::uint8_t {
    Mx,
    Relay,  // SMTP to fixed hosts, tried in order
    Lmtp,   // LMTP to fixed hosts, tried in order
    Null    // counted as delivered and dropped; for tests
  };
  Kind kind = Kind::Mx;
  std::vector<Endpoint> hosts;  // Relay: TCP only. Lmtp: TCP or unix sockets
  // The rest is Relay's, for services that one signs in to (docs/submission.md).
  std::string user{}, password_file{};                         // empty: nobody signs in
  std::optional<TlsLevel> tls{};                               // none: Verify with a user, else as stream or domain say
  std::optional<bool> implicit_tls{};                          // none: where the port is kSubmissionsPort
  std::vector<std::pair<std::string, std::string>> headers{};  // set on each message; values may have {placeholders}
  Limits limits{};  // of its egress paths; what is not given is as [defaults] say
  // The host is spoken to in TLS from the first byte on.
  [[nodiscard]] bool is_implicit_tls(const Endpoint& host) const {
    return kind == Kind::Relay && implicit_tls.value_or(host.port == kSubmissionsPort);
  }
  [[nodiscard]] std::string to_string() const;  // "mx", "null", "relay mx1.example:25 mx2.example:25"
  friend bool operator==(const Route&, const Route&) = default;
};

// All of what is given must fit. Patterns compare without case; "*" stands for any run of characters, "?" for one.
struct Match {
  std::vector<std::pair<std::string, std::string>> header;  // name, pattern of the value
  std::vector<std::string> sender;                          // patterns, "@domain" for a whole domain; any one fits
  std::vector<std::string> listener;                        // names; any one fits
  std::vector<std::string> auth_user;                       // patterns; any one fits
  std::vector<std::pair<std::string, std::string>> field;   // of an HTTP injection: name, pattern of the value
  [[nodiscard]] bool empty() const {
    return header.empty() && sender.empty() && listener.empty() && auth_user.empty() && field.empty();
  }
  friend bool operator==(const Match&, const Match&) = default;
};

struct Retry {
  std::vector<Duration> schedule;  // waits after each attempt, the last repeats; not empty: instead of the three below
  Duration first = std::chrono::minutes{5};
  double factor = 2.0;
  Duration cap = std::chrono::hours{4};
  double jitter = 0.1;  // share
  Duration expire = std::chrono::days{5};
};

// What is done with a message that breaks the rules receivers have for bulk mail (docs/bulk-rules.md).
enum class BulkRules : std::uint8_t {
  Off,
  Warn,   // an event and a header field
  Fix,    // what can be mended is; the rest as Warn
  Refuse  // a reply that says what is missing
};

// Empty days and hours: always open. The texts are checked for their form; zone for being a plausible name only: the
// zone's file is read where it is used.
struct Window {
  std::string days;   // "mon-fri", "sat,sun"
  std::string hours;  // "08:00-22:00"
  std::string zone = "UTC";
  [[nodiscard]] bool always() const { return days.empty() && hours.empty(); }
};

// A key that signs for a domain. Several of one domain: of each key type the one whose `sign` is the latest that has
// come signs.
struct Dkim {
  std::string domain;
  std::string selector;
  std::string key_file;
  std::string canonicalization = "relaxed/relaxed";  // header/body
  std::vector<std::string> headers;                  // signed besides the usual ones
  std::string identity;                              // i=; empty: none
  Duration expire = Duration::zero();                // zero: signatures do not expire
  std::optional<Time> publish, sign, retire;
  std::vector<std::string> streams;  // whose mail it signs; empty: all that name the domain
  [[nodiscard]] bool signs_for(std::string_view stream) const {
    return streams.empty() || std::find(streams.begin(), streams.end(), stream) != streams.end();
  }
};
// In Stream::dkim: the domain of the From field, or the nearest domain above it that has a key.
inline constexpr std::string_view kDkimOfFrom = "from";

// Whether links to unsubscribe are added to a stream's mail (docs/unsubscribe.md).
enum class UnsubscribeAdd : std::uint8_t {
  Off,
  Missing,  // to messages without a List-Unsubscribe
  Replace   // to all; their own is removed
};
enum class UnsubscribeScope : std::uint8_t {
  Stream,
  List  // the message's list; without one, the stream
};
struct StreamUnsubscribe {
  UnsubscribeAdd add = UnsubscribeAdd::Off;
  std::string url;  // ends in '/'; the signed token follows
  UnsubscribeScope scope = UnsubscribeScope::Stream;
  std::string title;                         // what the page calls this mail; empty: the list's or the stream's name
  Duration expire = std::chrono::days{400};  // zero: links work for good
};

struct Stream {
  std::string name;
  std::string pool;
  Priority priority = Priority::Normal;
  Match match;
  std::string tenant;  // label of messages that name none
  Retry retry;
  Window window;
  Route route;
  DsnPolicy dsn = DsnPolicy::On;
  Duration dsn_delay_after = std::chrono::hours{4};  // of a notice to who asks for it; zero: none
  std::string dsn_sender;                            // From of notices; default: mailer-daemon@ and node.name
  std::string dsn_stream;                            // that carries the notices; default: the fallback stream
  std::uint32_t recipients_per_message = 0;          // 0: as the egress path says
  std::optional<TlsLevel> tls;                       // none: as [tls] says; what a domain or provider says goes first
  std::vector<std::string> dkim;                     // domains that sign, or kDkimOfFrom; empty: it does not sign
  // Envelope sender of its mail, "{ref}" standing for the message's signed reference; empty: kept as injected.
  std::string return_path;
  bool reference_header = false;  // add X-Penstock-Ref; always done with a return_path
  std::string cfbl_address;       // added as CFBL-Address (RFC 9477); empty: none
  BulkRules bulk_rules = BulkRules::Off;
  bool marketing = false;   // its mail must offer to unsubscribe
  std::string feedback_id;  // the sender's part of Feedback-ID; empty: none is made
  StreamUnsubscribe unsubscribe;
};

struct Domain {
  std::string name;  // of recipients: "a.example", or "*.a.example" for everything below
  Limits limits;     // keys of the table itself
  std::optional<Route> route;
  std::optional<TlsLevel> tls;  // goes before what provider and stream say
  OwnTimeouts timeouts{};
  Backoff backoff{};
  // It says something that only a path of its own can keep.
  [[nodiscard]] bool has_path() const {
    return limits != Limits{} || timeouts != OwnTimeouts{} || backoff != Backoff{};
  }
};

struct Provider {
  std::string name;
  std::vector<std::string> mx;       // suffixes of MX host names: "google.com" fits "aspmx.l.google.com"
  std::vector<std::string> domains;  // of recipients
  Limits limits;                     // keys of the table itself
  std::optional<TlsLevel> tls;       // goes before what the stream says
  OwnTimeouts timeouts{};
  Backoff backoff{};
  Stood at{}, backoff_at{};
};

enum class WarmupBeyond : std::uint8_t { Warm, Wait };

// How new sending addresses are brought up to their volume (docs/warmup.md).
struct Warmup {
  std::vector<std::string> vmta;
  std::vector<std::string> provider;  // names, "*" for each, "other" for sites that belong to none
  std::vector<std::uint32_t> days;    // allowances, rising; not empty: instead of the three below
  std::uint32_t start = 50;
  double growth = 1.5;
  std::uint32_t cap = 50'000;
  std::string hours = "00:00-24:00";
  std::string zone = "UTC";
  WarmupBeyond beyond = WarmupBeyond::Warm;
  Duration ahead = std::chrono::hours{1};
  double deferral_share = 0.1;
  double bounce_share = 0.05;
  double complaint_share = 0.001;
  std::uint32_t least_answers = 20;
  double least_used = 0.5;
  Stood provider_at{};
};

// For every egress path, where no provider or domain gives the value itself.
struct Defaults {
  Limits limits{.connections = 20, .messages_per_connection = 500, .recipients_per_message = 100};
  Trouble trouble;
  Backoff backoff{.doubts = 0.1, .share = 0.25, .first = std::chrono::minutes{5}, .longest = std::chrono::hours{1}};
};

// Of the SMTP client; RFC 5321 §4.5.3.2. None is zero.
struct Timeouts {
  Duration connect = std::chrono::seconds{30};
  Duration banner = std::chrono::minutes{5};
  Duration ehlo = std::chrono::minutes{5};
  Duration mail = std::chrono::minutes{5};
  Duration rcpt = std::chrono::minutes{5};
  Duration data = std::chrono::minutes{2};
  Duration data_block = std::chrono::minutes{3};
  Duration end_of_data = std::chrono::minutes{10};
  Duration rset = std::chrono::seconds{30};
  Duration quit = std::chrono::seconds{10};
  Duration idle = std::chrono::seconds{10};  // a connection without work is kept open this long
};

// How the SMTP client speaks to receivers.
struct Client {
  std::uint32_t mx_port = 25;           // of hosts found by MX; another one is for test networks
  bool pipelining = true;               // used when offered (RFC 2920)
  bool chunking = true;                 // used when offered (RFC 3030)
  bool eight_bit = true;                // bytes above 127 go to receivers without 8BITMIME too; false: a bounce
  std::uint32_t max_connections = 0;    // to receivers in all; 0: what the descriptors allow
  std::uint32_t addresses_per_try = 5;  // of a destination's hosts, until a connection has failed
};

// TLS of deliveries (docs/tls.md). What a stream, provider or domain says itself goes before `delivery`.
struct Tls {
  TlsLevel delivery = TlsLevel::Opportunistic;
  std::string ca_file;  // PEM; empty: the system's trust anchors
  Duration handshake_timeout = std::chrono::seconds{20};
  bool mta_sts = true;                            // domains' policies are fetched and obeyed
  std::uint32_t mta_sts_port = 443;               // of policy hosts; another one is for tests
  bool private_hosts = false;                     // policies and reports by HTTPS also at addresses that are not public
  bool dane = true;                               // TLSA records that DNSSEC proves are obeyed
  Duration clear_for = std::chrono::minutes{30};  // an opportunistic delivery goes in clear after a failed handshake
};

// Reports to domains about the TLS of mail to them (TLS-RPT, docs/tls.md). Off unless both are set.
struct TlsReport {
  std::string organization;  // who sends them
  std::string contact;       // an address; also their sender
  std::string stream;        // that they are sent by; default: the fallback stream
  [[nodiscard]] bool enabled() const { return !organization.empty() && !contact.empty(); }
};

// What is done with reports that come in by mail (docs/feedback.md).
struct Feedback {
  bool act_without_reference = false;        // on reports that bring no reference of ours, from anybody
  std::vector<std::string> trusted_domains;  // DKIM domains of feedback loops that need no reference
  std::vector<IpNetwork> trusted_networks;   // likewise, by client address
  std::vector<std::string> complaint_types{"abuse", "fraud", "opt-out", "opt-out-list", "miscategorized"};
  bool complaint_suppress = true;            // else complaints are recorded and counted
  bool complaint_global = true;              // a complaint suppresses everywhere, not only in its stream
  Duration complaint_lasts{0};               // zero: for good
  std::uint64_t waiting_bytes = 1ULL << 30;  // "waiting_size": reports on disk that are not dealt with; more get 452
};

// Where links to unsubscribe are answered (docs/unsubscribe.md).
struct Unsubscribe {
  std::optional<Endpoint> address;          // none: nowhere
  std::string tls_cert_file, tls_key_file;  // "cert_file", "key_file": PEM; empty: plain HTTP, for a reverse proxy
  std::vector<IpNetwork> proxy_from;        // whose X-Forwarded-For is believed
  [[nodiscard]] bool enabled() const { return address.has_value(); }
};

enum class SuppressionScope : std::uint8_t { Global, Tenant, Stream };

// What a bounce of one class does to the address (docs/suppression.md has what holds for those not listed).
struct SuppressionClass {
  std::string name;  // "mailbox-full", a name of model/outcome.h
  bool suppress = true;
  std::optional<Duration> lasts{};  // zero: for good; none: as the class does by itself
  SuppressionScope scope = SuppressionScope::Global;
  std::optional<bool> investigate{};  // none: as the class does by itself
  // How often and how long a deferral of this class is tried before it fails for good. 0: as the class does by itself.
  std::uint32_t tries = 0;
  Duration within{0};
};

// When failures that pass become a suppression: all four must be met.
struct SoftBounces {
  std::uint32_t days = 0;  // different days; 0: never
  std::uint32_t messages = 5;
  Duration span = std::chrono::days{5};
  Duration forget = std::chrono::days{30};
  Duration lasts = std::chrono::days{90};  // zero: for good
};

struct Suppression {
  bool gmail_rules = false;
  std::uint32_t refuse_code = 550;
  std::vector<SuppressionClass> bounce;  // those that differ
  SoftBounces soft;
};

// What `penstock preflight` asks besides what follows from the rest (docs/preflight.md).
struct Preflight {
  std::vector<std::string> blocklists;                  // DNSBL zones of addresses: "zen.dnsbl.example"
  std::vector<std::string> domain_blocklists;           // of domains
  std::vector<std::string> reach_domains{"gmail.com"};  // whose MX hosts are connected to
  Duration timeout = std::chrono::seconds{10};          // of each connection
};

struct Config {
  Node node;
  Admin admin;
  Dns dns;
  Spool spool;
  Events events;
  Accounting accounting;
  Classify classify;
  ProviderFiles provider_files;  // "providers"
  Headers headers;
  Pickup pickup;
  Auth auth;
  Feedback feedback;
  Suppression suppression;
  Preflight preflight;
  Unsubscribe unsubscribe;
  Timeouts timeouts;
  Client client;
  Tls tls;
  TlsReport tls_report;
  Defaults defaults;
  std::vector<Limit> limits;        // "limit"
  std::vector<ActionRule> actions;  // "action"
  std::vector<PathRule> paths;      // "path"
  std::vector<Listener> listeners;
  std::vector<Vmta> vmtas;
  std::vector<Pool> pools;
  std::vector<Warmup> warmups;
  std::vector<Dkim> dkim;
  std::vector<Stream> streams;  // in the file's order: the first whose match fits takes a message
  std::vector<Domain> domains;
  std::vector<Provider> providers;
  std::string fallback_stream;  // takes what fits no match: "default", else the first without match, else the last

  // nullptr when there is none of that name. Linear: for set-up, not for each message.
  [[nodiscard]] const Vmta* find_vmta(std::string_view name) const;
  [[nodiscard]] const Pool* find_pool(std::string_view name) const;
  [[nodiscard]] const Stream* find_stream(std::string_view name) const;
  // The key signs nothing but reports of TLS: those have a stream of their own, and the key is only its.
  [[nodiscard]] bool is_for_tls_reports(const Dkim& key) const;
};

}  // namespace penstock::config
