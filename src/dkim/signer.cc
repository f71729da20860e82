// SPDX-License-Identifier: Apache-2.0
#include "dkim/signer.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/check.h"
#include "dkim/canonical_body.h"
#include "dkim/signature.h"
#include "dkim/tag_list.h"

namespace penstock::dkim {
namespace {

constexpr std::size_t kLineMax = 76;

// What a reader is shown or acts on. List-Unsubscribe and its -Post must be signed (RFC 8058 §4), and so must
// CFBL-Address, which says where complaints go (RFC 9477 §3.1).
constexpr std::array<std::string_view, 18> kAlways{"from",
                                                   "to",
                                                   "cc",
                                                   "subject",
                                                   "date",
                                                   "message-id",
                                                   "reply-to",
                                                   "sender",
                                                   "in-reply-to",
                                                   "references",
                                                   "mime-version",
                                                   "content-type",
                                                   "content-transfer-encoding",
                                                   "content-id",
                                                   "content-disposition",
                                                   "list-unsubscribe",
                                                   "list-unsubscribe-post",
                                                   "cfbl-address"};

// Mailing lists on the way may add these; and references of ours and of reports, of which a forged one proves nothing.
constexpr std::array<std::string_view, 15> kIfPresent{
    "list-id",        "list-help",   "list-owner",          "list-post",        "list-archive",
    "list-subscribe", "feedback-id", "resent-from",         "resent-to",        "resent-cc",
    "resent-sender",  "resent-date", "content-description", "cfbl-feedback-id", "x-penstock-ref"};

// Fields that change on the way, or speak of it (RFC 6376 §5.4).
constexpr std::array<std::string_view, 6> kNever{"return-path", "received",  "dkim-signature", "authentication-results",
                                                 "bcc",         "resent-bcc"};

// Writes tags into a folded field.
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out), line_start_(out.size()) {}

  void tag(std::string_view name, std::string_view value) {
    separate(name.size() + value.size() + 2);
    ((out_ += name) += '=') += value;
    out_ += ';';
  }
  // A list that may be folded behind its colons.
  void list(std::string_view name, const std::vector<std::string_view>& items) {
    separate(name.size() + items.front().size() + 2);
    (out_ += name) += '=';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0 && out_.size() - line_start_ + items[i].size() + 1 > kLineMax) start_line();
      out_ += items[i];
      out_ += i + 1 < items.size() ? ':' : ';';
    }
  }
  void start_line() {
    out_ += "\r\n\t";
    line_start_ = out_.size();
  }
  void raw(std::string_view text) { out_ += text; }
  // Base64 may be folded anywhere; the first line has `name=` before it.
  void folded(std::string_view text) {
    while (!text.empty()) {
      const std::string_view part = text.substr(0, kLineMax - (out_.size() - line_start_));
      out_ += part;
      text.remove_prefix(part.size());
      if (!text.empty()) start_line();
    }
  }

 private:
  // Before something of that size.
  void separate(std::size_t size) {
    if (out_.size() - line_start_ + 1 + size > kLineMax) {
      start_line();
    } else if (out_.size() > line_start_) {
      out_ += ' ';
    }
  }

  std::string& out_;
  std::size_t line_start_;
};

// VT and FF.
bool has_odd_space(std::string_view text) {
  return text.find('\v') != std::string_view::npos || text.find('\f') != std::string_view::npos;
}

// The names of h=, and the canonical fields they mean.
class HeaderPart {
 public:
  HeaderPart(const SignedMessage& message, Canonicalization wanted) : message_(message), way_(wanted) {
    const auto& fields = message.fields();
    const bool odd = std::any_of(fields.begin(), fields.end(),
                                 [&](const auto& field) { return has_odd_space(message.bytes_of(field)); });
    if (odd) way_ = Canonicalization::Simple;
    names_.reserve(48);
    input_.reserve(4096);
  }
  // All of that name; with `once_more` the name is there once more often.
  std::size_t add(std::string_view name, bool once_more) {
    std::size_t count = 0;
    // From the bottom up (RFC 6376 §5.4.2).
    const auto& fields = message_.fields();
    for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
      if (!ascii::equal_ignoring_case(field->name, name)) continue;
      append_field(message_.bytes_of(*field), way_, input_);
      names_.push_back(name);
      ++count;
    }
    if (once_more) names_.push_back(name);
    return count;
  }
  [[nodiscard]] Canonicalization way() const { return way_; }
  [[nodiscard]] const std::vector<std::string_view>& names() const { return names_; }
  [[nodiscard]] std::string& input() { return input_; }

 private:
  const SignedMessage& message_;
  Canonicalization way_;
  std::vector<std::string_view> names_;
  std::string input_;
};

}  // namespace

