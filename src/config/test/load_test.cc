// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test/fake_surroundings.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The two files that settle the key names, as written there.
constexpr const char* kRelayEverything = R"(# relay everything to one host: the smallest useful file
[node]
name = "mta1"
data_dir = "/var/lib/penstock"
[admin]
socket = "/run/penstock/admin.sock"
[[listener]]
address = "127.0.0.1:2525"
relay_from = ["127.0.0.0/8"]
[[vmta]]
name = "v1"
source = ["127.0.0.1"]
ehlo = "mta1.example.com"
[[pool]]
name = "main"
members = [{ vmta = "v1", weight = 1 }]
[[stream]]
name = "default"
pool = "main"
route = { relay = ["127.0.0.2:2599"] }
)";
constexpr const char* kTwoKinds = R"(# two kinds of mail kept apart, delivered by MX
[dns]
stub = [{ zone = "test", server = "127.0.0.53:5353" }]      # optional; default: the system's resolvers
[[stream]]
name = "marketing"
pool = "marketing"
priority = "bulk"                                            # "urgent", "normal", "bulk"
match = { header = { "X-Campaign-Type" = "newsletter" } }    # or sender, listener, AUTH user, HTTP field
retry = { schedule = ["5m", "15m", "45m", "2h", "4h"], expire = "3d" }
window = { days = "mon-sun", hours = "08:00-22:00", zone = "Europe/Berlin" }
dsn = "off"
route = "mx"
[[domain]]
name = "slow.example"
connections = 2
messages_per_connection = 20
message_rate = "10/s"
)";
constexpr const char* kSmallest = R"([[listener]]
relay_from = "127.0.0.1"
[[vmta]]
name = "v1"
[[pool]]
name = "main"
members = [{ vmta = "v1" }]
[[stream]]
name = "default"
pool = "main"
)";

