// SPDX-License-Identifier: Apache-2.0
// Certificates for tests: an authority and hosts it vouches for, made anew and written below a folder of their own.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>
#include <string>

#include "base/test/temp_folder.h"

namespace penstock::net {

class Certificates {
 public:
  Certificates() {
    ca_key_.reset(EVP_EC_gen("P-256"));
    ca_ = make(ca_key_.get(), "Test Authority", "CA:TRUE", "", 0, 3600);
    write_certificate("ca.pem", ca_.get());
  }

  [[nodiscard]] std::string ca_file() const { return file("ca.pem"); }
  [[nodiscard]] std::string certificate(const std::string& host) const { return file(host + ".pem"); }
  [[nodiscard]] std::string key(const std::string& host) const { return file(host + ".key"); }
  // DER.
  [[nodiscard]] std::string bytes(const std::string& host) const {
    FILE* in = std::fopen(certificate(host).c_str(), "r");
    const Certificate read(PEM_read_X509(in, nullptr, nullptr, nullptr));
    std::fclose(in);
    unsigned char* der = nullptr;
    const int size = i2d_X509(read.get(), &der);
    std::string all(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return all;
  }
  // Valid from `from` to `until`, seconds from now.
  void add(const std::string& host, long from = -60, long until = 3600) {
    const Key own(EVP_EC_gen("P-256"));
    const auto made = make(own.get(), host, "CA:FALSE", "DNS:" + host, from, until);
    write_certificate(host + ".pem", made.get());
    FILE* out = std::fopen(key(host).c_str(), "w");
    PEM_write_PrivateKey(out, own.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    ::chmod(key(host).c_str(), 0600);
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Certificate = std::unique_ptr<X509, Free>;

  Certificate make(EVP_PKEY* own, const std::string& name, const std::string& basic, const std::string& alternative,
                   long from, long until) {
    Certificate made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), until);
    X509_set_pubkey(made.get(), own);
    X509_NAME* subject = X509_get_subject_name(made.get());
    const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(made.get(), ca_ ? X509_get_subject_name(ca_.get()) : subject);
    add_extension(made.get(), NID_basic_constraints, basic);
    if (!alternative.empty()) add_extension(made.get(), NID_subject_alt_name, alternative);
    X509_sign(made.get(), ca_key_.get(), EVP_sha256());
    return made;
  }
  static void add_extension(X509* to, int kind, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
  }
  void write_certificate(const std::string& name, X509* certificate) const {
    FILE* out = std::fopen(file(name).c_str(), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

  TempFolder folder_;
  Key ca_key_;
  Certificate ca_;
  long serial_ = 0;
};

}  // namespace penstock::net
