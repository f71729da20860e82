// SPDX-License-Identifier: Apache-2.0
// The node itself: where it keeps things, how it is watched.
#include "config/addresses.h"
#include "config/rules.h"
#include "config/schema.h"
#include "config/table_reader.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using enum Apply;

const Section& stub_section() {
  static const Section section =
      SectionBuilder<DnsStub>("stub of [dns]")
          .required("zone", &DnsStub::zone, domain(), Restart, "The zone; it and everything below is asked there.")
          .required("server", &DnsStub::server, endpoint({Host::AddressOnly, UnixSocket::Refused, 53}), Restart,
                    "The server that is asked, and no other.")
          .add("dnssec", &DnsStub::dnssec, flag(), Restart,
               "Answers are validated from a key in trust_anchor_file; else the zone is taken as unsigned.")
          .build();
  return section;
}

}  // namespace

const Section& node_section() {
  static const Section section =
      SectionBuilder<Node>("[node]")
          .add("name", &Node::name, domain(), Live,
               "This machine's name in banners, Received lines, Message-IDs and events.", "the machine's host name")
          .add("data_dir", &Node::data_dir, absolute_path(), Restart, "The folder for everything that is kept.")
          .add("shards", &Node::shards, number(0, 256), Restart, "Threads that carry mail; 0: one per core.")
          .add("log_level", &Node::log_level,
               word<log::Level>({{"debug", log::Level::Debug},
                                 {"info", log::Level::Info},
                                 {"warn", log::Level::Warn},
                                 {"error", log::Level::Error}}),
               Live, "The least important lines that are logged.")
          .add("stop_limit", &Node::stop_limit, span(1s, 1h), Live,
               "When told to stop: how long mail in flight may take to finish.")
          .add("user", &Node::user, any_text(64), Restart,
               "Started by root, the daemon becomes this user once its ports are bound.", "stays who it is")
          .add("group", &Node::group, any_text(64), Restart, "And this group.", "the user's own")
          .add("core_dumps", &Node::core_dumps, flag(), Restart,
               "Let a crash leave a core file. It holds keys, passwords and mail.")
          .build();
  return section;
}

const Section& admin_section() {
  static const Section section =
      SectionBuilder<Admin>("[admin]")
          .add("socket", &Admin::socket, absolute_path(), Restart, "The unix socket of the admin API, for `penstock`.")
          .add("mode", &Admin::mode, file_mode(), Restart, "File mode of the socket: who may steer the daemon.")
          .add("metrics", &Admin::metrics, optional_of(endpoint({Host::AddressOnly})), Restart,
               "A TCP address that serves /metrics for Prometheus, without a password.", "off")
          .build();
  return section;
}

const Section& dns_section() {
  static const Section section =
      SectionBuilder<Dns>("[dns]")
          .add("upstream", &Dns::upstream,
               list_of(endpoint({Host::AddressOnly, UnixSocket::Refused, 53}), "list of endpoints", 16), Restart,
               "Resolvers to ask.", "those of resolv_conf")
          .add("resolv_conf", &Dns::resolv_conf, absolute_path(), Restart, "The system's list of resolvers.")
          .add("stub", &Dns::stub, tables_of<DnsStub>(stub_section(), "list of tables", 256), Restart,
               "Zones that are asked of one server.")
          .containing<DnsStub>(stub_section())
          .add("trust_anchor_file", &Dns::trust_anchor_file, absolute_path(), Restart,
               "Keys (DS or DNSKEY, usually the root's) in zone file form; with them answers are validated (DNSSEC).",
               "/usr/share/dns/root.key where it is there")
          .add("timeout", &Dns::timeout, span(1s, 2min), Restart, "The longest a look-up takes; then it is a deferral.")
          .add("nxdomain_confirmations", &Dns::nxdomain_confirmations, number(1, 10), Live,
               "A recipient bounces when so many attempts in a row found that its domain does not exist.")
          .add("ttl_min", &Dns::ttl_min, span(0s, 1h), Restart, "Answers are kept at least this long.")
          .add("ttl_max", &Dns::ttl_max, span(1s, 7 * 24h), Restart, "Answers are kept at most this long.")
          .add("negative_ttl_max", &Dns::negative_ttl_max, span(1s, 24h), Restart,
               "\"No such name\" is kept at most this long (RFC 2308).")
          .add("failure_ttl", &Dns::failure_ttl, span(1s, 5min), Restart,
               "A failed look-up is not repeated for this long.")
          .add("cache_size", &Dns::cache_bytes, size(kMiB, 16 * kGiB), Restart, "Memory of the resolver's own cache.")
          .add("cache_answers", &Dns::cache_answers, number(100, 10'000'000), Restart,
               "Answers that each shard keeps; one takes about 600 bytes.")
          .add("cache_routes", &Dns::cache_routes, number(100, 10'000'000), Restart,
               "Domains whose hosts each shard keeps.")
          .build();
  return section;
}

