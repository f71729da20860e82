// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <future>

#include "certificates.h"
#include "net/listener.h"
#include "net/tls_files.h"

using namespace penstock;
using namespace penstock::net;
using namespace std::chrono_literals;

namespace {

struct Heard {
  std::string error;  // of the handshake
  TlsFacts facts;
  std::string echo;
};

Task<> echo_encrypted(std::unique_ptr<Stream> stream, TlsContextPtr context) {
  const auto shaken = co_await stream->accept_tls(context, 5s);
  if (!shaken) co_return;
  std::array<char, 4096> buffer{};
  for (;;) {
    const Io got = co_await stream->read_some(buffer, 5s);
    if (got.bytes == 0) co_return;
    co_await stream->write(std::string_view(buffer.data(), got.bytes), 5s);
  }
}

Task<> never_shake(std::unique_ptr<Stream> stream) {
  std::array<char, 16> buffer{};
  while ((co_await stream->read_some(buffer, 60s)).bytes > 0) {
  }
}

Task<> ask(Shard& shard, Endpoint remote, TlsContextPtr context, TlsAsk wanted, std::string bytes, Duration timeout,
           std::promise<Heard>& done) {
  Heard heard;
  auto stream = co_await connect(shard, remote, "", 5s);
  auto shaken = co_await (*stream)->start_tls(context, std::move(wanted), timeout);
  if (!shaken) {
    heard.error = shaken.error().to_string();
    done.set_value(heard);
    co_return;
  }
  heard.facts = *shaken;
  const std::array<std::string_view, 3> chunks{std::string_view(bytes).substr(0, 1), "",
                                               std::string_view(bytes).substr(1)};
  co_await (*stream)->write(chunks, 5s);
  std::array<char, 4096> buffer{};
  while (heard.echo.size() < bytes.size()) {
    const Io got = co_await (*stream)->read_some(buffer, 5s);
    if (got.bytes == 0) break;
    heard.echo.append(buffer.data(), got.bytes);
  }
  done.set_value(heard);
}

class StreamTls : public testing::Test {
 protected:
  StreamTls() : shards_(1) {
    certificates_.add("mx.test");
    certificates_.add("old.test", -7200, -3600);
    shards_.start();
  }
  void serve(const std::string& host) {
    auto context = TlsContext::server({certificates_.certificate(host), certificates_.key(host), ""});
    ASSERT_TRUE(context) << context.error().to_string();
    listener_ = std::make_unique<Listener>(
        shards_, *parse_endpoint("127.0.0.1:0"), "tls",
        [server = *context](std::unique_ptr<Stream> stream) { return echo_encrypted(std::move(stream), server); });
    ASSERT_TRUE(listener_->open());
    listener_->start();
  }
  Heard hear(TlsAsk wanted, std::string bytes = "hello", Duration timeout = 5s) {
    if (!client_) client_ = *TlsContext::client(certificates_.ca_file());
    std::promise<Heard> done;
    shards_[0].spawn(
        "ask", ask(shards_[0], listener_->endpoint(), client_, std::move(wanted), std::move(bytes), timeout, done));
    return done.get_future().get();
  }
  static TlsAsk named(std::string name, bool must_verify) {
    TlsAsk wanted;
    wanted.name = std::move(name);
    wanted.must_verify = must_verify;
    return wanted;
  }

