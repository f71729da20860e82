// SPDX-License-Identifier: Apache-2.0
// Parts: entries on their way through an import, roughly sorted by hash: in memory, or in one file for each part.
// Private to the importer.   Threads: the importer's.   Errors: of the operating system.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "suppression/importer.h"

namespace penstock::suppression {

class Importer::Parts {
 public:
  // For about so many bytes of lines. Files go into a new folder below `folder`, which is removed at the end.
  [[nodiscard]] static Result<std::unique_ptr<Parts>> make(std::uint64_t bytes, const std::string& folder);
  ~Parts();
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  [[nodiscard]] Result<> add(const Entry& entry, std::uint64_t hash);
  [[nodiscard]] std::size_t size() const { return parts_.size(); }
  // The part's entries sorted by hash, those of one hash in the order they came. The part is empty afterwards.
  [[nodiscard]] Result<std::vector<Entry>> take(std::size_t part);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct Part {
    std::string bytes;  // not yet in the file, or all of them
    std::unique_ptr<std::FILE, Close> file;
  };
  Parts() = default;
  [[nodiscard]] Result<> flush(std::size_t part);

  std::string folder_;
  unsigned shift_ = 64;  // the part's number is the hash without so many bits
  std::vector<Part> parts_;
};

}  // namespace penstock::suppression
