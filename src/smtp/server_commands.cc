// SPDX-License-Identifier: Apache-2.0
// The commands that are not about a message.
#include <algorithm>

#include "base/check.h"
#include "smtp/server_session.h"
#include "smtp/utf8.h"

namespace penstock::smtp {
namespace {

using model::Step;

constexpr std::size_t kShortCommandBytesMax = 512;  // with its CRLF, RFC 5321 §4.5.3.1.4

bool may_be_long(Verb verb) {
  return verb == Verb::Mail || verb == Verb::Rcpt || verb == Verb::Xclient || verb == Verb::Auth;
}

bool has_control_character(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; });
}

}  // namespace

void ServerSession::obey(std::string_view line) {
  if (++commands_since_message_ > options_.commands_max) {
    return refuse_and_finish(step(), {421, {4, 7, 0}, "too many commands without a message"});
  }
  const Command command = parse_command(line);
  if (!may_be_long(command.verb) && line.size() + 2 > kShortCommandBytesMax) {
    return refuse_it(step(), {500, {5, 5, 6}, "line too long"});
  }
  if (has_control_character(line)) return refuse_it(step(), {500, {5, 5, 2}, "control character in a command"});
  obey_command(command.verb, command.argument);
}

void ServerSession::obey_command(Verb verb, std::string_view argument) {
  switch (verb) {
    case Verb::Ehlo: return on_hello(argument, true);
    case Verb::Helo: return on_hello(argument, false);
    case Verb::Mail: return on_mail(argument);
    case Verb::Rcpt: return on_rcpt(argument);
    case Verb::Data: return on_data(argument);
    case Verb::Bdat: return on_bdat(argument);
    case Verb::Rset: return on_rset(argument);
    case Verb::Noop: return say("250 2.0.0 Ok\r\n");
    case Verb::Quit: return finish({221, {2, 0, 0}, "bye"});
    case Verb::Vrfy: return on_vrfy(argument);
    case Verb::Help: return say("214 2.0.0 RFC 5321: EHLO HELO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP\r\n");
    case Verb::Xclient: return on_xclient(argument);
    case Verb::StartTls: return on_start_tls(argument);
    case Verb::Auth: return on_auth(argument);
    case Verb::Expn: return refuse_it(step(), {502, {5, 5, 1}, "not offered"});
    case Verb::Http: return refuse_and_finish(step(), {554, {5, 5, 1}, "this is SMTP"});
    case Verb::Unknown: return refuse_it(step(), {500, {5, 5, 2}, "unknown command"});
  }
  PENSTOCK_UNREACHABLE();
}

void ServerSession::on_hello(std::string_view name, bool extended) {
  if (!is_client_name(name)) {
    return refuse_it(Step::Ehlo, {501, {5, 5, 4}, "say your host name or address literal"}, name);
  }
  if (!check_synchronised()) return;
  restart(name, extended);
  if (extended) return append_offers(output_, options_, tls_);
  say({250, {}, options_.hostname});
}

bool ServerSession::check_synchronised() {
  if (!options_.synchronised || input_.empty()) return true;
  refuse_and_finish(step(), {554, {5, 5, 0}, "wait for the answer before you go on"});
  return false;
}

void ServerSession::on_xclient(std::string_view argument) {
  if (!options_.offers.xclient) return refuse_it(step(), {550, {5, 7, 0}, "you may not speak for others"});
  if (has_sender_) return refuse_it(step(), {503, {5, 5, 1}, "not within a transaction"});
  auto xclient = parse_xclient(argument);
  if (!xclient) return refuse_it(step(), {501, {5, 5, 4}, "malformed attribute"}, argument);
  if (!check_synchronised()) return;
  xclient_ = std::move(*xclient);
  awaited_ = Awaited::Client;
}

void ServerSession::on_start_tls(std::string_view argument) {
  if (!options_.offers.start_tls) return refuse_it(step(), {502, {5, 5, 1}, "not offered"});
  if (tls_) return refuse_it(step(), {503, {5, 5, 1}, "TLS is already in use"});
  if (!argument.empty()) return refuse_it(step(), {501, {5, 5, 4}, "STARTTLS takes no argument"});
  if (has_sender_) return refuse_it(step(), {503, {5, 5, 1}, "not within a transaction"});
  if (!check_synchronised()) return;
  input_ = {};  // said in clear, it must not be obeyed as if it had come encrypted (CVE-2011-0411)
  say("220 2.0.0 Ready for TLS\r\n");
  awaited_ = Awaited::Tls;
}

void ServerSession::on_rset(std::string_view argument) {
  if (!argument.empty()) return refuse_it(step(), {501, {5, 5, 4}, "RSET takes no argument"});
  reset_transaction();
  say("250 2.0.0 Ok\r\n");
}

// Whether a mailbox exists is nobody's business before mail is on its way to it (RFC 5321 §3.5.3, §7.3).
void ServerSession::on_vrfy(std::string_view argument) {
  if (argument.empty()) return refuse_it(step(), {501, {5, 5, 4}, "VRFY takes an address"});
  say("252 2.0.0 Cannot say; send mail and see\r\n");
}

}  // namespace penstock::smtp
