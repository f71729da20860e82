// SPDX-License-Identifier: Apache-2.0
#include "delivery/relay_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/ascii.h"
#include "base/secret_file.h"
#include "delivery/errc.h"
#include "mime/header.h"
#include "mime/received.h"

namespace penstock::delivery {
namespace {

Result<std::string> read_password(const std::string& path) {
  const auto text = read_secret_file(path);
  if (!text) return fail(Errc::BadPassword, text.error());
  std::string line = text->substr(0, text->find_first_of("\r\n"));
  if (line.empty()) return fail(Errc::BadPassword, path + ": the first line, which is to be the password, is empty");
  return line;
}

std::string fill(std::string_view pattern, const MessageLabels& labels) {
  const std::pair<std::string_view, std::string_view> known[] = {{"{stream}", labels.stream},
                                                                 {"{tenant}", labels.tenant},
                                                                 {"{campaign}", labels.campaign},
                                                                 {"{vmta}", labels.vmta},
                                                                 {"{id}", labels.id}};
  std::string out;
  while (!pattern.empty()) {
    const auto* const found = std::find_if(std::begin(known), std::end(known),
                                           [&](const auto& each) { return pattern.starts_with(each.first); });
    if (found == std::end(known)) {
      out += pattern.front();
      pattern.remove_prefix(1);
    } else {
      out += found->second;
      pattern.remove_prefix(found->first.size());
    }
  }
  return out;
}

bool is_replaced(std::string_view name, const RelayService& service) {
  return std::any_of(service.headers.begin(), service.headers.end(),
                     [name](const auto& header) { return ascii::equal_ignoring_case(header.first, name); });
}

}  // namespace

std::string RelayService::header_key() const {
  if (headers.empty()) return {};
  std::string all;
  for (const auto& [name, value] : headers) all.append(name).append(":").append(value).append("\n");
  return fmt::format("headers:{:x}", std::hash<std::string>{}(all));
}

Result<RelayServicePtr> make_relay_service(const config::Route& from, const shaping::Limits& limits,
                                           std::optional<TlsLevel> tls) {
  if (from.user.empty() && !tls && from.headers.empty() && from.limits == config::Limits{}) return RelayServicePtr();
  auto service = std::make_shared<RelayService>();
  service->user = from.user;
  service->tls = tls;
  service->headers = from.headers;
  service->limits = limits;
  if (!from.user.empty()) {
    auto password = read_password(from.password_file);
    if (!password) return fail(password.error());
    service->password = std::move(*password);
    service->tls = std::max(tls.value_or(TlsLevel::Verify), TlsLevel::Require);
  }
  return RelayServicePtr(std::move(service));
}

std::string with_headers(std::string_view message, const RelayService& service, const MessageLabels& labels) {
  std::string out;
  out.reserve(message.size() + 128 * service.headers.size());
  for (const auto& [name, pattern] : service.headers) out += mime::format_field(name, fill(pattern, labels));
  mime::HeaderScanner scan(message);
  std::size_t copied = 0;
  for (mime::HeaderField field; scan.next(field);) {
    if (!is_replaced(field.name, service)) continue;
    out += message.substr(copied, field.bytes.begin - copied);
    copied = field.bytes.end;
  }
  out += message.substr(copied);
  return out;
}

}  // namespace penstock::delivery