  Certificates certificates_;
  TlsSessions sessions_;
  TlsContextPtr client_;
  ShardSet shards_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace

TEST_F(StreamTls, CarriesBytesBothWays) {
  serve("mx.test");
  const std::string bytes(200'000, 'x');
  const Heard heard = hear(named("mx.test", true), bytes);
  EXPECT_EQ(heard.error, "");
  EXPECT_EQ(heard.facts.protocol, "TLSv1.3");
  EXPECT_EQ(heard.facts.verified, "yes");
  EXPECT_TRUE(heard.echo == bytes);
}

TEST_F(StreamTls, WrongNameIsRefusedWhereItCounts) {
  serve("mx.test");
  EXPECT_THAT(hear(named("other.test", true)).error, testing::HasSubstr("hostname mismatch"));
  const Heard lax = hear(named("other.test", false));
  EXPECT_EQ(lax.echo, "hello");
  EXPECT_EQ(lax.facts.verified, "hostname mismatch");
}

TEST_F(StreamTls, ExpiredCertificateIsRefusedWhereItCounts) {
  serve("old.test");
  EXPECT_THAT(hear(named("old.test", true)).error, testing::HasSubstr("certificate has expired"));
  EXPECT_EQ(hear(named("old.test", false)).facts.verified, "certificate has expired");
}

TEST_F(StreamTls, UnknownAuthorityIsRefusedWhereItCounts) {
  serve("mx.test");
  const Certificates others;
  client_ = *TlsContext::client(others.ca_file());
  EXPECT_NE(hear(named("mx.test", true)).error, "");
  EXPECT_EQ(hear(named("mx.test", false)).echo, "hello");
}

// Neither name nor dates nor authority count with DANE-EE (RFC 7672 §3.1.1).
TEST_F(StreamTls, TlsaThatFitsNeedsNoAuthorityAndOneThatDoesNotIsRefused) {
  serve("old.test");
  const Certificates others;
  client_ = *TlsContext::client(others.ca_file());
  TlsAsk wanted = named("mx.test", true);
  wanted.tlsa.push_back({3, 1, 1, std::string(32, 'x')});
  EXPECT_NE(hear(wanted).error, "");
  wanted.tlsa.push_back({3, 0, 0, certificates_.bytes("old.test")});
  const Heard heard = hear(wanted);
  EXPECT_EQ(heard.error, "");
  EXPECT_EQ(heard.echo, "hello");
  EXPECT_EQ(heard.facts.verified, "yes");
}

TEST_F(StreamTls, SecondHandshakeIsShort) {
  serve("mx.test");
  TlsAsk wanted = named("mx.test", true);
  wanted.sessions = &sessions_;
  wanted.session_key = "mx.test 25 verify";
  EXPECT_FALSE(hear(wanted).facts.resumed);
  const Heard again = hear(wanted);
  EXPECT_TRUE(again.facts.resumed);
  EXPECT_EQ(again.facts.verified, "yes");
  wanted.session_key = "mx.test 25 opportunistic";
  EXPECT_FALSE(hear(wanted).facts.resumed);
}

TEST_F(StreamTls, HungHandshakeTimesOut) {
  listener_ = std::make_unique<Listener>(shards_, *parse_endpoint("127.0.0.1:0"), "hung", never_shake);
  ASSERT_TRUE(listener_->open());
  listener_->start();
  EXPECT_THAT(hear(named("mx.test", false), "", 10ms).error, testing::HasSubstr("TLS handshake"));
}

TEST_F(StreamTls, KeyThatOthersCanUseIsRefused) {
  const std::string key = certificates_.key("mx.test");
  const auto made = [&] { return TlsContext::server({certificates_.certificate("mx.test"), key, ""}); };
  for (const mode_t mode : {0600U, 0400U, 0640U}) {
    ::chmod(key.c_str(), mode);
    EXPECT_TRUE(made()) << mode;
  }
  for (const mode_t mode : {0644U, 0660U, 0604U}) {
    ::chmod(key.c_str(), mode);
    const auto context = made();
    ASSERT_FALSE(context) << mode;
    EXPECT_THAT(context.error().detail, testing::HasSubstr("others can use this secret; chmod 0600"));
  }
}

TEST_F(StreamTls, KeyOfAnotherCertificateIsRefused) {
  EXPECT_FALSE(TlsContext::server({certificates_.certificate("mx.test"), certificates_.key("old.test"), ""}));
}

TEST(TlsFiles, RenewedCertificateIsUsedAndADamagedOneIsNot) {
  Certificates certificates;
  certificates.add("mx.test");
  TlsFiles files({certificates.certificate("mx.test"), certificates.key("mx.test"), ""});
  const Time start{1h};
  const TlsContextPtr first = files.current(start);
  ASSERT_TRUE(first);
  certificates.add("mx.test");
  EXPECT_EQ(files.current(start + 1s), first);
  const TlsContextPtr second = files.current(start + TlsFiles::kLook);
  EXPECT_NE(second, first);
  std::filesystem::resize_file(certificates.key("mx.test"), 10);
  EXPECT_EQ(files.current(start + 2 * TlsFiles::kLook), second);
}
