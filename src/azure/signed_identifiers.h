// Stored access policies as Get and Set Container ACL exchange them (operations.md 2.2, auth.md 6).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "azure/errors.h"

namespace blobgate::azure {

inline constexpr std::size_t kMaxSignedIdentifiers = 5;
inline constexpr std::size_t kMaxSignedIdentifierId = 64;  ///< characters

struct SignedIdentifier {
  std::string id;
  std::string start;       ///< one of the forms of ParseIso8601; empty: absent
  std::string expiry;      ///< likewise
  std::string permission;  ///< letters; empty: absent
  bool operator==(const SignedIdentifier&) const = default;
};

/// An empty body is no policies. Errors, all 400: InvalidXmlDocument (also for more than
/// kMaxSignedIdentifiers), UnsupportedXmlNode, MissingRequiredXmlNode without Id,
/// InvalidXmlNodeValue for an empty, overlong or repeated id, a malformed time or an unknown
/// permission letter.
Outcome<std::vector<SignedIdentifier>> ParseSignedIdentifiers(std::string_view body);

/// Times come out with seven fraction digits, whatever form was stored.
std::string RenderSignedIdentifiers(const std::vector<SignedIdentifier>& identifiers);

}  // namespace blobgate::azure
