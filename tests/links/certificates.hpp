#pragma once

#include <openssl/types.h>

#include <filesystem>
#include <memory>
#include <string>

namespace spotter::test {

/// Where a certificate, its key and its CA are.
struct identity_files {
  std::string certificate;
  std::string key;
  std::string ca;
};

/// A folder that goes with the object.
class temporary_folder {
public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

private:
  std::filesystem::path path_;
};

/// A certificate authority of the tests' own.
class authority {
public:
  authority(const temporary_folder& folder, std::string name);
  ~authority();
  authority(const authority&) = delete;
  authority& operator=(const authority&) = delete;

  /// Writes a certificate with `dns` as its only DNS name, valid from `from` to `to` seconds from
  /// now.
  [[nodiscard]] identity_files certify(const std::string& dns, long from = -60,
                                       long to = 86'400) const;

private:
  const temporary_folder& folder_;
  std::string name_;
  EVP_PKEY* key_;
  X509* certificate_;
};

} // namespace spotter::test
