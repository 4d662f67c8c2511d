// CORS rules and what they answer (operations.md 1.19). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "azure/errors.h"
#include "azure/name_values.h"
#include "http/request_head.h"

namespace blobgate::azure {

/// Lists hold their entries without blanks around them.
struct CorsRule {
  std::vector<std::string> allowed_origins;  ///< exact, or "*"
  std::vector<std::string> allowed_methods;
  std::vector<std::string> allowed_headers;  ///< names, or prefixes ending in "*"
  std::vector<std::string> exposed_headers;  ///< likewise
  std::uint32_t max_age_seconds = 0;
  bool operator==(const CorsRule&) const = default;
};

/// The headers of a 200 answer to a preflight request. 400 InvalidHeaderValue without Origin or
/// Access-Control-Request-Method; 403 CorsPreflightFailure when the first rule that fits origin and
/// method does not allow every requested header, or no rule fits.
Outcome<NameValues> MatchPreflight(const std::vector<CorsRule>& rules,
                                   const http::HeaderView& request);

/// The headers to add to any other answer, for the request's `method` and headers; `response` are
/// the headers the answer has so far, from which prefixed ExposedHeaders are expanded. Never an
/// error.
NameValues MatchActual(const std::vector<CorsRule>& rules, std::string_view method,
                       const http::HeaderView& request, const NameValues& response);

}  // namespace blobgate::azure
