// SPDX-License-Identifier: Apache-2.0
#include "dns/answer.h"

#include "base/check.h"

namespace penstock::dns {

std::string_view to_string(RecordType type) {
  switch (type) {
    case RecordType::A: return "A";
    case RecordType::Cname: return "CNAME";
    case RecordType::Soa: return "SOA";
    case RecordType::Ptr: return "PTR";
    case RecordType::Mx: return "MX";
    case RecordType::Txt: return "TXT";
    case RecordType::Aaaa: return "AAAA";
    case RecordType::Tlsa: return "TLSA";
  }
  PENSTOCK_UNREACHABLE();
}

std::string_view to_string(Status status) {
  switch (status) {
    case Status::Found: return "found";
    case Status::NoData: return "no data";
    case Status::NxDomain: return "no such domain";
    case Status::ServFail: return "server failure";
    case Status::TimedOut: return "no answer in time";
    case Status::Bogus: return "DNSSEC validation failed";
  }
  PENSTOCK_UNREACHABLE();
}

bool is_temporary(Status status) {
  return status == Status::ServFail || status == Status::TimedOut || status == Status::Bogus;
}

}  // namespace penstock::dns
