// SPDX-License-Identifier: Apache-2.0
#include "report/notice_text.h"

#include <algorithm>

#include "base/ascii.h"
#include "report/address_scan.h"
#include "report/phrases.h"

namespace penstock::report {
namespace {

constexpr std::size_t kListedMax = 200;
constexpr std::size_t kLineBytesMax = 4096;  // of a line that is searched for addresses

// Calls visit(line) for each line until it returns false.
template <class Visit>
void each_line(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!visit(line)) return;
  }
}

// Fields of mail that stand in notices and name people who are not the recipient, and messages that are no people.
bool is_other_field(std::string_view line) {
  static constexpr std::string_view kNames[] = {
      "from:",        "sender:",  "reply-to:",    "message-id:",       "message id:", "references:",
      "in-reply-to:", "subject:", "return-path:", "x-postfix-sender:", "date:",       "sent:"};
  line = ascii::trim(line);
  while (!line.empty() && (line.front() == '>' || line.front() == ' ' || line.front() == '*')) line.remove_prefix(1);
  for (const std::string_view name : kNames) {
    if (ascii::starts_with_ignoring_case(line, name)) return true;
  }
  return false;
}

bool is_field(std::string_view line, std::string_view name) {
  return ascii::starts_with_ignoring_case(ascii::trim(line), name);
}

// The words before an address say that it is someone else's.
bool names_other(std::string_view before) {
  static constexpr std::string_view kEnds[] = {
      "from",         "from:",         "sender",         "sender:",      "by",       "contact",     "mail to",
      "from address", "envelope-from", "generated from", "on behalf of", "email to", "forwarded to"};
  while (!before.empty() && (before.back() == ' ' || before.back() == '<' || before.back() == '(' ||
                             before.back() == '"' || before.back() == '\'' || before.back() == '=')) {
    before.remove_suffix(1);
  }
  const std::string lowered = ascii::lower(before.substr(before.size() - std::min<std::size_t>(before.size(), 20)));
  for (const std::string_view end : kEnds) {
    if (lowered.ends_with(end) &&
        (lowered.size() == end.size() || !ascii::is_alnum(lowered[lowered.size() - end.size() - 1]))) {
      return true;
    }
  }
  return false;
}

bool announces(std::string_view before) {
  static constexpr std::string_view kEnds[] = {":",   "to",      "recipient", "user",       "address",
                                               "for", "mailbox", "account",   "recipients", "addresses",
                                               "an",  "à",       "a"};
  while (!before.empty() && (before.back() == ' ' || before.back() == '<' || before.back() == '"' ||
                             before.back() == '\'' || before.back() == '(' || before.back() == '[')) {
    before.remove_suffix(1);
  }
  const std::string lowered = ascii::lower(before.substr(before.size() - std::min<std::size_t>(before.size(), 16)));
  for (const std::string_view end : kEnds) {
    if (!lowered.ends_with(end)) continue;
    if (end == ":" || lowered.size() == end.size() || !ascii::is_alnum(lowered[lowered.size() - end.size() - 1])) {
      return true;
    }
  }
  return false;
}

// What may follow an address that a line is about.
bool ends_listing(std::string_view after) {
  while (!after.empty() && (after.front() == '>' || after.front() == '"' || after.front() == '\'')) {
    after.remove_prefix(1);
  }
  after = ascii::trim(after);
  if (after.empty()) return true;
  static constexpr std::string_view kStarts[] = {":",  "...", "(",      "[",       "<",     "on ",  "- ",
                                                 ",",  ";",   "failed", "error",   "is ",   "was ", "-->",
                                                 "=>", "|",   "{",      "unknown", "could", "does"};
  for (const std::string_view start : kStarts) {
    if (ascii::starts_with_ignoring_case(after, start)) return true;
  }
  return after == ".";
}

