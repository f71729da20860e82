// SPDX-License-Identifier: Apache-2.0
#include "ingest/pickup.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/log.h"
#include "ingest/accepted.h"
#include "ingest/pickup_file.h"

namespace penstock::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kRecipientsMax = 10'000;

bool is_complete(const std::string& name) {
  return !name.starts_with('.') && !name.ends_with(".tmp");
}

tl::expected<std::string, std::string> read_whole(const std::string& path, std::uint64_t bytes_max) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(path, error);
  if (error) return tl::unexpected<std::string>("it cannot be read: " + error.message());
  if (size > bytes_max) {
    return tl::unexpected<std::string>(fmt::format("it has {} bytes, {} are allowed", size, bytes_max));
  }
  std::string contents(size, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(contents.data(), static_cast<std::streamsize>(size));
  if (!file) return tl::unexpected<std::string>("it cannot be read");
  return contents;
}

}  // namespace

Pickup::Pickup(Services services, net::ShardSet& shards, config::Pickup options)
    : services_(std::move(services)), shards_(shards), options_(std::move(options)) {}

Pickup::~Pickup() {
  stop();
}

Result<> Pickup::open() {
  std::error_code error;
  if (!fs::is_directory(options_.dir, error)) {
    return fail(std::make_error_code(std::errc::not_a_directory),
                fmt::format("pickup.dir {} is not a folder; make it, writable for the daemon", options_.dir));
  }
  fs::create_directory(options_.dir + "/bad", error);
  if (error) return fail(error, fmt::format("pickup.dir {}: the folder bad/ cannot be made", options_.dir));
  return {};
}

void Pickup::start() {
  thread_ = std::thread([this] { run(); });
}

void Pickup::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Pickup::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    scan();
    finish_all(false);
    lock.lock();
    wake_.wait_for(lock, options_.scan_interval, [this] { return stopping_ || !done_.empty(); });
  }
  lock.unlock();
  finish_all(true);
}

std::size_t Pickup::run_once() {
  scan();
  return finish_all(true);
}

std::size_t Pickup::scan() {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(options_.dir, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  std::size_t taken = 0;
  for (const std::string& name : names) {
    if (in_flight_.size() >= options_.max_in_flight) break;
    if (!is_complete(name) || in_flight_.contains(name) || left_alone_.contains(name)) continue;
    if (!services_.spool.healthy()) break;
    take_file(name);
    ++taken;
  }
  return taken;
}

void Pickup::take_file(const std::string& name) {
  const PlanPtr plan = services_.plan.load();
  const config::Pickup& settings = plan->config->pickup;
  const auto contents = read_whole(options_.dir + "/" + name, settings.max_message_bytes);
  if (!contents) return reject(name, contents.error());
  auto parsed = parse_pickup_file(*contents, kRecipientsMax);
  if (!parsed) return reject(name, parsed.error());
  Submission submission;
  submission.envelope = std::move(parsed->envelope);
  submission.message = parsed->message;
  submission.host = plan->config->node.name;
  submission.default_stream = settings.stream;
  submission.default_tenant = settings.tenant;
  submission.protocol = "PICKUP";
  auto admitted = admit(*plan, submission, services_.spool.make_id(), services_.clock.wall());
  if (!admitted) return reject(name, admitted.error().to_string());
  in_flight_.insert(name);
  spool::AcceptRequest request;
  request.envelope = admitted->envelope;
  request.body = std::move(admitted->body);
  request.done = spool::AcceptHandler([this, name, envelope = std::move(admitted->envelope),
                                       bulk = std::move(admitted->bulk)](Result<model::MessageId> result) mutable {
    const std::lock_guard lock(mutex_);
    done_.push_back({std::move(name), std::move(envelope), std::move(bulk), std::move(result)});
    wake_.notify_all();
  });
  services_.spool.accept(std::move(request));
}

std::size_t Pickup::finish_all(bool wait) {
  std::size_t count = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    if (wait) wake_.wait(lock, [this] { return !done_.empty() || in_flight_.empty(); });
    if (done_.empty()) return count;
    Done done = std::move(done_.front());
    done_.pop_front();
    lock.unlock();
    finish(std::move(done));
    ++count;
    lock.lock();
  }
}

void Pickup::finish(Done done) {
  in_flight_.erase(done.name);
  if (!done.result) {
    if (done.result.error() == make_error_code(spool::Errc::TooLarge))
      reject(done.name, "it is too large to be stored");
    return;  // stays in the folder and is tried again
  }
  std::error_code error;
  fs::remove(options_.dir + "/" + done.name, error);
  if (error) leave_alone(done.name, "was taken but cannot be removed: " + error.message());
  services_.probe.pickup_files.add();
  model::Event event;
  event.time = services_.clock.wall();
  event.protocol = "pickup";
  event.detail = done.name;
  record_accepted(services_.probe, services_.events, done.envelope, event);
  record_bulk_findings(services_.probe, services_.events, done.envelope, done.bulk, event);
  const std::size_t shard = next_shard_++ % shards_.size();
  shards_[shard].post([handover = &services_.handover, shard, envelope = std::move(done.envelope)] {
    handover->accepted(shard, envelope);
  });
}

// It would be taken, or refused, again at each look at the folder.
void Pickup::leave_alone(const std::string& name, const std::string& why) {
  log::error("ingest", "pickup file {} {}; it is not looked at again before a restart", name, why);
  left_alone_.insert(name);
}

void Pickup::reject(const std::string& name, const std::string& reason) {
  services_.probe.pickup_bad_files.add();
  services_.probe.rejected.add();
  const std::string target = options_.dir + "/bad/" + name;
  std::ofstream(target + ".reason") << reason << "\n";
  std::error_code error;
  fs::rename(options_.dir + "/" + name, target, error);
  if (error) leave_alone(name, "cannot be moved to bad/: " + error.message());
  model::Event event;
  event.type = model::EventType::Rejected;
  event.time = services_.clock.wall();
  event.protocol = "pickup";
  event.reply = {554, {5, 6, 0}, reason};
  event.detail = name;
  services_.events.record(event);
}

}  // namespace penstock::ingest