Loaded load(std::string_view text, const FakeSurroundings& surroundings = {}) {
  return load_text(text, "/etc/p/penstock.toml", surroundings);
}
std::vector<std::string> lines(const Loaded& loaded) {
  std::vector<std::string> all;
  for (const Problem& problem : loaded.problems) all.push_back(format_problem(problem));
  return all;
}
const Setting* find(const Loaded& loaded, std::string_view key) {
  for (const Setting& setting : loaded.settings) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

TEST(LoadConfig, SmallestFileOfTheReadmeLoadsAsWritten) {
  const Loaded loaded = load(kRelayEverything);
  ASSERT_THAT(lines(loaded), IsEmpty());
  const Config& config = *loaded.config;
  EXPECT_EQ(config.node.name, "mta1");
  EXPECT_EQ(config.spool.dir, "/var/lib/penstock/spool");
  ASSERT_EQ(config.listeners.size(), 1U);
  EXPECT_EQ(config.listeners[0].name, "127.0.0.1:2525");
  EXPECT_EQ(config.listeners[0].address, (Endpoint{"127.0.0.1", 2525, ""}));
  EXPECT_TRUE(contains(config.listeners[0].relay_from, *IpAddress::parse("127.9.9.9")));
  EXPECT_EQ(config.vmtas.at(0).source_v4, IpAddress::parse("127.0.0.1"));
  EXPECT_FALSE(config.vmtas[0].source_v6);
  EXPECT_EQ(config.pools.at(0).members.at(0).vmta, "v1");
  EXPECT_EQ(config.streams.at(0).route, (Route{Route::Kind::Relay, {{"127.0.0.2", 2599, ""}}}));
  EXPECT_EQ(config.streams[0].dsn_sender, "mailer-daemon@mta1");
  EXPECT_EQ(config.fallback_stream, "default");
}

TEST(LoadConfig, TwoKindsOfMailLoadWithThePoolDeclared) {
  const std::string pool = "[[pool]]\nname = \"marketing\"\nmembers = [{ vmta = \"v1\", weight = 1 }]\n";
  const Loaded loaded = load(std::string(kRelayEverything) + pool + kTwoKinds);
  ASSERT_THAT(lines(loaded), IsEmpty());
  const Config& config = *loaded.config;
  ASSERT_EQ(config.streams.size(), 2U);
  const Stream& stream = config.streams[1];
  EXPECT_EQ(stream.priority, Priority::Bulk);
  EXPECT_THAT(stream.match.header, ElementsAre(std::pair<std::string, std::string>("X-Campaign-Type", "newsletter")));
  EXPECT_THAT(stream.retry.schedule,
              ElementsAre(Duration(5min), Duration(15min), Duration(45min), Duration(2h), Duration(4h)));
  EXPECT_EQ(stream.retry.expire, Duration(72h));
  EXPECT_EQ(stream.window.zone, "Europe/Berlin");
  EXPECT_EQ(stream.dsn, DsnPolicy::Off);
  EXPECT_EQ(stream.route.kind, Route::Kind::Mx);
  EXPECT_EQ(config.domains.at(0).limits.connections, 2U);
  EXPECT_EQ(config.domains[0].limits.message_rate, (Rate{10, 1s}));
  EXPECT_EQ(config.dns.stub.at(0).server.port, 5353);
  EXPECT_EQ(config.fallback_stream, "default");
}

TEST(LoadConfig, TwoKindsOfMailAloneGoOutAsThisMachine) {
  const Loaded loaded = load(kTwoKinds);
  EXPECT_THAT(lines(loaded), ElementsAre(testing::HasSubstr("no mail can come in")));  // a warning
  ASSERT_TRUE(loaded.config);
  ASSERT_EQ(loaded.config->vmtas.size(), 1U);
  const Vmta& vmta = loaded.config->vmtas[0];
  EXPECT_EQ(vmta.name, "default");
  EXPECT_FALSE(vmta.source_v4 || vmta.source_v6);
  EXPECT_EQ(vmta.ehlo, "host.example");
  ASSERT_EQ(loaded.config->pools.size(), 1U);
  EXPECT_EQ(loaded.config->pools[0].name, "marketing");
  EXPECT_EQ(loaded.config->pools[0].members.at(0).vmta, "default");
}

TEST(LoadConfig, PoolThatIsNotDeclaredIsAMistakeWhereOthersAre) {
  const Loaded loaded = load(std::string(kRelayEverything) + kTwoKinds);
  EXPECT_EQ(loaded.config, nullptr);
  EXPECT_THAT(lines(loaded), testing::Contains(testing::HasSubstr("pool \"marketing\" of stream \"marketing\" is not "
                                                                  "declared; declare it with [[pool]]")));
}

TEST(LoadConfig, SmallestFileLetsNobodyButThisMachineRelay) {
  const Loaded loaded = load(kSmallest);
  ASSERT_TRUE(loaded.config) << lines(loaded).front();
  const Listener& listener = loaded.config->listeners.at(0);
  EXPECT_TRUE(IpAddress::parse(listener.address.host)->is_loopback());
  EXPECT_FALSE(contains(listener.relay_from, *IpAddress::parse("192.0.2.1")));
  EXPECT_EQ(loaded.config->node.name, "host.example");
  EXPECT_EQ(listener.hostname, "host.example");
  EXPECT_EQ(loaded.config->vmtas.at(0).ehlo, "host.example");
}

TEST(LoadConfig, HostNameThatIsNoneBecomesLocalhost) {
  FakeSurroundings surroundings;
  surroundings.host = "(none)";
  EXPECT_EQ(load(kSmallest, surroundings).config->node.name, "localhost");
}

TEST(LoadConfig, EveryMistakeIsReportedInTheFilesOrder) {
  const Loaded loaded = load(std::string(kSmallest) + "[defaults]\nconections = 1\nmessage_rate = 5\n[spol]\n");
  EXPECT_THAT(lines(loaded),
              ElementsAre(HasSubstr(":12:1: unknown key \"conections\" in [defaults]; did you mean \"connections\"?"),
                          HasSubstr(":13:16: message_rate must be a rate"),
                          HasSubstr("unknown table \"spol\"; did you mean \"spool\"?")));
  EXPECT_EQ(loaded.config, nullptr);
  EXPECT_THAT(loaded.settings, IsEmpty());
}

TEST(LoadConfig, ManyMistakesAreCutShort) {
  std::string text = kSmallest;
  for (int i = 0; i < 150; ++i) text += "zz" + std::to_string(i) + "_" + std::to_string(i * 37) + " = 1\n";
  const Loaded loaded = load(text);
  ASSERT_EQ(loaded.problems.size(), 101U);
  EXPECT_EQ(loaded.problems.back().message, "50 more problems are not shown");
}

TEST(LoadConfig, FilesThatAreIncludedAddUp) {
  FakeSurroundings surroundings;
  surroundings.files["/etc/p/conf.d/a.toml"] =
      "[[domain]]\nname = \"a.example\"\nconnections = 1\n[node]\nshards = 3\n";
  surroundings.files["/etc/p/conf.d/b.toml"] = "[[domain]]\nname = \"B.example\"\nconnections = 2\n";
  const Loaded loaded =
      load(std::string("include = [\"conf.d/*.toml\"]\n[node]\nname = \"x\"\n") + kSmallest, surroundings);
  ASSERT_THAT(lines(loaded), IsEmpty());
  ASSERT_EQ(loaded.config->domains.size(), 2U);
  EXPECT_EQ(loaded.config->domains[1].name, "b.example");
  EXPECT_EQ(find(loaded, "node.shards")->origin, "/etc/p/conf.d/a.toml:5");
  EXPECT_EQ(find(loaded, "node.name")->origin, "/etc/p/penstock.toml:3");
}

TEST(LoadConfig, KeyGivenInTwoFilesNamesBothPlaces) {
  FakeSurroundings surroundings;
  surroundings.files["/etc/p/more.toml"] = "[node]\nshards = 3\n";
  const Loaded loaded = load(std::string("include = \"more.toml\"\n[node]\nshards = 1\n") + kSmallest, surroundings);
  EXPECT_THAT(lines(loaded), ElementsAre("/etc/p/more.toml:2:1: node.shards is given twice; the first is at "
                                         "/etc/p/penstock.toml:3; keep one of them"));
}

TEST(LoadConfig, FileThatIncludesItselfIsReadOnce) {
  FakeSurroundings surroundings;
  surroundings.files["/etc/p/penstock.toml"] = "[[[";
  surroundings.files["/etc/p/b.toml"] = "include = \"./penstock.toml\"\n";
  EXPECT_TRUE(load(std::string("include = [\"b.toml\", \"*.toml\"]\n") + kSmallest, surroundings).config);
}

TEST(LoadConfig, IncludesThatGoTooDeepAreRefused) {
  FakeSurroundings surroundings;
  for (int i = 1; i < 12; ++i) {
    surroundings.files["/etc/p/" + std::to_string(i)] = "include = \"" + std::to_string(i + 1) + "\"\n";
  }
  EXPECT_THAT(lines(load(std::string("include = \"1\"\n") + kSmallest, surroundings)),
              ElementsAre(HasSubstr("/etc/p/8:1:11: includes are more than 8 deep")));
}

TEST(LoadConfig, BadTomlOfOneFileHidesNoMistakeOfAnother) {
  FakeSurroundings surroundings;
  surroundings.files["/etc/p/a.toml"] = "[node\n";
  const Loaded loaded = load("include = \"a.toml\"\n[spool]\nsize = 1\n", surroundings);
  EXPECT_THAT(lines(loaded), ElementsAre(HasSubstr("penstock.toml:3:1: unknown key \"size\""),
                                         HasSubstr("/etc/p/a.toml:1:6: not TOML:")));
}

TEST(LoadConfig, FileThatIsNotThereIsOneProblem) {
  const Loaded loaded = load_file("/nowhere/penstock.toml");
  EXPECT_EQ(loaded.config, nullptr);
  EXPECT_THAT(lines(loaded), ElementsAre(HasSubstr("/nowhere/penstock.toml: cannot be read: ")));
  EXPECT_THAT(lines(load_file("/dev")), ElementsAre("/dev: cannot be read: not a regular file"));
}

TEST(LoadConfig, ShippedFileLoadsAndIsNoOpenRelay) {
  const Loaded loaded = load_file(std::string(PENSTOCK_SOURCE_DIR) + "/conf/penstock.toml");
  ASSERT_TRUE(loaded.config) << lines(loaded).front();
  EXPECT_THAT(lines(loaded), IsEmpty());
  for (const Listener& listener : loaded.config->listeners) {
    EXPECT_TRUE(IpAddress::parse(listener.address.host)->is_loopback());
    EXPECT_TRUE(listener.relay_domains.empty());
    for (const IpNetwork& network : listener.relay_from) EXPECT_TRUE(network.address.is_loopback());
  }
  EXPECT_FALSE(loaded.config->admin.metrics);
}

TEST(LoadConfig, SettingsSayValueOriginAndRestart) {
  const Loaded loaded =
      load(std::string(kSmallest) + "retry = { expire = \"48h\" }\n[admin]\nmetrics = \"[::1]:9464\"\n");
  ASSERT_TRUE(loaded.config);
  const Setting* expire = find(loaded, "stream.default.retry.expire");
  ASSERT_TRUE(expire);
  EXPECT_EQ(expire->value, "\"2d\"");
  EXPECT_EQ(expire->origin, "/etc/p/penstock.toml:11");
  EXPECT_FALSE(expire->needs_restart);
  EXPECT_EQ(find(loaded, "admin.metrics")->value, "\"[::1]:9464\"");
  EXPECT_TRUE(find(loaded, "admin.metrics")->needs_restart);
  EXPECT_EQ(find(loaded, "spool.dir")->origin, "default");
  EXPECT_EQ(find(loaded, "defaults.connections")->value, "20");
  EXPECT_EQ(find(loaded, "defaults.connection_rate"), nullptr);
  EXPECT_EQ(find(loaded, "pool.main.members")->value, "[{ vmta = \"v1\", weight = 1 }]");
  EXPECT_EQ(find(loaded, "headers.campaign")->value, "[\"X-Penstock-Campaign\", \"X-Job\"]");
}

TEST(LoadConfig, SettingsReadBackAsTheSameConfiguration) {
  const std::string pool = "[[pool]]\nname = \"marketing\"\nmembers = [{ vmta = \"v1\", weight = 1 }]\n";
  const Loaded first = load(std::string(kRelayEverything) + pool + kTwoKinds);
  ASSERT_TRUE(first.config);
  // Each entry's keys follow one another, and its name or address comes first.
  std::string text;
  std::string last;
  for (const Setting& setting : first.settings) {
    const std::string table = setting.key.substr(0, setting.key.find('.'));
    const bool is_list = table == "listener" || table == "vmta" || table == "pool" || table == "stream" ||
                         table == "domain" || table == "provider";
    if (setting.key.starts_with("listener.") && setting.key.ends_with(".name")) continue;
    std::string entry = table;
    std::string key = setting.key.substr(table.size() + 1);
    if (is_list) {
      const std::string name = table == "listener"               ? "127.0.0.1:2525"
                               : key.starts_with("slow.example") ? "slow.example"
                                                                 : key.substr(0, key.find('.'));
      entry += "." + name;
      key = key.substr(name.size() + 1);
    }
    if (entry != last) text += is_list ? "[[" + table + "]]\n" : "[" + table + "]\n";
    last = entry;
    text += key + " = " + setting.value + "\n";
  }
  const Loaded second = load(text);
  ASSERT_THAT(lines(second), IsEmpty()) << text;
  EXPECT_THAT(compare(*first.config, *second.config), IsEmpty());
}

TEST(CompareConfig, ChangedKeysSayWhetherTheyNeedARestart) {
  const Loaded before = load(kSmallest);
  const Loaded after = load(std::string(kSmallest) +
                            "dsn = \"off\"\n[node]\nshards = 2\n[[domain]]\nname = \"a.example\"\nconnections = 3\n");
  ASSERT_TRUE(before.config && after.config);
  std::vector<std::string> changes;
  for (const Change& change : compare(*before.config, *after.config)) {
    changes.push_back(change.key + ": " + change.before + " -> " + change.after + (change.needs_restart ? " !" : ""));
  }
  EXPECT_THAT(changes, ElementsAre("node.shards: 0 -> 2 !", "stream.default.dsn: \"on\" -> \"off\"",
                                   "domain.a.example.name:  -> \"a.example\"", "domain.a.example.connections:  -> 3"));
  EXPECT_THAT(compare(*after.config, *after.config), IsEmpty());
  EXPECT_EQ(compare(*after.config, *before.config).back().after, "");
}

TEST(CompareConfig, OrderOfStreamsIsAChange) {
  const std::string one = "[[stream]]\nname = \"a\"\npool = \"main\"\n";
  const std::string two = "[[stream]]\nname = \"b\"\npool = \"main\"\n";
  const Loaded before = load(kSmallest + one + two);
  const Loaded after = load(kSmallest + two + one);
  const auto changes = compare(*before.config, *after.config);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].key, "stream");
  EXPECT_EQ(changes[0].after, "[\"default\", \"b\", \"a\"]");
}

