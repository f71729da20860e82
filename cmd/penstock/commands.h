// SPDX-License-Identifier: Apache-2.0
// The commands. Each prints its answer and returns, or a Failure with nothing printed.
#pragma once

#include "cmd/penstock/failure.h"

namespace penstock::cli {

class Cli;

// status_command.cc, top_command.cc
Ended show_status(Cli& cli);
Ended show_top(Cli& cli);
Ended list_paths(Cli& cli);
// path_command.cc
Ended explain_path(Cli& cli);
// shaping_commands.cc
Ended list_actions(Cli& cli);
Ended set_action(Cli& cli);
Ended clear_actions(Cli& cli);
Ended pin_path(Cli& cli);
Ended unpin_path(Cli& cli);
Ended clear_path(Cli& cli);
// queue_commands.cc
Ended list_queues(Cli& cli);
Ended show_queue(Cli& cli);
Ended show_ages(Cli& cli);
Ended show_message(Cli& cli);
// event_commands.cc
Ended trace_mail(Cli& cli);
Ended tail_events(Cli& cli);
// control_commands.cc
Ended pause_mail(Cli& cli);
Ended resume_mail(Cli& cli);
Ended list_pauses(Cli& cli);
Ended hold_mail(Cli& cli);
Ended release_mail(Cli& cli);
Ended retry_mail(Cli& cli);
Ended bounce_mail(Cli& cli);
Ended reroute_mail(Cli& cli);
Ended list_jobs(Cli& cli);
Ended show_job(Cli& cli);
Ended wait_for_job(Cli& cli);
Ended cancel_job(Cli& cli);
// daemon_commands.cc
Ended reload_config(Cli& cli);
Ended rotate_keys(Cli& cli);
Ended show_config(Cli& cli);
Ended drain_daemon(Cli& cli);
Ended show_metrics(Cli& cli);
Ended show_version(Cli& cli);
// check_config_command.cc
Ended check_config(Cli& cli);
// classify_command.cc
Ended classify_reply(Cli& cli);
// tls_command.cc
Ended tls_check(Cli& cli);
// dkim_commands.cc, dkim_key_commands.cc
Ended dkim_verify(Cli& cli);
Ended dkim_new(Cli& cli);
Ended dkim_check(Cli& cli);
Ended dkim_sign(Cli& cli);
// feedback_command.cc
Ended parse_feedback(Cli& cli);
// feedback_import.cc
Ended import_feedback(Cli& cli);
// suppress_commands.cc
Ended suppress_add(Cli& cli);
Ended suppress_remove(Cli& cli);
Ended suppress_show(Cli& cli);
Ended suppress_check(Cli& cli);
Ended suppress_list(Cli& cli);
Ended suppress_review(Cli& cli);
Ended suppress_import(Cli& cli);
Ended suppress_export(Cli& cli);
Ended suppress_changes(Cli& cli);
// preflight_command.cc
Ended run_preflight(Cli& cli);
// warmup_commands.cc
Ended warmup_status(Cli& cli);
Ended warmup_pause(Cli& cli);
Ended warmup_resume(Cli& cli);
Ended warmup_set(Cli& cli);
// completion.cc
Ended print_completion(Cli& cli);
// user_commands.cc
Ended list_users(Cli& cli);
Ended show_user(Cli& cli);
Ended add_user(Cli& cli);
Ended change_user(Cli& cli);
Ended change_password(Cli& cli);
Ended remove_user(Cli& cli);

}  // namespace penstock::cli
