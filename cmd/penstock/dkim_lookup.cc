// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/dkim_lookup.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <sstream>

#include "base/ascii.h"
#include "base/secret_file.h"
#include "dkim/key_file.h"
#include "dns/name.h"
#include "dns/unbound_resolver.h"
#include "net/shard.h"

namespace penstock::cli {
namespace {

using Answers = std::vector<Result<dns::AnswerPtr>>;

net::Task<> ask(dns::Resolver& resolver, net::Shard& shard, std::vector<dns::Question> questions,
                std::promise<Answers>& done) {
  Answers answers = co_await resolver.lookup_all(shard, std::move(questions));
  done.set_value(std::move(answers));
}

dkim::KeyAnswer to_key_answer(const Result<dns::AnswerPtr>& got) {
  dkim::KeyAnswer key;
  if (!got) {
    key.temporary = true;
    key.why = got.error().to_string();
    return key;
  }
  const dns::Answer& answer = **got;
  key.temporary = dns::is_temporary(answer.status);
  if (key.temporary)
    key.why = std::string(dns::to_string(answer.status)) + (answer.why.empty() ? "" : ": ") + answer.why;
  for (const dns::Record& record : answer.records) key.records.push_back(record.value);
  return key;
}

}  // namespace

Got<dkim::KeyAnswers> look_up_keys(const std::vector<std::string>& names, const std::string& resolver) {
  dkim::KeyAnswers keys;
  std::vector<dns::Question> questions;
  std::vector<std::string> asked;
  for (const std::string& name : names) {
    keys[name];  // no domain name: no key
    if (auto normal = dns::normalize_name(name)) {
      questions.push_back({std::move(*normal), dns::RecordType::Txt});
      asked.push_back(name);
    }
  }
  if (questions.empty()) return keys;
  dns::UnboundOptions options;
  if (!resolver.empty()) options.upstreams = {resolver};
  metrics::Registry registry;
  dns::Probe probe(registry);
  net::ShardSet shards(1);
  dns::UnboundResolver dns(options, probe);
  if (auto started = dns.start(); !started) return fail_with(kExitRefused, started.error().to_string());
  std::promise<Answers> done;
  auto answers = done.get_future();
  shards[0].spawn("keys", ask(dns, shards[0], std::move(questions), done));
  shards.start();
  const Answers got = answers.get();
  dns.stop();
  shards.stop();
  for (std::size_t i = 0; i < asked.size(); ++i) keys[asked[i]] = to_key_answer(got[i]);
  return keys;
}

Got<dkim::KeyAnswers> find_keys(const std::vector<std::string>& names, const std::string& file,
                                const std::string& resolver) {
  if (file.empty()) return look_up_keys(names, resolver);
  const auto text = read_input(file);
  if (!text) return tl::unexpected<Failure>(text.error());
  auto answers = dkim::answers_from_file(*text, names);
  if (!answers) return fail_with(kExitRefused, file + ": " + answers.error());
  return std::move(*answers);
}

Got<dkim::KeyPair> read_key(const std::string& path) {
  if (path.empty()) return fail_with(kExitUsage, "--key FILE is needed");
  const auto pem = read_secret_file(path);
  if (!pem) return fail_with(kExitRefused, pem.error());
  auto key = dkim::KeyPair::from_pem(*pem);
  if (!key) return fail_with(kExitRefused, path + ": " + key.error());
  return std::move(*key);
}

Got<std::string> read_input(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return std::move(text).str();
  }
  std::ifstream file(path, std::ios::binary);
  if (file) text << file.rdbuf();
  // An empty file sets failbit at the output, a folder badbit at the input.
  if (!file || file.bad()) return fail_with(kExitRefused, path + ": cannot be read: " + std::strerror(errno));
  return std::move(text).str();
}

}  // namespace penstock::cli
