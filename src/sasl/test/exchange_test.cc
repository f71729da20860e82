// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/base64.h"
#include "sasl/client_exchange.h"
#include "sasl/server_exchange.h"

namespace penstock::sasl {
namespace {

using std::string_literals::operator""s;

// RFC 7677 §3: user "user", password "pencil".
constexpr const char* kClientNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr const char* kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr const char* kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr const char* kClientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr const char* kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

Credentials pencil() {
  return make_credentials("pencil", {"any", *decode_base64("W22ZaJ0SNY7soEsUEjb6gQ==")}, {16, 1, 1}, 4096);
}

TEST(ServerExchange, ScramOfRfc7677IsProved) {
  ServerExchange exchange(Mechanism::ScramSha256, kServerNonce);
  ASSERT_EQ(exchange.start("n,,n=user,r="s + kClientNonce), Next::FindUser);
  EXPECT_EQ(exchange.user(), "user");
  ASSERT_EQ(exchange.on_user(pencil()), Next::Challenge);
  EXPECT_EQ(exchange.challenge(), kServerFirst);
  ASSERT_EQ(exchange.on_response(kClientFinal), Next::Challenge);
  EXPECT_EQ(exchange.challenge(), kServerFinal);
  EXPECT_EQ(exchange.on_response(""), Next::Proved);
}

TEST(ClientExchange, ScramOfRfc7677IsGiven) {
  ClientExchange exchange(Mechanism::ScramSha256, "user", "pencil", kClientNonce);
  EXPECT_EQ(exchange.initial_response(), "n,,n=user,r="s + kClientNonce);
  EXPECT_EQ(exchange.respond(kServerFirst), kClientFinal);
  EXPECT_FALSE(exchange.complete());
  EXPECT_EQ(exchange.respond(kServerFinal), "");
  EXPECT_TRUE(exchange.complete());
}

TEST(ServerExchange, ScramOfSomebodyUnknownFailsAtTheProof) {
  ServerExchange exchange(Mechanism::ScramSha256, kServerNonce);
  ASSERT_EQ(exchange.start("n,,n=user,r="s + kClientNonce), Next::FindUser);
  Credentials made_up = pencil();
  made_up.stored_key = std::string(kDigestBytes, '\0');
  ASSERT_EQ(exchange.on_user(made_up), Next::Challenge);
  EXPECT_EQ(exchange.on_response(kClientFinal), Next::Failed);
}

TEST(ServerExchange, ScramWithAnythingChangedFails) {
  const std::string good = kClientFinal;
  struct Case {
    std::string final;
    Next next;
  };
  std::string other_nonce = good;
  other_nonce.replace(good.find("r=rOpr"), 6, "r=xOpr");
  std::string other_proof = good;
  other_proof.replace(good.find("p=dHzb"), 6, "p=eHzb");
  std::string other_binding = good;
  other_binding.replace(good.find("c=biws"), 6, "c=eSws");
  const Case cases[] = {{other_nonce, Next::Failed},   {other_proof, Next::Failed},
                        {other_binding, Next::Failed}, {good.substr(0, good.find(",p=")) + ",p=QQ==", Next::Failed},
                        {"garbage", Next::Malformed},  {"", Next::Malformed}};
  for (const Case& c : cases) {
    ServerExchange exchange(Mechanism::ScramSha256, kServerNonce);
    ASSERT_EQ(exchange.start("n,,n=user,r="s + kClientNonce), Next::FindUser);
    ASSERT_EQ(exchange.on_user(pencil()), Next::Challenge);
    EXPECT_EQ(exchange.on_response(c.final), c.next) << c.final;
  }
}

TEST(ServerExchange, ScramEndsWithAnEmptyResponse) {
  ServerExchange exchange(Mechanism::ScramSha256, kServerNonce);
  ASSERT_EQ(exchange.start(std::nullopt), Next::Challenge);
  EXPECT_EQ(exchange.challenge(), "");
  ASSERT_EQ(exchange.on_response("n,,n=user,r="s + kClientNonce), Next::FindUser);
  ASSERT_EQ(exchange.on_user(pencil()), Next::Challenge);
  ASSERT_EQ(exchange.on_response(kClientFinal), Next::Challenge);
  EXPECT_EQ(exchange.on_response("more"), Next::Malformed);
}

TEST(ServerExchange, PlainGivesUserAndPassword) {
  struct Case {
    std::string response;
    Next next;
    const char* user;
    const char* password;
  };
  const Case cases[] = {
      {"\0user\0pencil"s, Next::CheckPassword, "user", "pencil"},
      {"user\0user\0pencil"s, Next::CheckPassword, "user", "pencil"},
      {"\0user\0"s, Next::CheckPassword, "user", ""},
      {"\0us er\0pen cil"s, Next::CheckPassword, "us er", "pen cil"},
      {"boss\0user\0pencil"s, Next::Failed, "user", ""},
      {"\0\0pencil"s, Next::Malformed, "", ""},
      {"\0user"s, Next::Malformed, "", ""},
      {"user"s, Next::Malformed, "", ""},
      {""s, Next::Malformed, "", ""},
      {"\0user\0pen\0cil"s, Next::Malformed, "", ""},
      {"\0user\0"s + std::string(3000, 'x'), Next::Malformed, "", ""},
  };
  for (const Case& c : cases) {
    ServerExchange exchange(Mechanism::Plain, "");
    EXPECT_EQ(exchange.start(c.response), c.next);
    EXPECT_EQ(exchange.user(), c.user);
    EXPECT_EQ(exchange.password(), c.password);
  }
}

TEST(ServerExchange, LoginAsksTwice) {
  ServerExchange exchange(Mechanism::Login, "");
  ASSERT_EQ(exchange.start(std::nullopt), Next::Challenge);
  EXPECT_EQ(exchange.challenge(), "Username:");
  ASSERT_EQ(exchange.on_response("user"), Next::Challenge);
  EXPECT_EQ(exchange.challenge(), "Password:");
  ASSERT_EQ(exchange.on_response("pencil"), Next::CheckPassword);
  EXPECT_EQ(exchange.user(), "user");
  EXPECT_EQ(exchange.password(), "pencil");
}

TEST(ServerExchange, LoginTakesTheUserWithTheCommand) {
  ServerExchange exchange(Mechanism::Login, "");
  ASSERT_EQ(exchange.start("user"), Next::Challenge);
  EXPECT_EQ(exchange.challenge(), "Password:");
  EXPECT_EQ(exchange.on_response("p\0q"s), Next::Malformed);
  EXPECT_EQ(ServerExchange(Mechanism::Login, "").start(""), Next::Malformed);
}

TEST(ClientExchange, TakesTheStrongestOffered) {
  EXPECT_EQ(choose_mechanism("PLAIN LOGIN SCRAM-SHA-256"), Mechanism::ScramSha256);
  EXPECT_EQ(choose_mechanism("login plain"), Mechanism::Plain);
  EXPECT_EQ(choose_mechanism("CRAM-MD5 LOGIN"), Mechanism::Login);
  EXPECT_EQ(choose_mechanism("SCRAM-SHA-256-PLUS XOAUTH2"), std::nullopt);
  EXPECT_EQ(choose_mechanism(""), std::nullopt);
}

TEST(ClientExchange, PlainAndLoginGiveThePasswordOnce) {
  ClientExchange plain(Mechanism::Plain, "user", "pencil", "");
  EXPECT_EQ(plain.initial_response(), "\0user\0pencil"s);
  EXPECT_TRUE(plain.complete());
  EXPECT_FALSE(plain.respond("what?"));
  ClientExchange login(Mechanism::Login, "user", "pencil", "");
  EXPECT_EQ(login.initial_response(), std::nullopt);
  EXPECT_EQ(login.respond("User Name"), "user");
  EXPECT_FALSE(login.complete());
  EXPECT_EQ(login.respond("Password"), "pencil");
  EXPECT_TRUE(login.complete());
  EXPECT_FALSE(login.respond("again"));
}

TEST(ClientExchange, ScramGivesNothingToAServerThatIsNone) {
  struct Case {
    const char* challenge;
    const char* words;
  };
  const Case cases[] = {
      {"r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "another exchange"},
      {"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "another exchange"},
      {"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1", "rounds"},
      {"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4000000000", "rounds"},
      {"e=unknown-user", "no SCRAM"},
      {"", "no SCRAM"},
  };
  for (const Case& c : cases) {
    ClientExchange exchange(Mechanism::ScramSha256, "user", "pencil", kClientNonce);
    (void)exchange.initial_response();
    const auto response = exchange.respond(c.challenge);
    ASSERT_FALSE(response) << c.challenge;
    EXPECT_NE(response.error().find(c.words), std::string::npos) << response.error();
  }
}

TEST(ClientExchange, AServerWithoutThePasswordIsFoundOut) {
  ClientExchange exchange(Mechanism::ScramSha256, "user", "pencil", kClientNonce);
  (void)exchange.initial_response();
  ASSERT_TRUE(exchange.respond(kServerFirst));
  EXPECT_FALSE(exchange.respond("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  EXPECT_FALSE(exchange.complete());
}

// What one side writes the other understands, whatever the name and password.
TEST(Exchange, BothSidesMeet) {
  for (const char* user : {"user", "a,b=c", "app@example.com"}) {
    for (const char* password : {"p", "with, comma = sign", "\xc3\xbc\xc3\xb6"}) {
      ClientExchange client(Mechanism::ScramSha256, user, password, "client");
      ServerExchange server(Mechanism::ScramSha256, "server");
      ASSERT_EQ(server.start(*client.initial_response()), Next::FindUser);
      EXPECT_EQ(server.user(), user);
      const auto kept = make_credentials(password, {"a", "b"}, {16, 1, 1}, 4096);
      ASSERT_EQ(server.on_user(kept), Next::Challenge);
      const auto proof = client.respond(server.challenge());
      ASSERT_TRUE(proof);
      ASSERT_EQ(server.on_response(*proof), Next::Challenge);
      ASSERT_TRUE(client.respond(server.challenge()));
      EXPECT_EQ(server.on_response(""), Next::Proved);
      EXPECT_TRUE(client.complete());
    }
  }
}

}  // namespace
}  // namespace penstock::sasl
