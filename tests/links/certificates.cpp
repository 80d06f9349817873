#include "tests/links/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace spotter::test {

namespace {

void require(bool holds, const char* what) {
  if (!holds)
    throw std::runtime_error(std::string{"certificates: "} + what);
}

X509* begin(EVP_PKEY* key, const std::string& name, long from, long to) {
  X509* made = X509_new();
  X509_set_version(made, 2);
  unsigned char serial[8];
  require(RAND_bytes(serial, sizeof serial) == 1, "random");
  serial[0] &= 0x7f;
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(made), from);
  X509_gmtime_adj(X509_getm_notAfter(made), to);
  X509_set_pubkey(made, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return made;
}

void extend(X509* made, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, made, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  require(extension != nullptr, "extension");
  X509_add_ext(made, extension, -1);
  X509_EXTENSION_free(extension);
}

void save(const std::string& path, const X509* certificate) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  require(file && PEM_write_X509(file, certificate) == 1, "write");
  std::fclose(file);
}

} // namespace

temporary_folder::temporary_folder() {
  std::string made = (std::filesystem::temp_directory_path() / "spotter-links-XXXXXX").string();
  require(::mkdtemp(made.data()) != nullptr, "folder");
  path_ = made;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

authority::authority(const temporary_folder& folder, std::string name)
  : folder_(folder), name_(std::move(name)), key_(EVP_EC_gen("P-256")) {
  certificate_ = begin(key_, name_, -3'600, 86'400);
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  extend(certificate_, certificate_, NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate_, certificate_, NID_key_usage, "critical,keyCertSign,cRLSign");
  require(X509_sign(certificate_, key_, EVP_sha256()) > 0, "sign");
  save(folder_ / (name_ + ".ca.pem"), certificate_);
}

authority::~authority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

identity_files authority::certify(const std::string& dns, long from, long to) const {
  const auto stem = name_ + "." + dns + (to < 0 ? ".expired" : from > 0 ? ".early" : "");
  identity_files out{folder_ / (stem + ".pem"), folder_ / (stem + ".key"),
                     folder_ / (name_ + ".ca.pem")};
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* made = begin(key, "a node", from, to);
  X509_set_issuer_name(made, X509_get_subject_name(certificate_));
  extend(made, certificate_, NID_subject_alt_name, "DNS:" + dns);
  require(X509_sign(made, key_, EVP_sha256()) > 0, "sign");
  save(out.certificate, made);
  std::FILE* file = std::fopen(out.key.c_str(), "wb");
  require(file && PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "write the key");
  std::fclose(file);
  X509_free(made);
  EVP_PKEY_free(key);
  return out;
}

} // namespace spotter::test
