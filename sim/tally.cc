// SPDX-License-Identifier: Apache-2.0
#include "sim/tally.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "base/ascii.h"

namespace penstock::sim {
namespace {

constexpr std::size_t kListBuffer = 256 * 1024;

std::uint64_t hash_of(std::string_view sim_id, std::string_view recipient) {
  const std::hash<std::string_view> hash;
  const std::uint64_t mixed = (std::rotl(hash(sim_id), 29) ^ hash(recipient)) * 0x9E3779B97F4A7C15ULL;
  return mixed == 0 ? 1 : mixed;
}

std::string domain_of(std::string_view recipient) {
  const std::size_t at = recipient.rfind('@');
  return at == std::string_view::npos ? std::string("-") : ascii::lower(recipient.substr(at + 1));
}

std::string_view or_dash(std::string_view text) {
  return text.empty() ? std::string_view("-") : text;
}

}  // namespace

// Owned by one shard, read by whoever asks for the counts: the lock is free nearly always.
struct Tally::Part {
  std::mutex mutex;
  Counts sums;  // without the maps
  NamedCounts by_domain{kNamesMax};
  NamedCounts by_source{kNamesMax};
  NamedCounts by_ehlo{kNamesMax};
  NamedCounts dns_queries{kTextsMax};
  std::vector<std::uint64_t> by_receiver;
  std::vector<NamedCounts> refused{kSteps.size(), NamedCounts(kTextsMax)};
  std::string lines;
};

void NamedCounts::add(std::string_view name, std::uint64_t by) {
  auto found = counts_.find(name);
  if (found == counts_.end()) {
    const bool full = counts_.size() >= names_max_;
    found = counts_.try_emplace(full ? std::string("other") : std::string(name)).first;
  }
  found->second += by;
}

void NamedCounts::add_to(std::map<std::string, std::uint64_t>& sum) const {
  for (const auto& [name, count] : counts_) sum[name] += count;
}

void Directory::add(const std::string& domain, std::uint32_t receiver) {
  receivers_of_[ascii::lower(domain)].push_back(receiver);
  if (named_.size() <= receiver) named_.resize(receiver + 1);
  named_[receiver] = true;
}

bool Directory::expects(std::string_view domain, std::uint32_t receiver) const {
  if (receiver >= named_.size() || !named_[receiver]) return true;
  const auto found = receivers_of_.find(domain);
  return found != receivers_of_.end() &&
         std::find(found->second.begin(), found->second.end(), receiver) != found->second.end();
}

bool HashSet::insert(std::uint64_t hash) {
  if (size_ * 10 >= slots_.size() * 7) grow();
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    if (slots_[i] == hash) return false;
    if (slots_[i] != 0) continue;
    slots_[i] = hash;
    ++size_;
    return true;
  }
}

void HashSet::grow() {
  std::vector<std::uint64_t> old = std::exchange(slots_, {});
  slots_.resize(std::max<std::size_t>(64, old.size() * 2));
  size_ = 0;
  for (const std::uint64_t hash : old) {
    if (hash != 0) insert(hash);
  }
}

void HashSet::clear() {
  slots_.clear();
  size_ = 0;
}

Tally::Tally(std::size_t shard_count, std::vector<std::string> receivers, Directory directory)
    : receivers_(std::move(receivers)), directory_(std::move(directory)) {
  for (std::size_t i = 0; i < shard_count; ++i) {
    parts_.push_back(std::make_unique<Part>());
    parts_.back()->by_receiver.resize(receivers_.size());
  }
}

Tally::~Tally() {
  if (list_ >= 0) ::close(list_);
}

Result<> Tally::keep_list(const std::string& path) {
  list_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (list_ < 0) return fail_errno(errno, "opening " + path);
  return {};
}