Standing standing_of(std::string_view line, Place place) {
  std::string_view before = line.substr(0, place.begin);
  const std::string_view after = line.substr(place.end);
  bool decoration = true;
  for (const char c : before) {
    decoration = decoration && (ascii::is_space(c) || c == '<' || c == '"' || c == '\'' || c == '>' || c == '*' ||
                                c == '-' || c == '(' || static_cast<unsigned char>(c) > 127);
  }
  if (decoration) return ends_listing(after) ? Standing::Listed : Standing::Announced;
  if (is_other_field(line) || names_other(before)) return Standing::Mentioned;
  const std::string lowered = ascii::lower(before);
  if (lowered.find("rcpt to") != std::string::npos) return Standing::Quoted;
  const bool bracketed = before.ends_with('<');
  const std::string_view start = ascii::trim(before);
  const bool replied = start.size() >= 3 && (start[0] == '4' || start[0] == '5' || start[0] == '<') && bracketed;
  if (replied || lowered.find("said:") != std::string::npos) return Standing::Quoted;
  if (is_field(line, "to:") || is_field(line, "cc:")) return Standing::Quoted;
  return announces(before) ? Standing::Announced : Standing::Mentioned;
}

bool is_service(std::string_view address) {
  static constexpr std::string_view kLocals[] = {"postmaster@", "mailer-daemon@", "abuse@",      "support@",
                                                 "help@",       "helpdesk@",      "hostmaster@", "webmaster@",
                                                 "noreply@",    "no-reply@"};
  for (const std::string_view local : kLocals) {
    if (ascii::starts_with_ignoring_case(address, local)) return true;
  }
  return false;
}

struct Mention {
  std::string_view address;
  std::size_t begin = 0;  // of its line in the head
  Standing standing = Standing::Mentioned;
};

std::vector<Mention> find_mentions(std::string_view head) {
  std::vector<Mention> mentions;
  std::size_t offset = 0;
  each_line(head, [&](std::string_view whole_line) {
    const std::string_view line = whole_line.substr(0, kLineBytesMax);
    Standing best = Standing::Mentioned;
    const std::size_t first = mentions.size();
    for (std::size_t at = line.find('@'); at != std::string_view::npos && mentions.size() < 4 * kListedMax;
         at = line.find('@', at + 1)) {
      const Place place = address_around(line, at);
      if (place.end == 0) continue;
      const Standing standing = standing_of(line, place);
      // "user@example.com<mailto:user@example.com>" and "Name <user@example.com>" are about one address.
      if (mentions.size() > first && best == Standing::Listed) continue;
      best = std::max(best, standing);
      mentions.push_back({line.substr(place.begin, place.end - place.begin), offset, standing});
    }
    offset += whole_line.size() + 1;
    return true;
  });
  return mentions;
}

bool is_one_of(std::string_view address, std::span<const std::string> own) {
  return std::any_of(own.begin(), own.end(),
                     [&](const std::string& other) { return ascii::equal_ignoring_case(address, other); });
}

// Sections run from one listed address to the next different one.
std::vector<ListedAddress> cut_sections(std::string_view head, const std::vector<Mention>& chosen) {
  std::vector<ListedAddress> listed;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const std::size_t end = i + 1 < chosen.size() ? chosen[i + 1].begin : head.size();
    const std::string_view section = end > chosen[i].begin ? head.substr(chosen[i].begin, end - chosen[i].begin) : "";
    const auto known = std::find_if(listed.begin(), listed.end(), [&](const ListedAddress& other) {
      return ascii::equal_ignoring_case(other.address, chosen[i].address);
    });
    if (known != listed.end()) {
      known->section += section;
    } else if (listed.size() < kListedMax) {
      listed.push_back({std::string(chosen[i].address), std::string(section), chosen[i].standing});
    }
  }
  return listed;
}