TEST(FallbackStream, IsDefaultOrTheFirstWithoutMatchOrTheLast) {
  const std::string head = std::string(kSmallest).substr(0, std::string(kSmallest).find("[[stream]]"));
  const auto stream = [](const std::string& name, bool matches) {
    return "[[stream]]\nname = \"" + name + "\"\npool = \"main\"\n" +
           (matches ? "match = { sender = \"@x.example\" }\n" : "");
  };
  EXPECT_EQ(load(head + stream("a", false) + stream("default", true)).config->fallback_stream, "default");
  EXPECT_EQ(load(head + stream("a", true) + stream("b", false) + stream("c", false)).config->fallback_stream, "b");
  EXPECT_EQ(load(head + stream("only", true)).config->fallback_stream, "only");
}

TEST(LoadConfig, PathRulesAndActionsAreReadAndShown) {
  const Loaded loaded = load(std::string(kSmallest) + R"([[path]]
vmta = "v1"
provider = "gmail"
stream = "default"
tls = "require"
connections = 3
[[action]]
name = "campaign-doubted"
what = "slow"
classes = "spam-content"
per = ["campaign"]
length = "off"
)");
  ASSERT_THAT(lines(loaded), IsEmpty());
  ASSERT_EQ(loaded.config->paths.size(), 1U);
  EXPECT_EQ(loaded.config->paths[0].limits.connections, 3U);
  ASSERT_EQ(loaded.config->actions.size(), 1U);
  EXPECT_EQ(loaded.config->actions[0].length, Duration::zero());
  EXPECT_EQ(loaded.config->paths[0].stream, "default");
  EXPECT_EQ(loaded.config->paths[0].tls, TlsLevel::Require);
  ASSERT_NE(find(loaded, "path.1.connections"), nullptr);
  ASSERT_NE(find(loaded, "action.campaign-doubted.what"), nullptr);
  EXPECT_EQ(find(loaded, "action.campaign-doubted.what")->value, "\"slow\"");
}

