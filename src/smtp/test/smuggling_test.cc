// SPDX-License-Identifier: Apache-2.0
// What attackers and fuzzers send: every known way to end a message that is none must not end it, nor begin commands.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "smtp/test/dialog.h"

namespace penstock::smtp {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(PENSTOCK_SOURCE_DIR) / "../shared/corpus/smtp";

constexpr std::string_view kEnvelope = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
constexpr std::string_view kSmuggled =
    "MAIL FROM:<boss@b.example>\r\nRCPT TO:<victim@d.example>\r\nDATA\r\nSubject: "
    "smuggled\r\n\r\ntext\r\n.\r\nQUIT\r\n";

void expect_safe(const std::string& ending, std::size_t piece_bytes, const std::string& name) {
  ServerDriver driver(test_options());
  driver.feed("EHLO x\r\n");
  driver.feed(kEnvelope);
  driver.feed("Subject: x\r\n\r\nfirst" + ending + std::string(kSmuggled), piece_bytes);
  for (const DrivenMessage& message : driver.messages) {
    EXPECT_EQ(message.received.envelope.sender, "a@b.example") << name << ": a smuggled message was taken";
  }
  EXPECT_TRUE(driver.messages.empty()) << name << ": a message with a doubtful line end was taken";
  EXPECT_TRUE(driver.closed) << name;
  EXPECT_NE(driver.take_output().find("554 5.6.0"), std::string::npos) << name << ": must be told why";
}

void expect_safe(const std::string& ending, const std::string& name) {
  for (const std::size_t piece_bytes : {1, 2, 3, 64, 1'000'000}) expect_safe(ending, piece_bytes, name);
}

TEST(Smuggling, EndingsOfTheCorpusAreNoEndings) {
  std::ifstream in(kCorpus / "smuggling_sequences.tsv");
  if (!in)
    GTEST_SKIP() << "../shared/corpus/smtp/smuggling_sequences.tsv is not here; its endings are tried where it is";
  std::string line;
  std::getline(in, line);
  int rows = 0;
  while (std::getline(in, line)) {
    std::istringstream row(line);
    std::string id;
    std::string escaped;
    std::getline(row, id, '\t');
    std::getline(row, escaped, '\t');
    expect_safe(unescape(escaped), id);
    ++rows;
  }
  EXPECT_GE(rows, 20);
}

// All endings of up to five bytes made of these, except those that hold a true one.
TEST(Smuggling, NoShortSequenceButTheTrueOneEndsAMessage) {
  const std::string_view alphabet("\r\n.\0", 4);
  for (std::size_t length = 1; length <= 5; ++length) {
    std::size_t count = 1;
    for (std::size_t i = 0; i < length; ++i) count *= alphabet.size();
    for (std::size_t number = 0; number < count; ++number) {
      std::string ending;
      for (std::size_t i = 0, n = number; i < length; ++i, n /= alphabet.size())
        ending += alphabet[n % alphabet.size()];
      const std::string all = "first" + ending + "MAIL";
      if (all.find("\r\n.\r\n") != std::string::npos) continue;
      ServerDriver driver(test_options());
      driver.feed("EHLO x\r\n");
      driver.feed(kEnvelope);
      driver.feed("first" + ending + std::string(kSmuggled));
      const std::size_t bare = [&all] {
        std::size_t bare_count = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
          bare_count += all[i] == '\n' && (i == 0 || all[i - 1] != '\r') ? 1U : 0U;
          bare_count += all[i] == '\r' && all[i + 1] != '\n' ? 1U : 0U;
          bare_count += all[i] == '\0' ? 1U : 0U;
        }
        return bare_count;
      }();
      ASSERT_EQ(driver.messages.size(), bare == 0 ? 1U : 0U) << testing::PrintToString(ending);
      if (bare == 0) {
        ASSERT_NE(driver.messages[0].received.body.find("smuggled"), std::string::npos) << "it is text";
      }
    }
  }
}

// Lines of the other server's transcripts that begin with "c -> " or "c ~> '…'" are what a client sends.
TEST(Corpus, DialoguesOfAnotherServerAreSurvived) {
  if (!fs::exists(kCorpus / "chasquid_transcripts"))
    GTEST_SKIP() << "../shared/corpus/smtp/chasquid_transcripts is not here; its dialogues are run where it is";
  int dialogues = 0;
  for (const auto& entry : fs::directory_iterator(kCorpus / "chasquid_transcripts")) {
    std::ifstream in(entry.path());
    std::string line;
    std::string sent;
    while (std::getline(in, line)) {
      if (line.starts_with("c -> ")) sent += line.substr(5) + "\r\n";
      if (line == "c ->") sent += "\r\n";
      if (line.starts_with("c ~> '")) sent += unescape(line.substr(6, line.rfind('\'') - 6));
    }
    ServerOptions options = test_options();
    options.synchronised = false;
    ServerDriver whole(options);
    whole.feed(sent);
    ServerDriver bytewise(options);
    bytewise.feed(sent, 1);
    EXPECT_EQ(whole.transcript(), bytewise.transcript()) << entry.path();
    const std::string name = entry.path().filename().string();
    if (name.find("data_dot_stuffing") != std::string::npos) {
      ASSERT_EQ(whole.messages.size(), 1U);
      EXPECT_TRUE(whole.messages[0].received.body.starts_with("From: Mailer"));
      EXPECT_NE(whole.messages[0].received.body.find("\r\nMuahahahaha\r\n\r\n.x\r\n\r\n.\r\n\r\nThis is"),
                std::string::npos);
    }
    if (name.find("null_address") != std::string::npos) {
      EXPECT_EQ(whole.messages.size(), 1U);
    }
    if (name.find("bad_data_dot") != std::string::npos) {
      EXPECT_TRUE(whole.messages.empty()) << name;
    }
    ++dialogues;
  }
  EXPECT_GT(dialogues, 10);
}

TEST(Corpus, FuzzInputsGiveTheSameWhateverTheSplit) {
  if (!fs::exists(kCorpus / "chasquid_fuzz"))
    GTEST_SKIP() << "../shared/corpus/smtp/chasquid_fuzz is not here; its inputs are run where it is";
  int inputs = 0;
  for (const auto& entry : fs::directory_iterator(kCorpus / "chasquid_fuzz")) {
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string file = text.str();
    const std::size_t start = file.find("[]byte(\"");
    ASSERT_NE(start, std::string::npos);
    const std::string bytes = unescape(file.substr(start + 8, file.rfind('"') - start - 8));
    std::string crlf;
    for (const char c : bytes) crlf += c == '\n' ? "\r\n" : std::string(1, c);
    for (const std::string& input : {bytes, crlf}) {
      ServerOptions options = test_options();
      options.synchronised = false;
      ServerDriver whole(options);
      whole.feed(input);
      for (const std::size_t piece_bytes : {1, 2, 5, 17}) {
        ServerDriver pieces(options);
        pieces.feed(input, piece_bytes);
        EXPECT_EQ(whole.transcript(), pieces.transcript()) << entry.path();
      }
    }
    ++inputs;
  }
  EXPECT_GT(inputs, 5);
}

}  // namespace
}  // namespace penstock::smtp
