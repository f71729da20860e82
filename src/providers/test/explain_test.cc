// SPDX-License-Identifier: Apache-2.0
#include "providers/explain.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock::providers {
namespace {

Catalog one_file() {
  ProviderData data;
  data.file = "big.toml";
  data.provider.name = "big";
  data.provider.limits = {.connections = 20, .connections_floor = 2, .connections_start = 5};
  data.postmaster = "https://big.example/help";
  data.facts["connections"] = {"https://big.example/limits", Standing::Published, "Per address.", {}};
  data.facts["postmaster"] = {"https://big.example/", Standing::Quoted, "", {}};
  return Catalog({data});
}

Explained row(const std::vector<Explained>& rows, const std::string& key) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Explained& one) { return one.key == key; });
  return found == rows.end() ? Explained{} : *found;
}

TEST(Explain, ProviderFileNamesReferenceAndStanding) {
  const auto rows = explain({}, one_file(), {.provider = "big"});
  const Explained connections = row(rows, "connections");
  EXPECT_EQ(connections.value, "20");
  EXPECT_EQ(connections.origin, "provider file big.toml");
  EXPECT_EQ(connections.reference, "https://big.example/limits");
  EXPECT_EQ(connections.standing, "published");
  EXPECT_EQ(connections.note, "Per address.");
  EXPECT_EQ(row(rows, "connections_start").value, "5");
  EXPECT_EQ(row(rows, "messages_per_connection").origin, "[defaults], not changed");
  EXPECT_EQ(row(rows, "connection_rate").value, "");
  EXPECT_EQ(row(rows, "connection_rate").origin, "nobody sets it");
  EXPECT_EQ(row(rows, "postmaster").value, "https://big.example/help");
  EXPECT_EQ(row(rows, "postmaster").standing, "quoted");
}

TEST(Explain, MessagesPerConnectionAreARangeLikeTheOthers) {
  ProviderData data;
  data.file = "big.toml";
  data.provider.name = "big";
  data.provider.limits = {
      .messages_per_connection = 200, .messages_per_connection_floor = 10, .messages_per_connection_start = 50};
  data.facts["messages_per_connection"] = {"https://big.example/limits", Standing::Practice, "", {}};
  config::Config config;
  config.domains.emplace_back();
  config.domains[0].name = "a.big.example";
  config.domains[0].limits.messages_per_connection = 20;
  const auto rows = explain(config, Catalog({data}), {.provider = "big", .domain = &config.domains[0]});
  EXPECT_EQ(row(rows, "messages_per_connection").value, "20");
  EXPECT_EQ(row(rows, "messages_per_connection_floor").value, "10");
  EXPECT_EQ(row(rows, "messages_per_connection_floor").standing, "practice");
  EXPECT_EQ(row(rows, "messages_per_connection_start").value, "20");
  EXPECT_EQ(row(rows, "messages_per_connection_start").origin,
            "provider file big.toml, which says 50; brought down to the ceiling");
}

TEST(Explain, NarrowerLayerCounts) {
  config::Config config;
  config::Provider own;
  own.name = "big";
  own.limits.connections = 12;
  own.limits.message_rate = {9, std::chrono::seconds{1}};
  config.providers = {own};
  config::Domain domain;
  domain.name = "*.big.example";
  domain.limits.connections = 3;
  config.domains = {domain};
  const auto rows = explain(config, one_file(), {.provider = "big", .domain = domain_rule(config, "a.big.example")});
  EXPECT_EQ(row(rows, "connections").value, "3");
  EXPECT_EQ(row(rows, "connections").origin, "[[domain]] *.big.example");
  EXPECT_EQ(row(rows, "message_rate").origin, "[[provider]] big");
  EXPECT_EQ(row(rows, "connections_start").value, "3");
  EXPECT_EQ(row(rows, "connections_start").origin, "provider file big.toml, which says 5; brought down to the ceiling");
}