TEST(LoadConfig, LimitOnWhatNothingOfOursHasIsWarnedOf) {
  const Loaded loaded = load(std::string(kSmallest) + R"([[vmta]]
name = "v2"
source = "192.0.2.10"
[[limit]]
name = "a"
source_ip = "192.0.2.1"
connections = 3
[[limit]]
name = "b"
dkim_domain = "news.example"
connections = 3
[[limit]]
name = "c"
vmta = "v2"
connections = 3
[[limit]]
name = "d"
source_ip = "*"
connections = 3
)");
  EXPECT_THAT(lines(loaded),
              ElementsAre(HasSubstr("source_ip \"192.0.2.1\" is the source of no vMTA; did you mean \"192.0.2.10\"?"),
                          HasSubstr("dkim_domain \"news.example\" is declared by no [[dkim]]; it never holds as it is"),
                          HasSubstr("vmta \"v2\" is in no pool")));
  for (const Problem& problem : loaded.problems) EXPECT_FALSE(problem.is_error);
}

TEST(LoadConfig, TwoVmtasOfOneAddressAreWarnedOf) {
  const Loaded loaded = load(R"([[listener]]
relay_from = "127.0.0.1"
[[vmta]]
name = "v1"
source = "192.0.2.1"
[[vmta]]
name = "v2"
source = ["192.0.2.1", "2001:db8::1"]
[[vmta]]
name = "v3"
source = "192.0.2.1"
enabled = false
[[pool]]
name = "main"
members = [{ vmta = "v1" }, { vmta = "v2" }]
[[stream]]
name = "default"
pool = "main"
)");
  EXPECT_THAT(lines(loaded), ElementsAre(HasSubstr("vmta \"v1\" sends from 192.0.2.1 too")));
  EXPECT_FALSE(loaded.problems[0].is_error);
}

}  // namespace
}  // namespace penstock::config
