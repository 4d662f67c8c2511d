// What a row of the tag index says about its blob (blob/keys.h, "t").
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "blob/records.h"

namespace blobgate::blob {

/// All tags of the blob, so that a query reads no other row.
struct TaggedBlob {
  Tags tags;
  Time version{};  ///< of the current version; zero: none

  std::string Encode() const;
  static Result<TaggedBlob> Decode(std::string_view row);
};

}  // namespace blobgate::blob
