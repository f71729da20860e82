// SPDX-License-Identifier: Apache-2.0
// The fetcher against an HTTPS server on the loopback that gives one answer.
#include "mtasts/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/fake_resolver.h"
#include "dns/test/run_task.h"
#include "mtasts/test/make_policy.h"
#include "net/listener.h"
#include "net/stream.h"
#include "net/test/certificates.h"

namespace penstock::mtasts {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class FetcherTest : public ::testing::Test {
 protected:
  FetcherTest() {
    certificates_.add("mta-sts.a.example");
    certificates_.add("mta-sts.old.example", -7200, -3600);
    for (const char* domain : {"a.example", "b.example", "old.example"}) {
      dns_.a("mta-sts." + std::string(domain), {"127.0.0.1"});
    }
  }
  void serve(const std::string& host, std::string head, std::string body) {
    answer_ = std::move(head) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    context_ = *net::TlsContext::server({certificates_.certificate(host), certificates_.key(host), ""});
    listener_ = std::make_unique<net::Listener>(
        shards_, *net::parse_endpoint("127.0.0.1:0"), "https",
        [this](std::unique_ptr<net::Stream> stream) { return talk(*this, std::move(stream)); });
    ASSERT_TRUE(listener_->open());
    listener_->start();
    const std::string bound = net::format_endpoint(listener_->endpoint());
    port_ = static_cast<std::uint16_t>(std::stoi(bound.substr(bound.rfind(':') + 1)));
  }
  static net::Task<> talk(FetcherTest& self, std::unique_ptr<net::Stream> stream) {
    const auto shaken = co_await stream->accept_tls(self.context_, 5s);
    if (!shaken) co_return;
    std::array<char, 4096> buffer{};
    const net::Io got = co_await stream->read_some(buffer, 5s);
    self.heard_.assign(buffer.data(), got.bytes);
    co_await stream->write(std::string_view(self.answer_), 5s);
  }
  FetchResult fetch(const std::string& domain) {
    FetchOptions options;
    options.tls = *net::TlsContext::client(certificates_.ca_file());
    options.port = port_;
    options.private_hosts = private_hosts_;
    Fetcher fetcher(dns_, std::move(options));
    return dns::run(shards_[0], fetcher.fetch(shards_[0], domain));
  }
  void expect_trouble(const std::string& domain, std::string_view kind, const std::string& words) {
    const FetchResult got = fetch(domain);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, kind);
    EXPECT_THAT(got.error().words, HasSubstr(words));
  }
  static constexpr const char* kPlain = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8";

  net::Certificates certificates_;
  dns::FakeResolver dns_;
  net::TlsContextPtr context_;
  std::string answer_, heard_;
  std::uint16_t port_ = 1;
  bool private_hosts_ = true;
  net::ShardSet shards_{1};
  std::unique_ptr<net::Listener> listener_;
};

TEST_F(FetcherTest, PolicyIsRead) {
  serve("mta-sts.a.example", kPlain, policy_text(48h));
  const FetchResult got = fetch("a.example");
  ASSERT_TRUE(got) << got.error().words;
  EXPECT_EQ(got->policy.mode, tlspolicy::StsMode::Enforce);
  EXPECT_EQ(got->text, policy_text(48h));
  EXPECT_THAT(heard_, HasSubstr("GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.a.example\r\n"));
}

// The domain is a stranger's: he must not have us knock at doors of our own network.
TEST_F(FetcherTest, HostsAtPrivateAddressesAreNotAsked) {
  serve("mta-sts.a.example", kPlain, policy_text(48h));
  private_hosts_ = false;
  expect_trouble("a.example", "sts-policy-fetch-error", "no public address");
  EXPECT_EQ(heard_, "");
}

TEST_F(FetcherTest, CertificateOfAnotherHostIsRefused) {
  serve("mta-sts.a.example", kPlain, policy_text(48h));
  expect_trouble("b.example", "sts-webpki-invalid", "mismatch");
  EXPECT_EQ(heard_, "");
}

TEST_F(FetcherTest, ExpiredCertificateIsRefused) {
  serve("mta-sts.old.example", kPlain, policy_text(48h));
  expect_trouble("old.example", "sts-webpki-invalid", "expired");
}

TEST_F(FetcherTest, RedirectIsNotFollowed) {
  serve("mta-sts.a.example", "HTTP/1.1 302 Found\r\nContent-Type: text/plain\r\nLocation: https://mta-sts.a.example/",
        policy_text(48h));
  expect_trouble("a.example", "sts-policy-fetch-error", "302");
}

TEST_F(FetcherTest, OtherMediaTypeIsNoPolicy) {
  serve("mta-sts.a.example", "HTTP/1.1 200 OK\r\nContent-Type: text/html", policy_text(48h));
  expect_trouble("a.example", "sts-policy-invalid", "text/plain");
}

TEST_F(FetcherTest, UnreadablePolicyIsNone) {
  serve("mta-sts.a.example", kPlain, "version: STSv1\nmode: perhaps\n");
  expect_trouble("a.example", "sts-policy-invalid", "mode");
}

TEST_F(FetcherTest, LargePolicyIsNotReadToItsEnd) {
  serve("mta-sts.a.example", kPlain, std::string(100'000, 'x'));
  expect_trouble("a.example", "sts-policy-fetch-error", "too large");
}

TEST_F(FetcherTest, NobodyThere) {
  expect_trouble("a.example", "sts-policy-fetch-error", "mta-sts.a.example");
  expect_trouble("c.example", "sts-policy-fetch-error", "no address of mta-sts.c.example");
}

}  // namespace
}  // namespace penstock::mtasts
