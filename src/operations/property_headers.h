// The HTTP properties of a blob as a request gives them (operations.md 2.4).
#pragma once

#include <string_view>

#include "azure/errors.h"
#include "blob/records.h"
#include "http/request_head.h"

namespace blobgate::operations {

struct PropertyHeaders {
  blob::HttpProperties properties;  ///< no defaults; empty where nothing was sent
  bool any = false;                 ///< one of the six x-ms-blob-* headers was sent
};

/// The dfs face's `prefix`.
inline constexpr std::string_view kPathPropertyPrefix = "x-ms-";

/// Reads x-ms-blob-content-type, -encoding, -language, -disposition, -md5 and
/// x-ms-blob-cache-control, or the same behind another `prefix`. `body_is_content`: the standard
/// header counts where its twin is absent. 400 InvalidMd5; 400 InvalidHeaderValue for a text above
/// 4 KiB, which no row has room for.
azure::Outcome<PropertyHeaders> ParsePropertyHeaders(const http::HeaderView& headers,
                                                     bool body_is_content,
                                                     std::string_view prefix = "x-ms-blob-");

}  // namespace blobgate::operations
