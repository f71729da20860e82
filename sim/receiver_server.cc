// SPDX-License-Identifier: Apache-2.0
#include "sim/receiver_server.h"

#include <array>
#include <cstring>

#include "base/log.h"

namespace penstock::sim {
namespace {

constexpr std::size_t kBuffer = 32 * 1024;
constexpr Duration kWriteTimeout{std::chrono::seconds{60}};
constexpr Duration kHangMax{std::chrono::hours{1}};
constexpr Duration kDripPace{std::chrono::milliseconds{20}};  // of each byte

net::Task<bool> drip(net::Stream& stream, std::array<char, 3> code) {
  const std::string line = std::string(code.data(), code.size()) + "-wait\r\n";
  for (std::size_t i = 0;; i = (i + 1) % line.size()) {
    const net::Io written = co_await stream.write(std::string_view(line).substr(i, 1), kWriteTimeout);
    if (written.error || co_await net::sleep_for(kDripPace)) co_return false;
  }
}

}  // namespace

// One connection's book-keeping; whatever way the conversation ends, it leaves the counts right.
class ReceiverServer::Connection final : public SessionSink {
 public:
  Connection(ReceiverServer& server, net::Stream& stream)
      : server_(server),
        stream_(stream),
        shard_(stream.shard().index()),
        seen_version_(server.receiver_.version()),
        session_(
            {server.receiver_.spec().host, stream.peer_address(),
             server.mail_folder_ != nullptr || !server.receiver_.spec().after.empty(), server.provider_ != nullptr},
            server.receiver_.behaviour(), server.receiver_.next_seed(), *this, server.receiver_.memory()) {
    server_.open_[shard_].insert(&stream_);
    server_.tally_.connected(shard_);
    admitted_ = server_.receiver_.gate().enter(stream_.peer_address(), session_.behaviour().max_connections_per_source);
    if (server_.provider_) counted_ = server_.provider_->enter(stream_.peer_address(), now());
  }
  ~Connection() override {
    if (counted_) server_.provider_->leave(stream_.peer_address());
    if (admitted_) server_.receiver_.gate().leave(stream_.peer_address());
    server_.tally_.disconnected(shard_);
    server_.open_[shard_].erase(&stream_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] ReceiverSession& session() { return session_; }
  [[nodiscard]] bool admitted() const { return admitted_; }
  void follow_changes() {
    const std::uint64_t version = server_.receiver_.version();
    if (version == seen_version_) return;
    seen_version_ = version;
    session_.use(server_.receiver_.behaviour());
  }

  bool take_message_permit() override {
    const Rate& rate = session_.behaviour().message_rate_per_source;
    if (rate.count == 0) return true;
    return server_.receiver_.gate().take_message(stream_.peer_address(), rate, std::chrono::steady_clock::now());
  }
  void arrived(const Arrival& arrival) override {
    server_.tally_.arrived(shard_, server_.receiver_.number(), arrival, &answered_);
    if (server_.provider_) {
      server_.provider_->taken(stream_.peer_address(), arrival.sender, arrival.recipients, now());
    }
    server_.after_.arrived(shard_, server_.receiver_.spec(), arrival);
    if (!server_.mail_folder_) return;
    if (const auto kept = server_.mail_folder_->keep(server_.receiver_.spec().name, arrival); !kept) {
      log::error("sim", "{}", kept.error().to_string());
    }
  }
  void refused(Step step, std::string_view reply) override { server_.tally_.refused(shard_, step, reply); }
  void cut(Step step) override {
    answer_kept_back_ = step == Step::EndOfData;
    server_.tally_.cut(shard_, step);
  }
  void violated(Violation violation) override { server_.tally_.violated(shard_, violation); }

  Verdict judge(const Occasion& occasion, std::uint64_t messages) override {
    if (!server_.provider_) return {};
    return server_.provider_->judge(occasion, messages, !counted_, now());
  }
  void named(std::string_view sender, std::string_view recipient) override {
    if (server_.provider_) server_.provider_->named(stream_.peer_address(), sender, recipient);
  }

  // The client has sent something, and has read what we said before.
  void client_spoke() { answered_.clear(); }
  // The client was never told: it must hear nothing of what was taken, and will rightly send it again.
  [[nodiscard]] bool answer_kept_back() const { return answer_kept_back_; }
  [[nodiscard]] bool answer_open() const { return !answered_.empty(); }
  void answer_unread() { server_.tally_.unread(answered_); }

 private:
  static Duration now() {
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
  }

  ReceiverServer& server_;
  net::Stream& stream_;
  const std::size_t shard_;
  std::uint64_t seen_version_;
  ReceiverSession session_;
  std::vector<std::uint64_t> answered_;  // what was accepted since the client last spoke
  bool answer_kept_back_ = false;
  bool admitted_ = false;
  bool counted_ = false;  // by the provider
};

ReceiverServer::ReceiverServer(net::ShardSet& shards, Receiver& receiver, Parts parts)
    : shards_(shards),
      receiver_(receiver),
      tally_(parts.tally),
      after_(parts.after),
      mail_folder_(parts.mail_folder),
      provider_(parts.provider),
      open_(shards.size()) {}

Result<> ReceiverServer::open() {
  for (const std::string& address : receiver_.spec().addresses) {
    auto endpoint = net::make_endpoint(address, receiver_.spec().port);
    if (!endpoint) return fail(endpoint.error());
    endpoints_.push_back(*endpoint);
  }
  return bring_up();
}

Result<> ReceiverServer::bring_up() {
  if (is_up()) return {};
  for (net::Endpoint& endpoint : endpoints_) {
    auto listener = std::make_unique<net::Listener>(
        shards_, endpoint, "receiver " + receiver_.spec().name,
        [this](std::unique_ptr<net::Stream> stream) { return serve(std::move(stream)); });
    if (auto opened = listener->open(); !opened) {
      listeners_.clear();
      return opened;
    }
    endpoint = listener->endpoint();
    listeners_.push_back(std::move(listener));
  }
  return {};
}

void ReceiverServer::start() {
  for (auto& listener : listeners_) listener->start();
}

void ReceiverServer::take_down() {
  for (auto& listener : listeners_) listener->stop();
  listeners_.clear();
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].post([this, i] {
      for (net::Stream* stream : open_[i]) stream->abort();
    });
  }
}

