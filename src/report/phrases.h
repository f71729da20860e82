// SPDX-License-Identifier: Apache-2.0
// The words by which people's and programs' mail is told apart. Tables of general wording in the languages mail systems
// speak; nothing that fits one message only. languages.h has those of other languages than English.
// Pure; any thread. Texts are compared as folded() makes them (base/fold.h).
#pragma once

#include <string_view>

#include "report/message_tree.h"

namespace penstock::report {

// `field` is a From value: "MAILER-DAEMON", "Mail Delivery Subsystem <mailer-daemon@…>", "postmaster@…", or nobody.
[[nodiscard]] bool is_daemon(std::string_view field);
// A name and address that no program bears: no word of mail, system, robot and the like in them.
[[nodiscard]] bool is_person(std::string_view field);
// These take folded text.
[[nodiscard]] bool is_failure_subject(std::string_view subject);
[[nodiscard]] bool is_delay_subject(std::string_view subject);
[[nodiscard]] bool is_answer_subject(std::string_view subject);   // "re: …": somebody writes about a mail
[[nodiscard]] bool is_forward_subject(std::string_view subject);  // "fwd: …": the mail itself follows
[[nodiscard]] bool says_failure(std::string_view text);
[[nodiscard]] bool says_delay(std::string_view text);
[[nodiscard]] bool says_given_up(std::string_view text);  // overrules says_delay
[[nodiscard]] bool says_returned(std::string_view text);  // so does this, unless the text itself says that it goes on
[[nodiscard]] bool is_challenge(std::string_view subject, std::string_view text);
[[nodiscard]] bool is_complaint(std::string_view subject, std::string_view text);
[[nodiscard]] bool is_authentication_report(std::string_view subject, std::string_view text);
[[nodiscard]] bool is_automatic_subject(std::string_view subject);  // "automatic reply: …", "out of office …"
// By the header alone (RFC 3834 §5 and the fields that came before it).
[[nodiscard]] bool is_auto_reply(const HeaderFields& header, std::string_view subject);
// A person's answer (it names the mail it answers, or the program it was written with) or a letter to a list, whatever
// it quotes. Marks of programs, like a null return path, are not looked at.
[[nodiscard]] bool is_from_somebody(const HeaderFields& header);
// A line after which the original message is quoted: "--- Below this line is a copy of the message."
[[nodiscard]] bool introduces_original(std::string_view line);

}  // namespace penstock::report
