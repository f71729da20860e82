// SPDX-License-Identifier: Apache-2.0
// Changes to queued mail: /v1/pause, /v1/resume, /v1/hold, …, /v1/jobs.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>

#include "api/json.h"
#include "api/routes.h"

namespace penstock::api {
namespace {

// A change must say what it is about: nothing at all would mean everything, and is most often a mistake in a script.
void require_criteria(Input& input, const Selection& selection) {
  if (!selection.empty() || selection.all) return;
  input.refuse_with({Errc::BadRequest, "nothing is selected",
                     "give at least one of stream, tenant, campaign, domain, provider, vmta, path, message, recipient; "
                     "or \"all\": true"});
}

// A pause is about mail to come as well, so it cannot name a single message or recipient.
void require_pausable(Input& input, const Selection& selection) {
  if (!selection.message && selection.recipient.empty()) return;
  input.refuse_with({Errc::BadRequest, "a pause cannot name a message or a recipient", "hold it instead"});
}

// How many queued recipients a pause of this selection would cover.
Result<std::uint64_t> count_matched(Operations& operations, const Selection& selection) {
  QueueQuery query;
  query.selection = selection;
  query.limit = 1;
  const auto list = operations.queues(query);
  if (!list) return fail(list.error());
  return list->total.total();
}

// What resume would lift, each pause with what it covers.
Asked<Answer> count_lifted(Operations& operations, const Selection& selection) {
  boost::json::array would;
  for (const Pause& pause : operations.pauses()) {
    if (!selection.all && !(pause.selection == selection)) continue;
    const auto matched = count_matched(operations, pause.selection);
    if (!matched) return refuse(matched.error());
    boost::json::object each = to_json(pause);
    each["matched"] = *matched;
    would.push_back(std::move(each));
  }
  return answer_json({{"dry_run", true}, {"would_resume", std::move(would)}});
}

Asked<Answer> act(Call& call, Act what) {
  ActRequest request;
  request.act = what;
  request.selection = call.input.selection();
  request.dry_run = call.input.flag("dry_run");
  request.reason = call.input.text("reason");
  if (what == Act::Reroute) {
    request.to_vmta = call.input.text("to_vmta");
    request.to_stream = call.input.text("to_stream");
    request.force = call.input.flag("force");
    if (request.to_vmta.empty() == request.to_stream.empty()) {
      call.input.refuse_with({Errc::BadRequest, "give either \"to_vmta\" or \"to_stream\"", ""});
    }
  }
  require_criteria(call.input, request.selection);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto job = call.operations.act(request, call.actor);
  if (!job) return refuse(job.error());
  return answer_json(to_json(*job), job->state == JobState::Running || job->state == JobState::Waiting ? 202 : 200);
}

Asked<std::uint64_t> read_job_id(const Call& call) {
  const std::string& text = call.captures.at(0);
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return refuse(Errc::BadRequest, "the id of a job is a whole number");
  }
  return id;
}

}  // namespace

Asked<Answer> list_pauses(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  return answer_json_now(call, {{"pauses", to_json_array(call.operations.pauses())}});
}

Asked<Answer> pause_mail(Call& call) {
  PauseRequest request;
  request.selection = call.input.selection();
  request.reason = call.input.text("reason");
  request.until = call.input.time_after("until", call.now);
  const bool dry_run = call.input.flag("dry_run");
  require_criteria(call.input, request.selection);
  require_pausable(call.input, request.selection);
  if (request.until != Time{} && request.until <= call.now) {
    call.input.refuse_with({Errc::BadRequest, "\"until\" is in the past", ""});
  }
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  if (dry_run) {
    if (auto known = call.operations.check_names(request.selection); !known) return refuse(known.error());
    const auto matched = count_matched(call.operations, request.selection);
    if (!matched) return refuse(matched.error());
    return answer_json({{"dry_run", true}, {"selection", to_json(request.selection)}, {"matched", *matched}});
  }
  const auto pause = call.operations.pause(request, call.actor);
  if (!pause) return refuse(pause.error());
  return answer_json(to_json(*pause));
}

Asked<Answer> resume_mail(Call& call) {
  const Selection selection = call.input.selection();
  const bool dry_run = call.input.flag("dry_run");
  require_criteria(call.input, selection);
  require_pausable(call.input, selection);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  if (dry_run) return count_lifted(call.operations, selection);
  const auto lifted = call.operations.resume(selection, call.actor);
  if (!lifted) return refuse(lifted.error());
  return answer_json({{"resumed", to_json_array(*lifted)}});
}

Asked<Answer> hold_mail(Call& call) {
  return act(call, Act::Hold);
}
Asked<Answer> release_mail(Call& call) {
  return act(call, Act::Release);
}
Asked<Answer> retry_mail(Call& call) {
  return act(call, Act::Retry);
}
Asked<Answer> bounce_mail(Call& call) {
  return act(call, Act::Bounce);
}
Asked<Answer> reroute_mail(Call& call) {
  return act(call, Act::Reroute);
}

Asked<Answer> list_jobs(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  return answer_json_now(call, {{"jobs", to_json_array(call.operations.jobs())}});
}

Asked<Answer> show_job(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto id = read_job_id(call);
  if (!id) return tl::unexpected<Problem>(id.error());
  const auto job = call.operations.job(*id);
  if (!job) {
    return refuse(Errc::NotFound, fmt::format("there is no job {}", *id), "the last hundred that ended are kept");
  }
  return answer_json(to_json(*job));
}

Asked<Answer> cancel_job(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto id = read_job_id(call);
  if (!id) return tl::unexpected<Problem>(id.error());
  const auto job = call.operations.cancel_job(*id, call.actor);
  if (!job) return refuse(job.error());
  return answer_json(to_json(*job));
}

}  // namespace penstock::api