TEST(Explain, TimeoutsAndBackOffNameTheirLayer) {
  ProviderData data = one_file().all()[0];
  data.provider.timeouts = {.mail = std::chrono::seconds{20}, .rcpt = std::chrono::seconds{20}};
  data.provider.backoff = {.connections = 2};
  data.facts["timeouts"] = {"https://big.example/times", Standing::Practice, "", {}};
  config::Config config;
  config.timeouts.quit = std::chrono::seconds{3};
  config::Provider own;
  own.name = "big";
  own.timeouts.rcpt = std::chrono::seconds{40};
  own.backoff.first = std::chrono::hours{3};
  config.providers = {own};
  const auto rows = explain(config, Catalog({data}), {.provider = "big"});
  EXPECT_EQ(row(rows, "timeouts.mail").value, "20s");
  EXPECT_EQ(row(rows, "timeouts.mail").origin, "provider file big.toml");
  EXPECT_EQ(row(rows, "timeouts.mail").reference, "https://big.example/times");
  EXPECT_EQ(row(rows, "timeouts.rcpt").value, "40s");
  EXPECT_EQ(row(rows, "timeouts.rcpt").origin, "[[provider]] big");
  EXPECT_EQ(row(rows, "timeouts.rcpt").reference, "");
  EXPECT_EQ(row(rows, "timeouts.quit").value, "3s");
  EXPECT_EQ(row(rows, "timeouts.quit").origin, "[timeouts]");
  EXPECT_EQ(row(rows, "timeouts.data").origin, "[timeouts], not changed");
  EXPECT_EQ(row(rows, "backoff.connections").value, "2");
  EXPECT_EQ(row(rows, "backoff.connections").origin, "provider file big.toml");
  EXPECT_EQ(row(rows, "backoff.rate").value, "");
  EXPECT_EQ(row(rows, "backoff.rate").origin, "the share counts");
  EXPECT_EQ(row(rows, "backoff.share").value, "0.25");
  EXPECT_EQ(row(rows, "backoff.share").origin, "[defaults], not changed");
  EXPECT_EQ(row(rows, "backoff.longest").value, "3h");
  EXPECT_EQ(row(rows, "backoff.longest").origin, "[defaults], not changed, brought into line with the other length");
}

TEST(Explain, UnknownSiteHasARangeToo) {
  const auto rows = explain({}, one_file(), {});
  EXPECT_EQ(row(rows, "connections").value, "20");
  EXPECT_EQ(row(rows, "connections_floor").origin, "built in for unknown sites");
  const auto fixed = explain({}, one_file(), {.provider = "", .fixed_route = true});
  EXPECT_EQ(row(fixed, "connections_floor").value, "");
}

TEST(Explain, StreamLowersRecipientsPerMessage) {
  config::Stream stream;
  stream.name = "news";
  stream.recipients_per_message = 1;
  EXPECT_EQ(row(explain({}, one_file(), {.provider = "", .stream = &stream}), "recipients_per_message").origin,
            "[[stream]] news");
  stream.recipients_per_message = 5000;
  EXPECT_EQ(row(explain({}, one_file(), {.provider = "", .stream = &stream}), "recipients_per_message").value, "100");
}

TEST(Explain, WhatAProviderNeedsOnlyRaisesTls) {
  ProviderData data = one_file().all()[0];
  data.tls = config::TlsLevel::Require;
  const Catalog catalog({data});
  config::Config config;
  config::Stream stream;
  EXPECT_EQ(row(explain(config, catalog, {.provider = "big"}), "tls").value, "require");
  EXPECT_EQ(row(explain(config, catalog, {.provider = "big"}), "tls").origin, "provider file big.toml");
  EXPECT_EQ(row(explain(config, catalog, {}), "tls").origin, "[tls]");
  stream.tls = config::TlsLevel::Verify;
  EXPECT_EQ(row(explain(config, catalog, {.provider = "big", .stream = &stream}), "tls").value, "verify");
  config::Provider own;
  own.name = "big";
  own.tls = config::TlsLevel::None;
  config.providers = {own};
  EXPECT_EQ(row(explain(config, catalog, {.provider = "big", .stream = &stream}), "tls").value, "none");
}

TEST(DomainRule, ExactNameGoesBeforeTheLongestSuffix) {
  config::Config config;
  for (const char* name : {"*.example", "*.a.example", "b.a.example"}) {
    config::Domain domain;
    domain.name = name;
    config.domains.push_back(domain);
  }
  EXPECT_EQ(domain_rule(config, "b.a.example")->name, "b.a.example");
  EXPECT_EQ(domain_rule(config, "c.a.example")->name, "*.a.example");
  EXPECT_EQ(domain_rule(config, "c.example")->name, "*.example");
  EXPECT_EQ(domain_rule(config, "example"), nullptr);
  EXPECT_EQ(domain_rule(config, "other.test"), nullptr);
}

TEST(Explain, PathRulesStandBetweenProviderAndDomainOrAfterIt) {
  config::Config config;
  config.pools = {{.name = "main", .members = {{.vmta = "v1"}}}};
  config::Domain domain;
  domain.name = "a.big.example";
  domain.limits.recipients_per_message = 7;
  config.domains = {domain};
  config::PathRule wide, narrow, other;
  wide.pool = "main";
  wide.provider = "big";
  wide.limits = {.connections = 3, .recipients_per_message = 9};
  narrow.vmta = "v1";
  narrow.domain = "*.big.example";
  narrow.limits.messages_per_connection = 4;
  wide.timeouts.mail = std::chrono::minutes{2};
  wide.backoff.connections = 2;
  narrow.backoff.connections = 1;
  other.vmta = "v2";
  other.limits.connections = 1;
  config.paths = {wide, narrow, other};
  const Question ask{.provider = "big", .domain = &config.domains[0], .vmta = "v1", .name = "a.big.example"};
  const auto rows = explain(config, one_file(), ask);
  EXPECT_EQ(row(rows, "connections").value, "3");
  EXPECT_EQ(row(rows, "connections").origin, "[[path]] 1");
  EXPECT_EQ(row(rows, "recipients_per_message").origin, "[[domain]] a.big.example");
  EXPECT_EQ(row(rows, "messages_per_connection").origin, "[[path]] 2");
  EXPECT_EQ(row(rows, "timeouts.mail").value, "2m");
  EXPECT_EQ(row(rows, "timeouts.mail").origin, "[[path]] 1");
  EXPECT_EQ(row(rows, "backoff.connections").value, "1");
  EXPECT_EQ(row(rows, "backoff.connections").origin, "[[path]] 2");
  const auto elsewhere =
      explain(config, one_file(), {.provider = "", .vmta = "v1", .site = "mx.x", .name = "x.example"});
  EXPECT_EQ(row(elsewhere, "connections").origin, "[defaults], not changed");
}

