// SPDX-License-Identifier: Apache-2.0
// The payload of an inbox record: time, client, recipients and message, each text behind its length.
#include "feedback/inbox.h"

namespace penstock::feedback {
namespace {

constexpr std::uint64_t kRecipientsMax = 100'000;

void put_number(std::string& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i) & 0xFF);
}
void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size(), 4);
  out += text;
}

class Taker {
 public:
  explicit Taker(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number(std::size_t bytes) {
    if (rest_.size() < bytes) {
      good_ = false;
      return 0;
    }
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
      number |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(rest_[i])) << (8 * i);
    }
    rest_.remove_prefix(bytes);
    return number;
  }
  std::string text() {
    const std::uint64_t size = number(4);
    if (!good_ || size > rest_.size()) {
      good_ = false;
      return {};
    }
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string encode_report(const IncomingReport& report) {
  std::string out;
  put_number(out, static_cast<std::uint64_t>(report.received.time_since_epoch().count()), 8);
  put_text(out, report.client_address);
  put_number(out, report.recipients.size(), 4);
  for (const std::string& recipient : report.recipients) put_text(out, recipient);
  put_text(out, report.message);
  return out;
}

std::size_t encoded_size(const IncomingReport& report) {
  std::size_t size = 8 + 4 + report.client_address.size() + 4 + 4 + report.message.size();
  for (const std::string& recipient : report.recipients) size += 4 + recipient.size();
  return size;
}

bool decode_report(std::string_view payload, IncomingReport& report) {
  Taker take(payload);
  report = {};
  report.received = Time{Duration{static_cast<std::int64_t>(take.number(8))}};
  report.client_address = take.text();
  const std::uint64_t recipients = take.number(4);
  if (recipients > kRecipientsMax) return false;
  for (std::uint64_t i = 0; i < recipients && take.good(); ++i) report.recipients.push_back(take.text());
  report.message = take.text();
  return take.done();
}

}  // namespace penstock::feedback