const Section& spool_section() {
  static const Section section =
      SectionBuilder<Spool>("[spool]")
          .add("dir", &Spool::dir, absolute_path(), Restart, "The folder for accepted mail; best on a disk of its own.",
               "data_dir/spool")
          .add("segment_size", &Spool::segment_bytes, size(64 * kKiB, 4 * kGiB), Restart,
               "Size of a file of the spool; a message must fit in one.")
          .add("free_floor", &Spool::free_floor_bytes, size(0, 16 * kTiB), Restart,
               "Mail is refused with 452 rather than leave less than this free on the disk.")
          .add("cache_size", &Spool::cache_bytes, size(0, kTiB), Restart,
               "Memory for messages that wait for their first attempt.")
          .add("compact_below", &Spool::compact_below, decimal(0, 0.9), Restart,
               "Files of which a smaller share is still needed are copied together.")
          .add("compact_rate", &Spool::compact_bytes_per_second, size_per_second(kMiB, 64 * kGiB), Restart,
               "The most that is copied so.")
          .add("spare_segments", &Spool::spare_segments, number(0, 64), Restart, "Files made ready beforehand.")
          .add("flush_interval", &Spool::flush_interval, span(1ms, 10s), Restart,
               "The longest that a finished recipient waits to be written down; a crash attempts it again.")
          .build();
  return section;
}

const Section& events_section() {
  static const Section section =
      SectionBuilder<Events>("[events]")
          .add("dir", &Events::dir, absolute_path(), Restart, "The folder of the event log.", "data_dir/events")
          .add("segment_size", &Events::segment_bytes, size(kMiB, 4 * kGiB), Restart,
               "A file of the log is sealed and compressed when it is this large,")
          .add("seal_age", &Events::seal_age, span(1min, 7 * 24h), Restart, "or this old.")
          .add("keep_age", &Events::keep_age, span(1h, 3650 * 24h), Restart, "Sealed files are removed when this old,")
          .add("keep_size", &Events::keep_bytes, size(16 * kMiB, 64 * kTiB), Restart,
               "or, the oldest first, when all together take more than this.")
          .build();
  return section;
}

const Section& accounting_section() {
  static const Section section =
      SectionBuilder<Accounting>("[accounting]")
          .add("enabled", &Accounting::enabled, flag(), Restart, "Write accounting files (CSV, PowerMTA's columns).")
          .add("dir", &Accounting::dir, absolute_path(), Restart, "The folder they are written to.",
               "data_dir/accounting")
          .add("rotate_size", &Accounting::rotate_bytes, size(kMiB, kTiB), Restart,
               "The next file begins when one is this large,")
          .add("rotate_every", &Accounting::rotate_every, span(1min, 7 * 24h), Restart, "or this old.")
          .add("keep_age", &Accounting::keep_age, span(1h, 3650 * 24h), Restart, "Files are removed when this old.")
          .build();
  return section;
}

}  // namespace penstock::config