Result<> Tally::write_out(Part& part) {
  std::string_view rest = part.lines;
  while (!rest.empty()) {
    const ssize_t done = ::write(list_, rest.data(), rest.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return fail_errno(errno, "writing the list of received recipients");
    rest.remove_prefix(static_cast<std::size_t>(done));
  }
  part.lines.clear();
  return {};
}

Result<> Tally::flush_list() {
  for (auto& part : parts_) {
    const std::lock_guard lock(part->mutex);
    if (auto written = write_out(*part); !written) return written;
  }
  return {};
}

// The low bits choose the slot, so the stripe is chosen by the high ones.
Tally::Seen Tally::see(std::uint64_t hash) {
  Stripe& stripe = stripes_[hash >> 58];
  const std::lock_guard lock(stripe.mutex);
  if (stripe.seen.insert(hash)) return Seen::First;
  const auto unread = stripe.unread.find(hash);
  if (unread == stripe.unread.end()) return Seen::Again;
  stripe.unread.erase(unread);  // it excuses one
  return Seen::AgainUnread;
}

void Tally::unread(const std::vector<std::uint64_t>& marks) {
  for (const std::uint64_t hash : marks) {
    Stripe& stripe = stripes_[hash >> 58];
    const std::lock_guard lock(stripe.mutex);
    stripe.unread.insert(hash);
  }
}

void Tally::arrived(std::size_t shard, std::uint32_t receiver, const Arrival& arrival,
                    std::vector<std::uint64_t>* marks) {
  Part& part = *parts_[shard];
  const std::lock_guard lock(part.mutex);
  ++part.sums.messages;
  part.sums.bytes += arrival.bytes;
  for (const std::string& recipient : arrival.recipients) {
    const std::string domain = domain_of(recipient);
    ++part.sums.received;
    ++part.by_receiver[receiver];
    part.by_domain.add(domain);
    if (!directory_.expects(domain, receiver)) ++part.sums.unexpected;
    if (arrival.sim_id.empty()) {
      ++part.sums.without_id;
    } else {
      const std::uint64_t hash = hash_of(arrival.sim_id, recipient);
      const Seen seen = see(hash);
      ++(seen == Seen::First ? part.sums.unique : part.sums.duplicates);
      if (seen == Seen::AgainUnread) ++part.sums.duplicates_unread;
      if (marks != nullptr) marks->push_back(hash);
    }
    if (list_ < 0) continue;
    part.lines.append(or_dash(arrival.sim_id)).append(" ").append(or_dash(recipient)).append(" ");
    part.lines.append(receivers_[receiver]).append(" ").append(or_dash(arrival.source)).append(" ");
    part.lines.append(or_dash(arrival.ehlo)).append("\n");
  }
  part.by_source.add(arrival.source, arrival.recipients.size());
  part.by_ehlo.add(or_dash(arrival.ehlo), arrival.recipients.size());
  // A failure to write shows at the next flush_list(), which whoever compares asks for.
  if (part.lines.size() > kListBuffer) static_cast<void>(write_out(part));
}

void Tally::refused(std::size_t shard, Step step, std::string_view reply) {
  const std::lock_guard lock(parts_[shard]->mutex);
  parts_[shard]->refused[*step_index(step)].add(reply);
}

void Tally::cut(std::size_t shard, Step step) {
  const std::lock_guard lock(parts_[shard]->mutex);
  ++parts_[shard]->sums.cut[*step_index(step)];
}

void Tally::violated(std::size_t shard, Violation violation) {
  const std::lock_guard lock(parts_[shard]->mutex);
  ++parts_[shard]->sums.violations[static_cast<std::size_t>(violation)];
}

void Tally::connected(std::size_t shard) {
  const std::lock_guard lock(parts_[shard]->mutex);
  ++parts_[shard]->sums.connections;
  ++parts_[shard]->sums.open_connections;
}

void Tally::disconnected(std::size_t shard) {
  const std::lock_guard lock(parts_[shard]->mutex);
  --parts_[shard]->sums.open_connections;
}

void Tally::dns_query(std::string_view type) {
  const std::lock_guard lock(parts_[0]->mutex);
  parts_[0]->dns_queries.add(type);
}

std::uint64_t Tally::received() const {
  std::uint64_t sum = 0;
  for (const auto& part : parts_) {
    const std::lock_guard lock(part->mutex);
    sum += part->sums.received;
  }
  return sum;
}

Counts Tally::counts() const {
  Counts all;
  for (const auto& part : parts_) {
    const std::lock_guard lock(part->mutex);
    const Counts& sums = part->sums;
    all.received += sums.received;
    all.unique += sums.unique;
    all.duplicates += sums.duplicates;
    all.duplicates_unread += sums.duplicates_unread;
    all.unexpected += sums.unexpected;
    all.without_id += sums.without_id;
    all.messages += sums.messages;
    all.bytes += sums.bytes;
    all.connections += sums.connections;
    all.open_connections += sums.open_connections;
    for (std::size_t i = 0; i < sums.violations.size(); ++i) all.violations[i] += sums.violations[i];
    for (std::size_t i = 0; i < kSteps.size(); ++i) {
      all.cut[i] += sums.cut[i];
      part->refused[i].add_to(all.refused[i]);
    }
    for (std::size_t i = 0; i < receivers_.size(); ++i) {
      if (part->by_receiver[i] != 0) all.by_receiver[receivers_[i]] += part->by_receiver[i];
    }
    part->by_domain.add_to(all.by_domain);
    part->by_source.add_to(all.by_source);
    part->by_ehlo.add_to(all.by_ehlo);
    part->dns_queries.add_to(all.dns_queries);
  }
  return all;
}

Result<> Tally::reset() {
  for (auto& part : parts_) {
    const std::lock_guard lock(part->mutex);
    const std::uint64_t open = part->sums.open_connections;
    part->sums = Counts{};
    part->sums.open_connections = open;
    for (auto* names : {&part->by_domain, &part->by_source, &part->by_ehlo, &part->dns_queries}) names->clear();
    for (auto& names : part->refused) names.clear();
    std::fill(part->by_receiver.begin(), part->by_receiver.end(), 0);
    part->lines.clear();
  }
  for (auto& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    stripe.seen.clear();
    stripe.unread.clear();
  }
  if (list_ >= 0 && ::ftruncate(list_, 0) != 0) return fail_errno(errno, "emptying the list of received recipients");
  return {};
}

}  // namespace penstock::sim