const std::string& MessageToSign::body_hash(Canonicalization way) {
  std::string& hash = hashes_[static_cast<std::size_t>(way)];
  if (hash.empty()) {
    BodyHasher hasher(Hash::Sha256, way);
    hasher.update(parsed_.body());
    hash = encode_base64(hasher.finish().digest);
  }
  return hash;
}

Canonicalization MessageToSign::body_way(Canonicalization wanted) {
  if (wanted == Canonicalization::Simple) return wanted;
  if (!odd_body_) odd_body_ = has_odd_space(parsed_.body());
  return *odd_body_ ? Canonicalization::Simple : wanted;
}

std::span<const std::string_view> Signer::always_signed() {
  return kAlways;
}
std::span<const std::string_view> Signer::signed_if_present() {
  return kIfPresent;
}

Readable<> Signer::check(const SignOptions& options) {
  if (!is_domain(options.domain)) return wrong("\"" + options.domain + "\" is no domain");
  if (!is_domain(options.selector)) return wrong("\"" + options.selector + "\" is no selector");
  if (!options.identity.empty()) {
    const std::size_t at = options.identity.rfind('@');
    const bool within = at != std::string::npos &&
                        is_within(ascii::lower(options.identity.substr(at + 1)), ascii::lower(options.domain));
    // Other characters would have to be quoted; nobody needs them.
    const bool plain = std::all_of(options.identity.begin(), options.identity.end(),
                                   [](char c) { return c > ' ' && c < '\x7F' && c != ';' && c != '='; });
    if (!within || !plain) return wrong("the identity \"" + options.identity + "\" is not at or below the domain");
  }
  for (const std::string& name : options.more_headers) {
    const bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return c > ' ' && c < '\x7F' && c != ':' && c != ';';
    });
    if (!good) return wrong("\"" + name + "\" is no field name");
    if (std::find(kNever.begin(), kNever.end(), ascii::lower(name)) != kNever.end()) {
      return wrong("the field " + name + " cannot be signed, it changes on the way");
    }
  }
  return {};
}

Signer::Signer(SignOptions options, std::shared_ptr<const KeyPair> key)
    : options_(std::move(options)), key_(std::move(key)), if_present_(kIfPresent.begin(), kIfPresent.end()) {
  PENSTOCK_CHECK(check(options_) && key_);
  options_.domain = ascii::lower(options_.domain);
  for (const std::string& name : options_.more_headers) {
    const std::string lower = ascii::lower(name);
    const bool known = std::find(kAlways.begin(), kAlways.end(), lower) != kAlways.end() ||
                       std::find(if_present_.begin(), if_present_.end(), lower) != if_present_.end();
    if (!known) if_present_.push_back(lower);
  }
}

Readable<std::string> Signer::sign(MessageToSign& message, Time now) const {
  if (message.parsed().over_limit()) return wrong("the message's header is too large to be signed");
  HeaderPart header(message.parsed(), options_.canonicalization.header);
  for (const std::string_view name : kAlways) {
    const std::size_t count = header.add(name, true);
    if (count == 0 && name == "from") return wrong("the message has no From field");
  }
  for (const std::string& name : if_present_) header.add(name, false);
  const Canonicalizations ways{header.way(), message.body_way(options_.canonicalization.body)};

  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch();
  std::string field;
  field.reserve(1536);
  FieldWriter writer(field);
  writer.raw("DKIM-Signature:");
  writer.tag("v", "1");
  writer.tag("a", to_string(Algorithm{key_->type(), Hash::Sha256}));
  writer.tag("c", to_string(ways));
  writer.tag("d", options_.domain);
  writer.tag("s", options_.selector);
  if (!options_.identity.empty()) writer.tag("i", options_.identity);
  writer.tag("t", std::to_string(seconds.count()));
  if (options_.expire) writer.tag("x", std::to_string((seconds + *options_.expire).count()));
  writer.list("h", header.names());
  writer.tag("bh", message.body_hash(ways.body));
  writer.start_line();
  writer.raw("b=");

  append_signature_field(field, ways.header, header.input());
  const auto signature = key_->sign(header.input());
  if (!signature) return wrong(signature.error());
  writer.folded(encode_base64(*signature));
  field += "\r\n";
  return field;
}

std::size_t Signer::field_bytes() const {
  std::size_t names = 0;
  for (const std::string_view name : kAlways) names += 2 * (name.size() + 1);
  for (const std::string& name : if_present_) names += name.size() + 1;
  const auto signature_bytes = static_cast<std::size_t>(key_->bits()) / 6 + 64;
  return 192 + names + options_.domain.size() + options_.selector.size() + options_.identity.size() + signature_bytes;
}

}  // namespace penstock::dkim
