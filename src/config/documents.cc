// SPDX-License-Identifier: Apache-2.0
#include "config/documents.h"

#include <filesystem>
#include <set>

#include "config/kinds.h"
#include "config/syntax.h"

namespace penstock::config {
namespace {

constexpr std::size_t kMostFiles = 1'000;
constexpr int kDeepest = 8;

class Includer {
 public:
  Includer(const Surroundings& surroundings, Problems& problems) : surroundings_(surroundings), problems_(problems) {}

  void read(std::string_view text, const std::string& name, int depth) {
    seen_.insert(normal(name));
    auto document = parse_toml(text, problems_.add_file(name), problems_);
    if (!document) return;
    std::vector<Value> patterns;
    if (const Value* include = document->find("include")) patterns = patterns_of(*include);
    documents_.push_back(std::move(*document));
    for (const Value& pattern : patterns) follow(pattern, std::filesystem::path(name).parent_path(), depth + 1);
  }
  std::vector<Value> take() { return std::move(documents_); }

 private:
  static std::string normal(const std::string& path) { return std::filesystem::path(path).lexically_normal().string(); }

  std::vector<Value> patterns_of(const Value& include) {
    std::vector<Value> patterns;
    const std::vector<Value> alone{include};
    for (const Value& value : include.kind == Value::Kind::List ? include.list : alone) {
      const bool good = value.kind == Value::Kind::Text && !value.text.empty() && value.text.size() < 4096 &&
                        value.text.find('\0') == std::string::npos;
      if (good) {
        patterns.push_back(value);
      } else {
        Complaints(problems_, "include", "include").wrong_kind(value, "a list of file patterns");
      }
    }
    return patterns;
  }

  void follow(const Value& pattern, const std::filesystem::path& folder, int depth) {
    if (depth > kDeepest) return fail(pattern, "includes are more than 8 deep");
    const std::string path = (folder / pattern.text).string();
    const bool many = pattern.text.find_first_of("*?[") != std::string::npos;
    for (const std::string& file : many ? surroundings_.find_files(path) : std::vector<std::string>{path}) {
      if (!seen_.insert(normal(file)).second) continue;
      if (seen_.size() > kMostFiles) return fail(pattern, "more than 1,000 files are included");
      const auto text = surroundings_.read_file(file);
      if (text) {
        read(*text, file, depth);
      } else {
        fail(pattern, "cannot include " + quote(file) + ": " + text.error());
      }
    }
  }

  void fail(const Value& pattern, std::string message) {
    problems_.error(pattern.place, "include", std::move(message));
    problems_.note_incomplete();
  }

  const Surroundings& surroundings_;
  Problems& problems_;
  std::set<std::string> seen_;
  std::vector<Value> documents_;
};

}  // namespace

std::vector<Value> read_documents(std::string_view text, const std::string& name, const Surroundings& surroundings,
                                  Problems& problems) {
  Includer includer(surroundings, problems);
  includer.read(text, name, 0);
  return includer.take();
}

}  // namespace penstock::config
