// SPDX-License-Identifier: Apache-2.0
// Descriptor: a file descriptor that is closed with its scope; below 0: none, as open() says when it fails.
// Plain; one owner; any thread.
#pragma once

#include <unistd.h>

namespace penstock {

struct Descriptor {
  explicit Descriptor(int n) : number(n) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int number;
};

}  // namespace penstock
