// SPDX-License-Identifier: Apache-2.0
// Links to unsubscribe: what a stream adds to its mail, and where they are answered.
#include <algorithm>

#include "config/addresses.h"
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using enum Apply;

constexpr std::size_t kUrlBytesMax = 150;  // with the token behind it the field stays within a line's limit
constexpr std::size_t kTitleBytes = 200;
constexpr std::size_t kProxies = 1'000;

// RFC 3986 without what has a meaning in a header field or in the pages.
bool is_url_char(char c) {
  constexpr std::string_view kMarks = "-._~:/@!$&()*+;=%[]";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

Kind<std::string> link_url() {
  return text("URL", [](std::string& given) -> std::optional<Wrong> {
    constexpr std::string_view kScheme = "https://";
    const bool good = given.starts_with(kScheme) && given.ends_with('/') && given.size() > kScheme.size() + 1 &&
                      given[kScheme.size()] != '/' && given.size() <= kUrlBytesMax &&
                      std::all_of(given.begin(), given.end(), is_url_char);
    if (good) return std::nullopt;
    return Wrong{"an https:// URL of at most 150 characters that ends in \"/\", for the signed token follows",
                 "write \"https://unsubscribe.example.com/\""};
  });
}

}  // namespace

const Section& stream_unsubscribe_section() {
  static const Section section =
      SectionBuilder<StreamUnsubscribe>("unsubscribe of [[stream]]")
          .add("add", &StreamUnsubscribe::add,
               word<UnsubscribeAdd>({{"off", UnsubscribeAdd::Off},
                                     {"missing", UnsubscribeAdd::Missing},
                                     {"replace", UnsubscribeAdd::Replace}}),
               Live,
               "Add List-Unsubscribe with a signed link, and List-Unsubscribe-Post: to messages without one, or to all "
               "in place of theirs. Each recipient then gets a copy of his own.")
          .add("url", &StreamUnsubscribe::url, link_url(), Live, "What links begin with; the token follows.", "none")
          .add("scope", &StreamUnsubscribe::scope,
               word<UnsubscribeScope>({{"stream", UnsubscribeScope::Stream}, {"list", UnsubscribeScope::List}}), Live,
               "What a link ends: the stream's mail, or that of the message's list where it names one.")
          .add("title", &StreamUnsubscribe::title, any_text(kTitleBytes), Live, "What the page calls this mail.",
               "the list's or the stream's name")
          .add("expire", &StreamUnsubscribe::expire, span_or_off(30 * 24h, 10 * 365 * 24h), Live,
               "How long links work from the message's acceptance on.")
          .build();
  return section;
}

const Section& unsubscribe_section() {
  static const Section section =
      SectionBuilder<Unsubscribe>("[unsubscribe]")
          .add("address", &Unsubscribe::address, optional_of(endpoint({Host::AddressOnly})), Restart,
               "Where links are answered.", "nowhere")
          .add("cert_file", &Unsubscribe::tls_cert_file, absolute_path(), Restart,
               "The certificate and those between it and a root, PEM. Read again when it changes.",
               "none: plain HTTP, behind a reverse proxy")
          .add("key_file", &Unsubscribe::tls_key_file, absolute_path(), Restart,
               "Its private key, PEM; refused when others than its owner can use it.", "none")
          .add("proxy_from", &Unsubscribe::proxy_from,
               list_of(network(), "list of networks", kProxies, Single::Accepted), Live,
               "Reverse proxies: their X-Forwarded-For tells the client's address.", "nobody")
          .build();
  return section;
}

}  // namespace penstock::config
