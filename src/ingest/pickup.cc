// SPDX-License-Identifier: Apache-2.0
#include "ingest/pickup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/descriptor.h"
#include "base/log.h"
#include "ingest/accepted.h"
#include "ingest/pickup_file.h"
#include "spool/errc.h"

namespace penstock::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kRecipientsMax = 10'000;

// The name of a file from before its message is stored until it is removed: ".taken-01K8Q2R5VX3ZP-NAME". What was
// durable when the daemon was killed in between is told by the id.
constexpr std::string_view kTaken = ".taken-";

struct TakenName {
  model::MessageId id;
  std::string name;  // before
};
std::string taken_name(model::MessageId id, const std::string& name) {
  return fmt::format("{}{}-{}", kTaken, model::format_id(id), name);
}
std::optional<TakenName> parse_taken(std::string_view taken) {
  if (!taken.starts_with(kTaken)) return std::nullopt;
  taken.remove_prefix(kTaken.size());
  const std::size_t dash = taken.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto id = model::parse_message_id(taken.substr(0, dash));
  if (!id) return std::nullopt;
  return TakenName{*id, std::string(taken.substr(dash + 1))};
}

// Never over another file.
std::error_code move_file(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  return {errno, std::generic_category()};
}

bool is_complete(const std::string& name) {
  return !name.starts_with('.') && !name.ends_with(".tmp");
}

tl::unexpected<std::string> unread(int error) {
  return tl::unexpected<std::string>("it cannot be read: " + std::generic_category().message(error));
}

// Who may write here need not be allowed to read what we may: a link is not followed. A pipe must not block.
tl::expected<std::string, std::string> read_whole(const std::string& path, std::uint64_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.number < 0 && errno == ELOOP) {
    return tl::unexpected<std::string>("it is a symbolic link, which is not followed; put the file itself here");
  }
  if (file.number < 0 && errno == ENXIO) return tl::unexpected<std::string>("it is no regular file");  // a socket
  struct stat facts {};
  if (file.number < 0 || ::fstat(file.number, &facts) != 0) return unread(errno);
  if (!S_ISREG(facts.st_mode)) return tl::unexpected<std::string>("it is no regular file");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  if (size > bytes_max) {
    return tl::unexpected<std::string>(fmt::format("it has {} bytes, {} are allowed", size, bytes_max));
  }
  std::string contents(size, '\0');
  std::size_t have = 0;
  while (have < contents.size()) {
    const ssize_t got = ::read(file.number, contents.data() + have, contents.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unread(errno);
    if (got == 0) return tl::unexpected<std::string>("it became shorter while it was read");
    have += static_cast<std::size_t>(got);
  }
  return contents;
}

// Beside the bad file, and never through a link that has the name.
void write_reason(const std::string& path, const std::string& reason) {
  std::error_code ignored;
  fs::remove(path, ignored);
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  const std::string line = reason + "\n";
  if (file.number >= 0 && ::write(file.number, line.data(), line.size()) == static_cast<ssize_t>(line.size())) return;
  log::error("ingest", "{} cannot be written: {}", path, std::generic_category().message(errno));
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
  finish_taken();
  return {};
}