TEST(Explain, RulesWithAStreamCountOverAllElseWithinThePathAroundThem) {
  config::Config config;
  config.streams.resize(2);
  config.streams[0].name = "news";
  config.streams[1].name = "other";
  config::Domain domain;
  domain.name = "a.big.example";
  domain.limits.connections = 4;
  config.domains = {domain};
  config::PathRule of_stream, of_both, wide;
  of_stream.stream = "news";
  of_stream.limits = {.connections = 2, .message_rate = {5, std::chrono::seconds{1}}};
  of_stream.timeouts.mail = std::chrono::minutes{3};
  of_both.stream = "news";
  of_both.domain = "a.big.example";
  of_both.limits = {.connections = 9};
  wide.vmta = "v1";
  wide.limits = {.connections = 7, .message_rate = {60, std::chrono::minutes{1}}};
  wide.timeouts.mail = std::chrono::minutes{1};
  config.paths = {of_both, of_stream, wide};
  Question ask{.provider = "big", .stream = &config.streams[0], .vmta = "v1", .name = "x.example"};
  auto rows = explain(config, one_file(), ask);
  EXPECT_TRUE(has_own_path(config, ask));
  EXPECT_EQ(row(rows, "connections").value, "2");
  EXPECT_EQ(row(rows, "connections").origin, "[[path]] 2");
  EXPECT_EQ(row(rows, "timeouts.mail").value, "3m");
  EXPECT_EQ(row(rows, "timeouts.mail").origin, "[[path]] 2");
  EXPECT_EQ(row(rows, "message_rate").value, "60/min") << "one a second is what the path around it has";
  EXPECT_EQ(row(rows, "message_rate").origin, "[[path]] 3, tighter than 5/s from [[path]] 2");
  ask.domain = config.domains.data();
  ask.name = "a.big.example";
  rows = explain(config, one_file(), ask);
  EXPECT_EQ(row(rows, "connections").value, "4");
  EXPECT_EQ(row(rows, "connections").origin, "[[domain]] a.big.example, tighter than 9 from [[path]] 1");
  ask.stream = &config.streams[1];
  rows = explain(config, one_file(), ask);
  EXPECT_FALSE(has_own_path(config, ask));
  EXPECT_EQ(row(rows, "connections").value, "4");
  EXPECT_EQ(row(rows, "timeouts.mail").origin, "[[path]] 3");
}

TEST(Explain, TlsOfPathRulesIsToldWithItsSource) {
  config::Config config;
  config.streams.resize(1);
  config.streams[0].name = "news";
  config.pools = {{.name = "young", .members = {{.vmta = "v1"}}}};
  config::Domain domain;
  domain.name = "a.example";
  domain.tls = config::TlsLevel::Opportunistic;
  config.domains = {domain};
  config::PathRule wide, of_domain, of_stream;
  wide.pool = "young";
  wide.tls = config::TlsLevel::Require;
  of_domain.domain = "*.b.example";
  of_domain.tls = config::TlsLevel::None;
  of_stream.stream = "news";
  of_stream.site = "mx.x";
  of_stream.tls = config::TlsLevel::Verify;
  config.paths = {of_stream, of_domain, wide};
  Question ask{.vmta = "v1", .site = "mx.y", .name = "x.example"};
  const auto word = [&] {
    const Explained said = tls_word(config, one_file(), ask).row;
    return said.value + " by " + said.origin;
  };
  EXPECT_EQ(word(), "require by [[path]] 3");
  ask.domain = config.domains.data();
  EXPECT_EQ(word(), "opportunistic by [[domain]] a.example");
  ask.name = "y.b.example";
  EXPECT_EQ(word(), "none by [[path]] 2");
  ask.stream = config.streams.data();
  EXPECT_EQ(word(), "none by [[path]] 2");
  ask.site = "mx.x";
  EXPECT_EQ(word(), "verify by [[path]] 1");
  EXPECT_FALSE(has_own_path(config, ask)) << "TLS alone needs no path";
  ask = {.vmta = "v2", .site = "mx.y", .name = "x.example"};
  EXPECT_EQ(word(), "opportunistic by [tls]");
}

}  // namespace
}  // namespace penstock::providers
