// SPDX-License-Identifier: Apache-2.0
#include "suppression/import_parts.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/check.h"

namespace penstock::suppression {
namespace {

constexpr std::uint64_t kPartBytes = 8ULL << 20;
constexpr std::size_t kBuffered = 64 * 1024;
constexpr unsigned kPartBitsMax = 8;

template <class Number>
void put(std::string& to, Number number) {
  to.append(reinterpret_cast<const char*>(&number), sizeof number);
}
void put_text(std::string& to, std::string_view text) {
  put(to, static_cast<std::uint16_t>(text.size()));
  to += text;
}

// What put() wrote a moment ago; our own memory or file.
class Taker {
 public:
  explicit Taker(std::string_view from) : from_(from) {}
  template <class Number>
  Number number() {
    PENSTOCK_CHECK(from_.size() >= sizeof(Number));
    Number value;
    std::memcpy(&value, from_.data(), sizeof value);
    from_.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const auto size = number<std::uint16_t>();
    PENSTOCK_CHECK(from_.size() >= size);
    std::string value(from_.substr(0, size));
    from_.remove_prefix(size);
    return value;
  }
  [[nodiscard]] std::size_t left() const { return from_.size(); }

 private:
  std::string_view from_;
};

void put_entry(std::string& to, const Entry& entry, std::uint64_t hash) {
  put(to, hash);
  put(to, static_cast<std::uint8_t>(entry.cause));
  put(to, static_cast<std::uint8_t>(entry.investigate));
  put(to, static_cast<std::uint8_t>(entry.scope.kind));
  put(to, entry.since.time_since_epoch().count());
  put(to, entry.until.time_since_epoch().count());
  for (const std::string* text :
       {&entry.address, &entry.scope.name, &entry.reason, &entry.source, &entry.note, &entry.who}) {
    put_text(to, *text);
  }
}

Entry take_entry(Taker& from) {
  Entry entry;
  entry.cause = static_cast<Cause>(from.number<std::uint8_t>());
  entry.investigate = from.number<std::uint8_t>() != 0;
  entry.scope.kind = static_cast<ScopeKind>(from.number<std::uint8_t>());
  entry.since = Time{Duration{from.number<Duration::rep>()}};
  entry.until = Time{Duration{from.number<Duration::rep>()}};
  for (std::string* text : {&entry.address, &entry.scope.name, &entry.reason, &entry.source, &entry.note, &entry.who}) {
    *text = from.text();
  }
  return entry;
}

}  // namespace

Result<std::unique_ptr<Importer::Parts>> Importer::Parts::make(std::uint64_t bytes, const std::string& folder) {
  std::unique_ptr<Parts> parts(new Parts);
  unsigned bits = 0;
  while (bits < kPartBitsMax && (bytes >> bits) > kPartBytes) ++bits;
  parts->shift_ = 64 - bits;
  parts->parts_.resize(std::size_t{1} << bits);
  if (bits == 0) return parts;
  std::string pattern = folder + "/import-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) return fail_errno(errno, folder + ": no folder can be made for the import");
  parts->folder_ = pattern;
  for (std::size_t i = 0; i < parts->parts_.size(); ++i) {
    const std::string path = parts->folder_ + "/" + std::to_string(i);
    parts->parts_[i].file.reset(std::fopen(path.c_str(), "w+be"));
    if (!parts->parts_[i].file) return fail_errno(errno, path);
    std::setvbuf(parts->parts_[i].file.get(), nullptr, _IONBF, 0);
  }
  return parts;
}

Importer::Parts::~Parts() {
  parts_.clear();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Result<> Importer::Parts::add(const Entry& entry, std::uint64_t hash) {
  const std::size_t number = shift_ == 64 ? 0 : hash >> shift_;
  Part& part = parts_[number];
  put_entry(part.bytes, entry, hash);
  if (part.file && part.bytes.size() >= kBuffered) return flush(number);
  return {};
}

Result<> Importer::Parts::flush(std::size_t number) {
  Part& part = parts_[number];
  if (std::fwrite(part.bytes.data(), 1, part.bytes.size(), part.file.get()) != part.bytes.size()) {
    return fail_errno(errno, folder_);
  }
  part.bytes.clear();
  return {};
}

Result<std::vector<Entry>> Importer::Parts::take(std::size_t number) {
  Part& part = parts_[number];
  std::string bytes;
  if (part.file) {
    if (auto done = flush(number); !done) return fail(done.error());
    const long size = std::ftell(part.file.get());
    std::rewind(part.file.get());
    bytes.resize(static_cast<std::size_t>(std::max(0L, size)));
    if (std::fread(bytes.data(), 1, bytes.size(), part.file.get()) != bytes.size()) return fail_errno(EIO, folder_);
    part.file.reset();
  } else {
    bytes = std::move(part.bytes);
  }
  part.bytes = {};
  std::vector<std::pair<std::uint64_t, Entry>> found;
  for (Taker from(bytes); from.left() > 0;) {
    const auto hash = from.number<std::uint64_t>();
    found.emplace_back(hash, take_entry(from));
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Entry> entries;
  entries.reserve(found.size());
  for (auto& [hash, entry] : found) entries.push_back(std::move(entry));
  return entries;
}

}  // namespace penstock::suppression
