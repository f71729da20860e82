// SPDX-License-Identifier: Apache-2.0
// The encrypted half of Stream.
#include <algorithm>

#include "base/check.h"
#include "net/stream.h"
#include "net/write_time.h"

namespace penstock::net {
namespace {

using boost::system::error_code;

constexpr std::size_t kRecordBytes = 16 * 1024;  // of data in one TLS record

std::error_code tls_trouble() {
  return std::make_error_code(std::errc::protocol_error);
}

// The next bytes to be written as one record: a long run as it lies, several short chunks gathered.
class Gathering {
 public:
  explicit Gathering(std::span<const std::string_view> chunks) : chunks_(chunks) {}

  [[nodiscard]] std::string_view next() {
    if (!gathered_.empty()) return gathered_;
    drop_empty();
    if (chunks_.empty() || chunks_.front().size() - offset_ >= kRecordBytes || chunks_.size() == 1) return front();
    std::size_t offset = offset_;
    for (const std::string_view chunk : chunks_) {
      gathered_.append(chunk.substr(offset, kRecordBytes - gathered_.size()));
      offset = 0;
      if (gathered_.size() == kRecordBytes) break;
    }
    return gathered_;
  }

  void written(std::size_t bytes) {
    gathered_.clear();
    while (bytes > 0) {
      const std::size_t here = std::min(bytes, chunks_.front().size() - offset_);
      offset_ += here;
      bytes -= here;
      drop_empty();
    }
  }

 private:
  [[nodiscard]] std::string_view front() const {
    return chunks_.empty() ? std::string_view() : chunks_.front().substr(offset_);
  }
  void drop_empty() {
    while (!chunks_.empty() && offset_ == chunks_.front().size()) {
      chunks_ = chunks_.subspan(1);
      offset_ = 0;
    }
  }

  std::span<const std::string_view> chunks_;
  std::size_t offset_ = 0;  // in the first
  std::string gathered_;
};

}  // namespace

// The deadline may pass, or the stream be closed, after the socket became ready and before we are back: then the
// channel must not be asked again, as its descriptor may be another's by now.
Task<error_code> Stream::wait_for(TlsChannel::Wait what, const Watch& watch) {
  const auto kind = what == TlsChannel::Wait::Read ? Socket::wait_read : Socket::wait_write;
  const auto [error] = co_await socket_.async_wait(kind, kAwait);
  if (watch.expired()) co_return asio::error::timed_out;
  if (!socket_.is_open()) co_return asio::error::operation_aborted;
  co_return error;
}

Task<Result<TlsFacts>> Stream::start_tls(TlsContextPtr context, TlsAsk ask, Duration timeout) {
  PENSTOCK_CHECK(tls_ == nullptr);
  tls_ = TlsChannel::for_client(std::move(context), socket_.native_handle(), std::move(ask));
  if (!tls_) co_return fail(tls_trouble(), "none of the names or TLSA records can be used");
  co_return co_await shake_hands(timeout);
}

Task<Result<TlsFacts>> Stream::accept_tls(TlsContextPtr context, Duration timeout) {
  PENSTOCK_CHECK(tls_ == nullptr);
  tls_ = TlsChannel::for_server(std::move(context), socket_.native_handle());
  co_return co_await shake_hands(timeout);
}

// The deadline is set once: a peer that sends a byte now and then does not move it.
Task<Result<TlsFacts>> Stream::shake_hands(Duration timeout) {
  read_watch_.set(timeout);
  TlsChannel::Moved moved;
  for (;;) {
    moved = tls_->shake_hands();
    if (moved.wait == TlsChannel::Wait::Nothing) break;
    const error_code error = co_await wait_for(moved.wait, read_watch_);
    if (error == asio::error::timed_out) co_return fail(std::make_error_code(std::errc::timed_out), "TLS handshake");
    if (error) co_return fail(std::error_code(error.value(), std::system_category()), "TLS handshake");
  }
  read_watch_.clear();
  if (moved.closed) co_return fail(tls_trouble(), "the peer closed during the TLS handshake");
  if (!moved.error.empty()) co_return fail(tls_trouble(), "TLS handshake: " + moved.error);
  co_return tls_->facts();
}

Task<Io> Stream::read_tls(std::span<char> into, Duration timeout) {
  if (!socket_.is_open()) co_return to_io(asio::error::bad_descriptor, 0, read_watch_);
  read_watch_.set(timeout);
  TlsChannel::Moved moved;
  while ((moved = tls_->read(into)).wait != TlsChannel::Wait::Nothing) {
    if (const error_code error = co_await wait_for(moved.wait, read_watch_)) co_return to_io(error, 0, read_watch_);
  }
  read_watch_.clear();
  if (!moved.error.empty()) co_return Io{0, false, tls_trouble()};
  co_return Io{moved.bytes, moved.closed, {}};
}

Task<Io> Stream::write_tls(std::span<const std::string_view> chunks, Duration timeout) {
  std::size_t total = 0;
  for (const std::string_view chunk : chunks) total += chunk.size();
  const WriteTime time(total, timeout);
  Gathering rest(chunks);
  for (std::string_view bytes = rest.next(); !bytes.empty(); bytes = rest.next()) {
    if (!socket_.is_open()) co_return to_io(asio::error::bad_descriptor, total, write_watch_);
    const Duration left = time.left();
    if (left <= Duration::zero()) co_return Io{0, false, std::make_error_code(std::errc::timed_out)};
    write_watch_.set(left);
    TlsChannel::Moved moved;
    while ((moved = tls_->write(bytes)).wait != TlsChannel::Wait::Nothing) {
      if (const error_code error = co_await wait_for(moved.wait, write_watch_)) {
        co_return to_io(error, total, write_watch_);
      }
    }
    write_watch_.clear();
    if (moved.closed) co_return Io{total, true, {}};
    if (!moved.error.empty()) co_return Io{total, false, tls_trouble()};
    rest.written(moved.bytes);
  }
  co_return Io{total, false, {}};
}

}  // namespace penstock::net
