// What one row of the catalog means and which bytes it needs, for checks of a whole store.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blobgate/engine/extent_store.h"

namespace blobgate::operations {

/// A part of an extent and what it is for. Each holds one reference, but see `more`.
struct ExtentUse {
  engine::ExtentRef extent;
  std::uint64_t extent_offset = 0;  ///< bytes
  std::uint64_t blob_offset = 0;    ///< where these bytes come in the blob, or in the block
  std::uint64_t length = 0;         ///< bytes of the blob; a manifest's: all of them
  bool manifest = false;            ///< an encoded block list, not content
  /// Another part of an extent of which the row has a use already: they hold one reference
  /// together.
  bool more = false;
};

struct InspectedRow {
  enum class Kind : std::uint8_t {
    kContainer,         ///< name, incarnation
    kDeletedContainer,  ///< name, incarnation: its rows are being removed
    kOther,             ///< of an account or container, without bytes
    kBlob,              ///< name
    kUncommittedBlock,  ///< name (of the blob), block (its id, base64)
    kAppendedBlock,     ///< name (of the append blob); a part of it
    kPages,             ///< name (of the page blob); a part of it
  };
  Kind kind = Kind::kOther;
  std::string name;
  std::string block;
  std::string incarnation;
  std::uint64_t length = 0;     ///< bytes of the blob or block; of a part: where it ends
  std::vector<ExtentUse> uses;  ///< all references that the row holds, but see the next
  std::string manifest_error;   ///< not empty: its block list cannot be read, so uses are missing
};

/// The whole content of an extent, verified.
using ReadExtent = std::function<Result<std::string>(const engine::ExtentRef&)>;

/// Decodes one row as it lies in the catalog and checks that its parts agree. kCorruption: it
/// cannot be what an operation wrote; the detail says why.
Result<InspectedRow> InspectRow(std::string_view name_space, std::string_view key,
                                std::string_view value, const ReadExtent& read_extent);

/// "ACCOUNT" or "INCARNATION" of a name space; empty when it is of the other kind.
std::string_view AccountOfSpace(std::string_view name_space);
std::string_view IncarnationOfSpace(std::string_view name_space);

}  // namespace blobgate::operations
