#include "auth/jwt.h"

#include <array>
#include <chrono>
#include <cmath>
#include <utility>

#include "azure/strict_json.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxKidBytes = 256;
constexpr double kLastSecond = 253'402'300'799;  // of the year 9999
// In real tokens the claims are flat; Entra's own objects (xms_*) nest twice.
constexpr int kMaxDepth = 8;

std::optional<std::array<std::string_view, 3>> Split(std::string_view text) {
  std::array<std::string_view, 3> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == text.npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = text.substr(0, dot);
    if (parts[i].empty()) return std::nullopt;
    text.remove_prefix(dot == text.npos ? text.size() : dot + 1);
  }
  return parts;
}

std::optional<json> ObjectIn(std::string_view part) {
  const auto decoded = Base64UrlDecode(part);
  if (!decoded) return std::nullopt;
  return azure::ParseStrictObject(*decoded, kMaxDepth);
}

bool ReadHeader(const json& header, Jwt& token) {
  const auto algorithm = azure::TextMember(header, "alg");
  const auto kid = azure::TextMember(header, "kid");
  if (!algorithm || !kid || kid->size() > kMaxKidBytes) return false;
  if (header.contains("crit") || header.contains("b64") || header.contains("zip")) return false;
  const auto known = JwsAlgorithmOf(*algorithm);
  if (!known) return false;
  token.algorithm = *known;
  token.kid = *kid;
  return true;
}

// Seconds since 1970, perhaps with a fraction (RFC 7519, NumericDate).
bool ReadTime(const json& claims, const char* name, std::optional<Time>& into) {
  const auto found = claims.find(name);
  if (found == claims.end()) return true;
  if (!found->is_number()) return false;
  const double seconds = std::floor(found->get<double>());
  if (!(seconds >= 0 && seconds <= kLastSecond)) return false;
  into = Time(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
  return true;
}

bool ReadText(const json& claims, const char* name, std::string& into) {
  auto text = azure::TextMember(claims, name);
  if (text) into = *std::move(text);
  return text.has_value();
}

bool ReadTexts(const json& claims, const char* name, std::vector<std::string>& into) {
  auto texts = azure::TextsMember(claims, name);
  if (texts) into = *std::move(texts);
  return texts.has_value();
}

bool ReadClaims(const json& object, Claims& claims) {
  if (!ReadText(object, "iss", claims.issuer) || !ReadText(object, "oid", claims.oid) ||
      !ReadText(object, "tid", claims.tid) || !ReadText(object, "sub", claims.sub) ||
      !ReadText(object, "appid", claims.appid)) {
    return false;
  }
  if (claims.appid.empty() && !ReadText(object, "azp", claims.appid)) return false;
  return ReadTexts(object, "aud", claims.audiences) && ReadTexts(object, "groups", claims.groups) &&
         ReadTexts(object, "roles", claims.roles) && ReadTime(object, "exp", claims.expires) &&
         ReadTime(object, "nbf", claims.not_before);
}

}  // namespace

std::optional<Jwt> ParseJwt(std::string_view text) {
  if (text.size() > kMaxTokenBytes) return std::nullopt;
  const auto parts = Split(text);
  if (!parts) return std::nullopt;
  const auto header = ObjectIn((*parts)[0]);
  const auto claims = ObjectIn((*parts)[1]);
  auto signature = Base64UrlDecode((*parts)[2]);
  Jwt token;
  if (!header || !claims || !signature || !ReadHeader(*header, token) ||
      !ReadClaims(*claims, token.claims)) {
    return std::nullopt;
  }
  token.signed_text = text.substr(0, (*parts)[0].size() + 1 + (*parts)[1].size());
  token.signature = *std::move(signature);
  return token;
}

std::string SignedText(JwsAlgorithm algorithm, std::string_view kid, std::string_view claims) {
  const json header{{"typ", "JWT"}, {"alg", NameOf(algorithm)}, {"kid", kid}};
  return Base64UrlEncode(header.dump()) + "." + Base64UrlEncode(claims);
}

}  // namespace blobgate::auth
