// SPDX-License-Identifier: Apache-2.0
// `penstock feedback parse` reads reports as the daemon would, without one and without effect.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/human.h"
#include "feedback/judged.h"
#include "mime/text.h"
#include "report/reading.h"

namespace penstock::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// The whole file, but not more than a report is looked at.
Result<std::string> read_message(const std::string& path) {
  const std::size_t bytes_max = report::ReadLimits().bytes_max;
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return fail_errno(errno, path);
  std::string message(bytes_max + 1, '\0');
  const std::size_t size = std::fread(message.data(), 1, message.size(), file.get());
  if (std::ferror(file.get()) != 0) return fail_errno(errno, path);
  message.resize(size);
  return message;
}

// JSON is UTF-8; an address in a report need not be.
std::string as_utf8(std::string text) {
  if (mime::is_utf8(text)) return text;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) > 127) c = '?';
  }
  return text;
}

boost::json::object to_json(const report::ReportedRecipient& recipient, const classify::Classifier& classifier) {
  const feedback::Judged judged = feedback::judge(recipient, classifier);
  boost::json::object object{
      {"address", as_utf8(recipient.address)},         {"status", judged.status.to_string()},
      {"action", report::to_string(recipient.action)}, {"class", model::to_string(judged.outcome_class)},
      {"diagnostic", as_utf8(recipient.diagnostic)},   {"found", report::to_string(recipient.found)}};
  if (!recipient.original.empty()) object["original"] = as_utf8(recipient.original);
  if (!recipient.remote_host.empty()) object["remote_host"] = as_utf8(recipient.remote_host);
  return object;
}

boost::json::object to_json(const std::string& path, const report::Report& report,
                            const classify::Classifier& classifier) {
  boost::json::array recipients;
  for (const report::ReportedRecipient& recipient : report.recipients)
    recipients.push_back(to_json(recipient, classifier));
  boost::json::object object{
      {"file", as_utf8(path)}, {"kind", report::to_string(report.kind)}, {"recipients", std::move(recipients)}};
  const auto set = [&object](std::string_view name, const std::string& value) {
    if (!value.empty()) object[name] = as_utf8(value);
  };
  set("feedback_type", report.feedback_type);
  set("source_ip", report.source_ip);
  set("reporting_host", report.reporting_host);
  set("original_message_id", report.original.message_id);
  set("reference", report.original.reference);
  if (report.truncated) object["truncated"] = true;
  return object;
}

void print_for_people(const std::string& path, const report::Report& report, const classify::Classifier& classifier) {
  Cli::print(fmt::format("{}: {}{}{}\n", path, report::to_string(report.kind), report.feedback_type.empty() ? "" : ", ",
                         report.feedback_type));
  for (const report::ReportedRecipient& recipient : report.recipients) {
    const feedback::Judged judged = feedback::judge(recipient, classifier);
    Cli::print(fmt::format("  {}  {}  {}  ({})\n", recipient.address, judged.status.to_string(),
                           model::to_string(judged.outcome_class), report::to_string(recipient.found)));
    if (!recipient.diagnostic.empty()) Cli::print("    " + recipient.diagnostic + "\n");
  }
}

}  // namespace

Ended parse_feedback(Cli& cli) {
  const auto classifier = classify::Classifier::load(cli.arguments.text("--rules"));
  if (!classifier) return fail_with(kExitUsage, classifier.error().detail, "correct the rules of --rules");
  bool unreadable = false;
  for (const std::string& path : cli.arguments.texts("FILE")) {
    const Result<std::string> message = read_message(path);
    if (!message) {
      unreadable = true;
      const std::string reason = message.error().code.message();
      if (cli.json()) {
        Cli::print_json({{"file", as_utf8(path)}, {"error", reason}});
      } else {
        fmt::print(stderr, "penstock: {}: {}\n", printable(path), reason);
      }
      continue;
    }
    const report::Report report = report::read_report(*message);
    if (cli.json()) {
      Cli::print_json(to_json(path, report, **classifier));
    } else {
      print_for_people(path, report, **classifier);
    }
  }
  if (unreadable) return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
  return {};
}

}  // namespace penstock::cli
