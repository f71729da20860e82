// SPDX-License-Identifier: Apache-2.0
// penstock dkim new and sign: what needs a private key.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "api/time_text.h"
#include "base/units.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/dkim_lookup.h"
#include "dkim/key_record.h"
#include "dkim/signer.h"
#include "dkim/tag_list.h"

namespace penstock::cli {
namespace {

struct KeyChoice {
  dkim::KeyType type = dkim::KeyType::Rsa;
  int bits = 0;
};

KeyChoice key_choice(std::string_view name) {
  if (name == "ed25519") return {dkim::KeyType::Ed25519, 256};
  if (name == "rsa3072") return {dkim::KeyType::Rsa, 3072};
  if (name == "rsa4096") return {dkim::KeyType::Rsa, 4096};
  return {dkim::KeyType::Rsa, 2048};
}

// "s202611": a new one each month, as keys are changed.
std::string default_selector() {
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(SystemClock().wall())};
  return fmt::format("s{:04}{:02}", static_cast<int>(today.year()), static_cast<unsigned>(today.month()));
}

// Never over a file that is there: it may be the only copy of a key in use.
Ended write_key(const std::string& path, const std::string& pem) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    const std::string hint = errno == EEXIST ? "choose another --selector; a key that is there is never replaced" : "";
    return fail_with(kExitRefused, path + ": cannot be written: " + std::strerror(errno), hint);
  }
  const bool good = ::write(file, pem.data(), pem.size()) == static_cast<ssize_t>(pem.size()) && ::fsync(file) == 0;
  const int problem = errno;
  ::close(file);
  if (good) return {};
  ::unlink(path.c_str());
  return fail_with(kExitRefused, path + ": cannot be written: " + std::strerror(problem));
}

Got<dkim::SignOptions> sign_options(const Arguments& arguments) {
  dkim::SignOptions options{.domain = arguments.text("--domain"), .selector = arguments.text("--selector")};
  options.identity = arguments.text("--identity");
  if (arguments.has("--canonicalization")) {
    const auto both = dkim::parse_canonicalizations(arguments.text("--canonicalization"));
    if (!both) return fail_with(kExitUsage, "--canonicalization: simple or relaxed, for header/body");
    options.canonicalization = *both;
  }
  if (arguments.has("--headers")) {
    const std::string names = arguments.text("--headers");
    for (const std::string_view name : dkim::split(names, ',')) options.more_headers.emplace_back(name);
  }
  if (arguments.has("--expire")) {
    const auto span = parse_duration(arguments.text("--expire"));
    if (!span) return fail_with(kExitUsage, "--expire: " + span.error());
    options.expire = std::chrono::floor<std::chrono::seconds>(*span);
  }
  if (const auto good = dkim::Signer::check(options); !good) return fail_with(kExitUsage, good.error());
  return options;
}

}  // namespace

Ended dkim_new(Cli& cli) {
  const std::string domain = cli.arguments.text("DOMAIN");
  const std::string selector = cli.arguments.has("--selector") ? cli.arguments.text("--selector") : default_selector();
  if (const auto good = dkim::Signer::check({.domain = domain, .selector = selector}); !good) {
    return fail_with(kExitUsage, good.error());
  }
  const KeyChoice choice = key_choice(cli.arguments.text("--type"));
  const auto key = dkim::KeyPair::generate(choice.type, choice.bits);
  if (!key) return fail_with(kExitRefused, key.error());
  const std::string folder = cli.arguments.has("--out") ? cli.arguments.text("--out") + "/" : "";
  const std::string path = folder + domain + "." + selector + ".pem";
  if (auto written = write_key(path, key->to_pem()); !written) return written;
  const std::string name = dkim::key_name(selector, domain);
  const std::string service = cli.arguments.text("--service");
  const std::string record = dkim::format_key_record(key->type(), key->public_key(), false, service);
  if (cli.json()) {
    Cli::print_json({{"domain", domain},
                     {"selector", selector},
                     {"key_file", path},
                     {"name", name},
                     {"record", record},
                     {"zone_line", name + ". IN TXT " + dkim::format_txt_strings(record)}});
    return {};
  }
  Cli::print(fmt::format("{}. IN TXT {}\n", name, dkim::format_txt_strings(record)));
  Cli::print(
      fmt::format("; the private key is in {}; publish the line above, then see\n; penstock dkim check {} "
                  "--selector {} --key {}{}\n",
                  path, domain, selector, path, service.empty() ? "" : " --service " + service));
  return {};
}

Ended dkim_sign(Cli& cli) {
  const auto options = sign_options(cli.arguments);
  if (!options) return tl::unexpected<Failure>(options.error());
  auto key = read_key(cli.arguments.text("--key"));
  if (!key) return tl::unexpected<Failure>(key.error());
  const auto text = read_input(cli.arguments.text("FILE"));
  if (!text) return tl::unexpected<Failure>(text.error());
  const std::string bytes = dkim::with_crlf(*text);
  const dkim::Signer signer(*options, std::make_shared<const dkim::KeyPair>(std::move(*key)));
  dkim::MessageToSign message(bytes);
  const auto field = signer.sign(message, SystemClock().wall());
  if (!field) return fail_with(kExitRefused, cli.arguments.text("FILE") + ": " + field.error());
  if (cli.json()) {
    Cli::print_json({{"field", *field}});
  } else {
    Cli::print(*field + bytes);
  }
  return {};
}

}  // namespace penstock::cli
