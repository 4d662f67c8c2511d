// Keys of accounts, made by the daemon or by `blobgate account new`.
#pragma once

#include <string>

namespace blobgate::server {

/// base64 of 64 random bytes, as Azure's keys.
std::string NewAccountKey();

}  // namespace blobgate::server
