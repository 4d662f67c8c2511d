// Where a copy reads from: a blob of ours (whose extents are shared) or a URL outside.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "azure/errors.h"
#include "azure/resource.h"
#include "base/task.h"
#include "base/time.h"
#include "http/body.h"
#include "http/range.h"
#include "operations/history/state_name.h"

namespace blobgate::operations {

/// A source that is ourselves: the caller may read it (this was checked). The operation loads it.
struct LocalSource {
  azure::Resource resource;
  StateName state;             ///< of the URL's `snapshot` or `versionid`
  bool may_read_tags = false;  ///< its credential has `t` as well
};

/// An answer to a GET of an outside source: its head was read, its body is still to be read.
struct RemoteSource {
  unsigned status = 0;  ///< 200 or 206
  std::uint64_t content_length = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::unique_ptr<http::BodyReader> body;
};

using CopySource = std::variant<LocalSource, RemoteSource>;

/// Everything that decides what is read.
struct SourceRequest {
  std::string_view url;                  ///< x-ms-copy-source, as sent
  std::string_view authorization;        ///< x-ms-copy-source-authorization; empty: none
  std::optional<http::ByteRange> range;  ///< of x-ms-source-range
  /// The account whose Shared Key signed the copy request itself (empty otherwise): it may read its
  /// own blobs without a SAS in the URL.
  std::string_view own_account;
  /// Headers to pass on to an outside source ("if-match", ...), already without x-ms-source-.
  std::vector<std::pair<std::string, std::string>> conditions;
  /// x-ms-encryption-key and its kin, which an outside source needs; over TLS only.
  std::vector<std::pair<std::string, std::string>> key_headers;
  bool secure = false;       ///< the copy request came over TLS
  std::string_view host;     ///< Host of the copy request: a URL that names it names ourselves
  std::string_view peer;     ///< address of the copy's client, for a SAS with `sip`
  std::string_view version;  ///< x-ms-version of the copy request
};

/// Implemented by the gateway, which knows our names, keys and the operator's allow list.
class SourceOpener {
 public:
  virtual ~SourceOpener() = default;

  /// A URL that names ourselves becomes a LocalSource once its own SAS (or public access, or
  /// `own_account`) allows the read; an outside one is fetched with GET (never HEAD), only from
  /// hosts the operator allows; redirects are not followed, and neither a token nor a key goes to a
  /// source without TLS. Errors: 400 InvalidHeaderValue (not an
  /// http(s) URL, over 2 KiB); 403/404/... CannotVerifyCopySource with the status of the source and
  /// x-ms-copy-source-status-code and x-ms-copy-source-error-code.
  virtual Task<azure::Outcome<CopySource>> Open(SourceRequest request) = 0;
};

}  // namespace blobgate::operations
