// Keys and values that the local engine keeps in RocksDB (docs/on-disk-format.md, "Catalog").
// Numbers in keys are big endian, so that bytes order them; numbers in values little endian.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "blobgate/engine/catalog.h"
#include "engine/local/place.h"

namespace blobgate::engine {

std::string EncodeBigEndian(std::uint64_t value);
/// REQUIRES: 8 bytes.
std::uint64_t DecodeBigEndian(std::string_view in);

// Column family "default": counters, partitions, segments, moved extents.
inline constexpr std::string_view kNextPartitionKey = "n/partition";
inline constexpr std::string_view kNextSegmentKey = "n/segment";
inline constexpr std::string_view kScrubKey = "scrub";      ///< -> ScrubProgress (scrubber.h)
inline constexpr std::string_view kPartitionPrefix = "p/";  ///< + name space -> id (big endian)
inline constexpr std::string_view kSegmentPrefix = "s/";    ///< + id -> SegmentRow
inline constexpr std::string_view kResumeKey = "n/resume";  ///< CatalogDb::KeepResumable
inline constexpr std::string_view kMovedPrefix = "m/";      ///< + present place -> MovedRow
inline constexpr std::string_view kLoggedPrefix = "w/";     ///< + place -> content (format 3)
std::string PartitionKey(std::string_view name_space);
std::string SegmentKey(std::uint64_t segment);
std::string MovedKey(const Place& place);
std::string LoggedKey(const Place& place);

/// A segment as the catalog knows it.
struct SegmentRow {
  enum class State : std::uint8_t {
    kActive = 1,    ///< extents may be appended; recovery looks through it
    kSealed = 2,    ///< nothing is appended; all that is not referenced was taken off or has a
                    ///< garbage row
    kEmptying = 3,  ///< sealed, and extents born in it have moved elsewhere; it never becomes
                    ///< active again (format 2)
  };
  State state = State::kActive;
  std::uint64_t live = 0;  ///< stored bytes of the extents that have a reference
  std::uint64_t end = 0;   ///< size of the file; only kept up to date once sealed

  std::string Encode() const;
  static std::optional<SegmentRow> Decode(std::string_view in);
};

// Column family "rows": partition id + key -> version + value.
std::string RowKey(std::uint64_t partition, std::string_view key);
/// The smallest key behind all rows of `partition`.
std::string RowsEnd(std::uint64_t partition);
std::string EncodeRow(RowVersion version, std::string_view value);
/// nullopt when `in` is cut short. The view is into `in`.
struct RowView {
  RowVersion version = 0;
  std::string_view value;
};
std::optional<RowView> DecodeRow(std::string_view in);

// Column family "extents": birth place -> ExtentRow; "garbage": birth place -> stored length.
std::string PlaceKey(const Place& place);
std::optional<Place> DecodePlaceKey(std::string_view in);

/// A referenced extent. Its bytes lie where it was born unless it moved (format 2).
struct ExtentRow {
  std::uint64_t references = 0;
  std::uint64_t length = 0;                   ///< content bytes
  std::uint64_t check = 0;                    ///< CRC-64 of the content
  std::optional<Place> moved = std::nullopt;  ///< where it went

  Place PlaceOf(const Place& birth) const { return moved.value_or(birth); }

  std::string Encode() const;
  static std::optional<ExtentRow> Decode(std::string_view in);
};

/// An extent that lies in a segment it was not born in.
struct MovedRow {
  Place birth;
  std::uint64_t stored = 0;  ///< bytes
  bool operator==(const MovedRow&) const = default;

  std::string Encode() const;
  static std::optional<MovedRow> Decode(std::string_view in);
};

std::string EncodeLength(std::uint64_t stored);
std::optional<std::uint64_t> DecodeLength(std::string_view in);

}  // namespace blobgate::engine
