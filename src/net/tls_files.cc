// SPDX-License-Identifier: Apache-2.0
#include "net/tls_files.h"

#include <sys/stat.h>

#include "base/log.h"

namespace penstock::net {

TlsFiles::Stamp TlsFiles::stamp() const {
  Stamp stamp{};
  std::size_t at = 0;
  for (const std::string* file : {&files_.certificate, &files_.key, &files_.client_ca}) {
    struct stat status {};
    if (!file->empty() && ::stat(file->c_str(), &status) == 0) {
      stamp[at] = status.st_mtim.tv_sec;
      stamp[at + 1] = status.st_mtim.tv_nsec;
      stamp[at + 2] = static_cast<std::int64_t>(status.st_ino);
    }
    at += 3;
  }
  return stamp;
}

TlsContextPtr TlsFiles::current(Time now) {
  const std::lock_guard lock(mutex_);
  if (context_ && now < next_look_) return context_;
  next_look_ = now + kLook;
  const Stamp now_seen = stamp();
  if (now_seen == seen_) return context_;
  seen_ = now_seen;
  auto made = TlsContext::server(files_);
  if (made) {
    context_ = std::move(*made);
  } else {
    log::error("tls", "{}; {}", made.error().to_string(),
               context_ ? "the certificate read before stays in use" : "TLS is not offered");
  }
  return context_;
}

}  // namespace penstock::net