net::Task<> ReceiverServer::serve(std::unique_ptr<net::Stream> stream) {
  Connection connection(*this, *stream);
  co_await converse(*stream, connection);
  if (connection.answer_kept_back()) {
    connection.answer_unread();
    co_return;
  }
  if (!connection.answer_open() || !stream->is_open()) co_return;
  // A client that ends with an answer of ours unread resets the connection, and so do answers it is no longer there
  // for; then this cannot be sent. One that has read all just closes, and this is thrown away.
  const net::Io written = co_await stream->write(std::string_view("\r\n"), kWriteTimeout);
  if (written.error && !written.timed_out()) connection.answer_unread();
}

// Writes what is to be said and does what comes next. False: the conversation is over.
net::Task<bool> ReceiverServer::act(net::Stream& stream, Connection& connection, Next next) {
  std::string& output = connection.session().output();
  if (next.kind != Next::Kind::Reset && !output.empty()) {
    const net::Io written = co_await stream.write(output, kWriteTimeout);
    output.clear();
    if (written.error) co_return false;
  }
  switch (next.kind) {
    case Next::Kind::Read: co_return true;
    case Next::Kind::Wait: co_return !co_await net::sleep_for(next.wait) && stream.is_open();
    case Next::Kind::Close: co_return false;
    case Next::Kind::Reset: stream.abort(); co_return false;
    case Next::Kind::Drip: co_return co_await drip(stream, next.code);
    case Next::Kind::Hang: break;
  }
  std::array<char, 1024> ignored{};
  while ((co_await stream.read_some(ignored, kHangMax)).bytes > 0) {
  }
  co_return false;
}

net::Task<> ReceiverServer::converse(net::Stream& stream, Connection& connection) {
  ReceiverSession& session = connection.session();
  const auto buffer = std::make_unique_for_overwrite<char[]>(kBuffer);
  std::size_t filled = 0;
  Next next = session.start(connection.admitted());
  bool greeting = true;
  for (;;) {
    if (next.kind != Next::Kind::Read) {
      if (!co_await act(stream, connection, next)) co_return;
    } else if (!session.output().empty()) {  // the common case, without a further coroutine
      const net::Io written = co_await stream.write(session.output(), kWriteTimeout);
      session.output().clear();
      if (written.error) co_return;
    }
    if (greeting && next.kind == Next::Kind::Wait && stream.readable() > 0) {
      connection.violated(Violation::EarlyTalker);
    }
    if (next.kind == Next::Kind::Read) {
      greeting = false;
      const net::Io got =
          co_await stream.read_some({buffer.get() + filled, kBuffer - filled}, session.behaviour().idle_timeout);
      if (got.bytes == 0) co_return;  // the client has left, or was silent for too long
      filled += got.bytes;
      connection.client_spoke();
    }
    connection.follow_changes();
    std::string_view unread(buffer.get(), filled);
    next = session.on_bytes(unread);
    if (!unread.empty() && unread.size() < filled) std::memmove(buffer.get(), unread.data(), unread.size());
    filled = unread.size();
  }
}

}  // namespace penstock::sim
