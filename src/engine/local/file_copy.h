// Copies of files the cheapest way there is.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace blobgate::engine {

enum class CopyWay : std::uint8_t {
  kCloned,  ///< shares blocks until either side changes; the files are independent
  kLinked,  ///< the same file under a second name
  kCopied,
};

/// Makes the file `to`, which must not exist, with the content of `from`; durable but for its
/// directory entry. Tries a reflink, then, with `may_link`, a hard link, then copies: holes stay
/// holes, and what was read does not stay in the page cache. kNotFound: there is no `from`;
/// kCancelled; kNoSpace; kIoError. What an error leaves behind is the caller's.
Result<CopyWay> CopyFile(const std::string& from, const std::string& to, bool may_link,
                         const std::stop_token& stop);

}  // namespace blobgate::engine
