// The canonical forms that Shared Key signs (auth.md sections 2 and 3).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "azure/errors.h"
#include "http/request_head.h"

namespace blobgate::auth {

/// The order in which the service and current SDKs sort header names: culture-aware, hyphens count
/// last. `a` before `b`; names compare without case. A strict weak order over any bytes.
bool CultureLess(std::string_view a, std::string_view b);

/// Ordinal order of the lower-case names, which older and third-party clients sort by.
bool OrdinalLess(std::string_view a, std::string_view b);

/// Spellings of the canonicalized headers that clients are known to sign.
struct HeaderForm {
  bool ordinal = false;      ///< sorted by OrdinalLess instead of CultureLess
  bool fold_blanks = false;  ///< runs of blanks outside quotes are one blank, as documented
};

/// The headers that Shared Key covers, picked from a request in one pass. The views are those of
/// the head that was picked from.
class SignedHeaders {
 public:
  /// The headers besides x-ms-, in the order in which they are signed.
  enum Standard : std::size_t {
    kContentEncoding,
    kContentLanguage,
    kContentLength,
    kContentMd5,
    kContentType,
    kDate,
    kIfModifiedSince,
    kIfMatch,
    kIfNoneMatch,
    kIfUnmodifiedSince,
    kRange,
  };
  static constexpr std::size_t kStandardCount = 11;

  /// 400 InvalidHeaderValue when one of them was sent twice.
  static azure::Outcome<SignedHeaders> Pick(const http::HeaderView& headers);

  /// The value as received; empty when absent.
  std::string_view Get(Standard header) const { return standard_[header]; }
  /// The value of an x-ms- header by its lower-case name; empty when absent.
  std::string_view Extension(std::string_view name) const;

  /// Appends `name:value\n` for every x-ms- header. Empty ones are left out before x-ms-version
  /// 2016-05-31.
  void AppendExtensions(std::string& out, HeaderForm form) const;

  /// Whether the forms differ for these headers, so that a caller need not try both.
  bool OrderMatters() const;
  bool BlanksMatter() const;

 private:
  std::array<std::string_view, kStandardCount> standard_;
  std::vector<http::HeaderView::Field> extensions_;  // sorted by CultureLess
};

/// Appends `/account` + path as sent + `\nname:value` for every query parameter; names in lower
/// case and sorted, values of one name sorted and joined with commas.
void AppendCanonicalResource(std::string& out, std::string_view account,
                             const http::RequestHead& head);

/// The same for Shared Key Lite: only `?comp=value` of the query.
void AppendLiteResource(std::string& out, std::string_view account, const http::RequestHead& head);

}  // namespace blobgate::auth
