// SPDX-License-Identifier: Apache-2.0
#include "net/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <ctime>
#include <memory>

namespace penstock::net {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

Time to_time(const ASN1_TIME* from) {
  std::tm parts{};
  if (from == nullptr || ASN1_TIME_to_tm(from, &parts) != 1) return {};
  return Time{std::chrono::seconds{::timegm(&parts)}};
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, Free> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (all == nullptr) return names;
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* text = name->d.dNSName;
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                       static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return names;
}

}  // namespace

Result<Certificate> read_certificate(const std::string& path, const std::string& host) {
  const std::unique_ptr<BIO, Free> file(BIO_new_file(path.c_str(), "r"));
  if (file == nullptr) {
    const int number = errno;
    ERR_clear_error();
    return fail_errno(number, path);
  }
  const std::unique_ptr<X509, Free> certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) {
    return fail(std::make_error_code(std::errc::invalid_argument), path + " has no certificate in PEM form");
  }
  Certificate out;
  out.names = names_of(certificate.get());
  out.begins = to_time(X509_get0_notBefore(certificate.get()));
  out.expires = to_time(X509_get0_notAfter(certificate.get()));
  out.fits = X509_check_host(certificate.get(), host.data(), host.size(), 0, nullptr) == 1;
  return out;
}

}  // namespace penstock::net
