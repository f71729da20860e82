// SPDX-License-Identifier: Apache-2.0
#include "sim/mail_folder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace penstock::sim {

Result<> MailFolder::create() {
  for (const char* name : {"cur", "new", "tmp"}) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path_) / name, error);
    if (error) return fail(error, "creating " + path_ + "/" + name);
  }
  return {};
}

Result<> MailFolder::keep(std::string_view receiver, const Arrival& arrival) {
  const std::string name = fmt::format("{:08}.{}", number_.fetch_add(1), receiver);
  const std::string draft = path_ + "/tmp/" + name;
  std::ofstream file(draft, std::ios::binary);
  file << "X-Sim-Mail-From: <" << arrival.sender << ">\r\n";
  for (const std::string& recipient : arrival.recipients) file << "X-Sim-Rcpt-To: <" << recipient << ">\r\n";
  file << "X-Sim-Ehlo: " << arrival.ehlo << "\r\nX-Sim-Source: " << arrival.source << "\r\nX-Sim-Receiver: " << receiver
       << "\r\n"
       << arrival.content;
  file.close();
  if (!file || std::rename(draft.c_str(), (path_ + "/new/" + name).c_str()) != 0) {
    return fail_errno(errno, "writing " + draft);
  }
  return {};
}

}  // namespace penstock::sim