// Nobody has delivered anything yet, so what became durable is still in the spool.
void Pickup::finish_taken() {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(options_.dir, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  for (const std::string& name : names) {
    const auto taken = parse_taken(name);
    if (!taken) continue;
    const auto stored = services_.spool.read_envelope(taken->id);
    if (stored) {
      fs::remove(options_.dir + "/" + name, error);
    } else if (stored.error() == make_error_code(spool::Errc::UnknownMessage)) {
      give_back(name, taken->name);
    } else {
      log::error("ingest", "pickup file {} stays, whether it is stored cannot be read: {}", name,
                 stored.error().to_string());
    }
  }
}

void Pickup::give_back(const std::string& taken, const std::string& name) {
  const std::string from = options_.dir + "/" + taken;
  std::error_code error = move_file(from, options_.dir + "/" + name);
  // Another one has its name.
  if (error == std::errc::file_exists) error = move_file(from, options_.dir + "/" + taken.substr(kTaken.size()));
  if (error) log::error("ingest", "pickup file {} cannot be given its name back: {}", taken, error.message());
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
    // Whatever else has a name is set aside with the reason: see read_whole().
    const fs::file_type type = entry->symlink_status(ignored).type();
    if (type == fs::file_type::none || type == fs::file_type::not_found) continue;
    if (type != fs::file_type::directory) names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  std::size_t taken = 0;
  for (const std::string& name : names) {
    if (in_flight_.size() >= options_.max_in_flight) break;
    if (!is_complete(name) || left_alone_.contains(name)) continue;
    if (!services_.spool.healthy()) break;
    take_file(name);
    ++taken;
  }
  return taken;
}

void Pickup::take_file(const std::string& name) {
  const PlanPtr plan = services_.plan.load();
  const config::Pickup& settings = plan->config->pickup;
  const model::MessageId id = services_.spool.make_id();
  const std::string taken = taken_name(id, name);
  if (const auto error = move_file(options_.dir + "/" + name, options_.dir + "/" + taken)) {
    return leave_alone(name, "cannot be renamed, so it is not taken: " + error.message());
  }
  const auto contents = read_whole(options_.dir + "/" + taken, settings.max_message_bytes);
  if (!contents) return reject(taken, name, contents.error());
  auto parsed = parse_pickup_file(*contents, kRecipientsMax);
  if (!parsed) return reject(taken, name, parsed.error());
  Submission submission;
  submission.envelope = std::move(parsed->envelope);
  submission.message = parsed->message;
  submission.host = plan->config->node.name;
  submission.default_stream = settings.stream;
  submission.default_tenant = settings.tenant;
  submission.protocol = "PICKUP";
  auto admitted = admit(*plan, submission, id, services_.clock.wall());
  if (!admitted) return reject(taken, name, admitted.error().to_string(), &submission.envelope);
  in_flight_.insert(taken);
  spool::AcceptRequest request;
  request.envelope = admitted->envelope;
  request.body = std::move(admitted->body);
  request.done = spool::AcceptHandler(
      [this, name = std::string(name), taken = std::string(taken), envelope = std::move(admitted->envelope),
       broken_rules = std::move(admitted->broken_rules)](Result<model::MessageId> result) mutable {
        const std::lock_guard lock(mutex_);
        done_.push_back(
            {std::move(name), std::move(taken), std::move(envelope), std::move(broken_rules), std::move(result)});
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
  in_flight_.erase(done.taken);
  if (!done.result) {
    if (done.result.error() == make_error_code(spool::Errc::TooLarge)) {
      return reject(done.taken, done.name, "it is too large to be stored", &done.envelope);
    }
    return give_back(done.taken, done.name);  // it is tried again
  }
  // Before anybody delivers it: see finish_taken().
  std::error_code error;
  fs::remove(options_.dir + "/" + done.taken, error);
  if (error) log::error("ingest", "pickup file {} was taken but cannot be removed: {}", done.taken, error.message());
  services_.probe.pickup_files.add();
  model::Event event;
  event.time = services_.clock.wall();
  event.protocol = "pickup";
  event.detail = done.name;
  record_accepted(services_.probe, services_.events, done.envelope, event);
  record_bulk_findings(services_.probe, services_.events, done.envelope, done.broken_rules, event);
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

void Pickup::reject(const std::string& taken, const std::string& name, const std::string& reason,
                    const model::Envelope* envelope) {
  services_.probe.pickup_bad_files.add();
  const std::string target = options_.dir + "/bad/" + name;
  write_reason(target + ".reason", reason);
  std::error_code error;
  fs::rename(options_.dir + "/" + taken, target, error);
  if (error) {
    give_back(taken, name);
    leave_alone(name, "cannot be moved to bad/: " + error.message());
  }
  model::Event event;
  event.type = model::EventType::Rejected;
  event.time = services_.clock.wall();
  event.protocol = "pickup";
  event.detail = name;
  const model::Reply reply{554, {5, 6, 0}, reason};
  if (envelope != nullptr) return record_rejected(services_.probe, services_.events, *envelope, reply, event);
  services_.probe.rejected.add();
  event.reply = reply;
  services_.events.record(event);
}

}  // namespace penstock::ingest