// A notice that someone forwarded by quoting it.
std::string unquoted(std::string_view text) {
  std::size_t quoted = 0;
  std::size_t lines = 0;
  each_line(text.substr(0, 16 * 1024), [&](std::string_view line) {
    if (ascii::trim(line).empty()) return true;
    ++lines;
    if (line.starts_with("> ") || line == ">") ++quoted;
    return true;
  });
  if (quoted * 2 < lines || lines < 4) return std::string(text);
  std::string out;
  each_line(text, [&](std::string_view line) {
    if (line.starts_with('>')) line.remove_prefix(1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    out += line;
    out += '\n';
    return true;
  });
  return out;
}

bool starts_header(std::string_view line) {
  while (!line.empty() && (line.front() == '>' || line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  static constexpr std::string_view kNames[] = {"received: ",
                                                "received:from",
                                                "return-path:",
                                                "x-received:",
                                                "dkim-signature:",
                                                "arc-seal:",
                                                "x-google-smtp-source:",
                                                "x-google-dkim-signature:",
                                                "domainkey-signature:",
                                                "mime-version:",
                                                "received:\t"};
  for (const std::string_view name : kNames) {
    if (ascii::starts_with_ignoring_case(line, name)) return true;
  }
  return false;
}

// "This report relates to a message you sent with the following header fields:" and then the report itself.
bool introduces_some_fields(std::string_view line) {
  const std::string lowered = ascii::lower(ascii::trim(line));
  return lowered.ends_with(':') && lowered.find("following header") != std::string::npos;
}

}  // namespace

NoticeText split_notice(std::string_view text) {
  const std::string whole = unquoted(text);
  std::size_t offset = 0;
  std::size_t cut = whole.size();
  std::size_t header = whole.size();
  enum class Fields : std::uint8_t { None, Introduced, Listed } fields = Fields::None;
  each_line(whole, [&](std::string_view line) {
    const std::size_t next = std::min(whole.size(), offset + line.size() + 1);
    const bool empty = ascii::trim(line).empty();
    if (fields == Fields::Introduced && !empty) {
      fields = Fields::Listed;
    } else if (fields == Fields::Listed && empty) {
      fields = Fields::None;
    } else if (introduces_some_fields(line)) {
      fields = Fields::Introduced;
    }
    if (fields != Fields::None) {
      offset = next;
      return true;
    }
    if (starts_header(line)) {
      cut = header = offset;
      return false;
    }
    if (introduces_original(line)) {
      cut = offset;
      header = next;
      return false;
    }
    offset = next;
    return true;
  });
  return {whole.substr(0, cut), whole.substr(header)};
}

HeaderFields read_header_text(std::string_view text) {
  constexpr std::size_t kFieldsMax = 200;
  constexpr std::size_t kLinesBeforeMax = 12;
  HeaderFields fields;
  std::size_t before = 0;
  each_line(text, [&](std::string_view line) {
    while (line.starts_with('>')) line.remove_prefix(line.starts_with("> ") ? 2 : 1);
    const bool folded = !line.empty() && (line.front() == ' ' || line.front() == '\t');
    if (folded && !fields.empty()) {
      fields.back().second += ' ';
      fields.back().second += ascii::trim(line);
      return true;
    }
    line = ascii::trim(line);
    const std::size_t colon = line.find(':');
    const bool named = colon != std::string_view::npos && colon > 0 && line.find_first_of(" \t<@") > colon;
    if (named) {
      fields.emplace_back(std::string(line.substr(0, colon)), std::string(ascii::trim(line.substr(colon + 1))));
      return fields.size() < kFieldsMax;
    }
    return fields.empty() && ++before < kLinesBeforeMax;
  });
  return fields;
}

std::vector<ListedAddress> find_listed(std::string_view head, std::span<const std::string> own) {
  const std::vector<Mention> mentions = find_mentions(head);
  for (const bool with_own : {false, true}) {
    Standing best = Standing::Mentioned;
    for (const Mention& mention : mentions) {
      if (!with_own && (is_one_of(mention.address, own) || is_service(mention.address))) continue;
      best = std::max(best, mention.standing);
    }
    std::vector<Mention> chosen;
    for (const Mention& mention : mentions) {
      if (mention.standing != best) continue;
      if (!with_own && (is_one_of(mention.address, own) || is_service(mention.address))) continue;
      if (with_own && best == Standing::Mentioned) continue;
      // Of addresses that are merely mentioned the first is the best guess.
      if (best == Standing::Mentioned && !chosen.empty()) continue;
      chosen.push_back(mention);
    }
    if (!chosen.empty()) return cut_sections(head, chosen);
  }
  return {};
}

std::vector<std::string> addresses_in(std::string_view text) {
  constexpr std::size_t kAddressesMax = 100;
  std::vector<std::string> found;
  for (std::size_t at = text.find('@'); at != std::string_view::npos && found.size() < kAddressesMax;
       at = text.find('@', at + 1)) {
    const Place place = address_around(text, at);
    if (place.end != 0) found.emplace_back(text.substr(place.begin, place.end - place.begin));
  }
  return found;
}

}  // namespace penstock::report
