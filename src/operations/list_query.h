// The query parameters that listings share, and their markers.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "azure/errors.h"
#include "azure/xml_writer.h"
#include "http/request_head.h"

namespace blobgate::operations {

/// Entries of a page at most, and by default.
inline constexpr std::size_t kMaxListResults = 5000;

/// `maxresults`, cut to `limit`, which is also the default. 400 OutOfRangeQueryParameterValue below
/// 1, 400 InvalidQueryParameterValue when it is no number.
azure::Outcome<std::size_t> ParseMaxResults(const http::Query& query,
                                            std::size_t limit = kMaxListResults);

/// The items of `include`, each one of `known`, in `known`'s spelling. 400
/// InvalidQueryParameterValue for any other.
azure::Outcome<std::vector<std::string_view>> ParseInclude(const http::Query& query,
                                                           std::span<const std::string_view> known);

/// The key range of a listing.
struct ListRange {
  std::string from;
  std::string end;  ///< exclusive; not empty
};

/// Rows of kind `kind` (the first byte of their keys) whose names begin with `prefix`, from the
/// marker or the name `startFrom` on, and before `endBefore` when that is to count. An empty range
/// when no name can match. 400 InvalidQueryParameterValue for a marker that is not one of ours, or
/// a startFrom or endBefore that no name can reach.
/// `marker_name`: what the marker's parameter is called.
azure::Outcome<ListRange> ParseListRange(const http::Query& query, char kind,
                                         bool end_before = false,
                                         std::string_view marker_name = "marker");

/// The key of a marker whose first byte is `kind`; nullopt when it is not one of ours.
std::optional<std::string> DecodeMarker(std::string_view marker, char kind);

/// NextMarker for a page that ends before `key`; empty for an empty key. Only letters, digits, `-`,
/// `_` and `=`, so that a client that does not escape it loses nothing.
std::string EncodeMarker(std::string_view key);

/// The echo of a parameter: an element when the request had it, as it was sent.
void WriteEcho(azure::XmlWriter& xml, const http::Query& query, std::string_view parameter,
               std::string_view element);

}  // namespace blobgate::operations
