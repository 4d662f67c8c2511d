#include "azure/cors.h"

#include <algorithm>

#include "base/encoding.h"

namespace blobgate::azure {
namespace {

constexpr std::string_view kAny = "*";

bool AllowsAllOrigins(const CorsRule& rule) {
  return std::ranges::find(rule.allowed_origins, kAny) != rule.allowed_origins.end();
}

// Origins compare exactly (operations.md 1.19).
bool AllowsOrigin(const CorsRule& rule, std::string_view origin) {
  return AllowsAllOrigins(rule) ||
         std::ranges::find(rule.allowed_origins, origin) != rule.allowed_origins.end();
}

bool AllowsMethod(const CorsRule& rule, std::string_view method) {
  return std::ranges::find(rule.allowed_methods, method) != rule.allowed_methods.end();
}

// Header names compare without case; an entry that ends in `*` is a prefix.
bool NameFits(std::string_view entry, std::string_view name) {
  if (!entry.ends_with('*')) return EqualsIgnoreCase(entry, name);
  entry.remove_suffix(1);
  return EqualsIgnoreCase(name.substr(0, entry.size()), entry);
}

bool AllowsHeader(const CorsRule& rule, std::string_view name) {
  return std::ranges::any_of(rule.allowed_headers,
                             [&](const std::string& entry) { return NameFits(entry, name); });
}

// `requested` is a comma list.
bool AllowsHeaders(const CorsRule& rule, std::string_view requested) {
  while (!requested.empty()) {
    const std::size_t comma = requested.find(',');
    const std::string_view name = Trim(requested.substr(0, comma));
    if (!name.empty() && !AllowsHeader(rule, name)) return false;
    if (comma == std::string_view::npos) return true;
    requested.remove_prefix(comma + 1);
  }
  return true;
}

// The first rule for origin and method is the rule; later ones are not tried.
const CorsRule* FindRule(const std::vector<CorsRule>& rules, std::string_view origin,
                         std::string_view method) {
  auto rule = std::ranges::find_if(
      rules, [&](const CorsRule& r) { return AllowsOrigin(r, origin) && AllowsMethod(r, method); });
  return rule == rules.end() ? nullptr : &*rule;
}

// Without an Origin only a rule for all origins fits, and only reads say so.
const CorsRule* FindRuleForAll(const std::vector<CorsRule>& rules, std::string_view method) {
  auto rule = std::ranges::find_if(
      rules, [&](const CorsRule& r) { return AllowsAllOrigins(r) && AllowsMethod(r, method); });
  return rule == rules.end() ? nullptr : &*rule;
}

// Exposed names with each prefix replaced by the headers of this answer that it covers.
std::string ExposedNames(const CorsRule& rule, const NameValues& response) {
  std::string names;
  auto add = [&names](std::string_view name) {
    if (!names.empty()) names += ',';
    names += name;
  };
  for (const std::string& entry : rule.exposed_headers) {
    if (!entry.ends_with('*')) {
      add(entry);
      continue;
    }
    for (const auto& [name, value] : response) {
      if (NameFits(entry, name)) add(name);
    }
  }
  return names;
}

Error MissingCorsHeader() {
  return Error(ErrorCode::kInvalidHeaderValue)
      .WithMessage("A required CORS header is not present.");
}

}  // namespace

Outcome<NameValues> MatchPreflight(const std::vector<CorsRule>& rules,
                                   const http::HeaderView& request) {
  const std::string_view origin = request.Get("Origin");
  const std::string_view method = request.Get("Access-Control-Request-Method");
  const std::string_view requested = request.Get("Access-Control-Request-Headers");
  if (origin.empty() || method.empty()) return Fail(MissingCorsHeader());
  const CorsRule* rule = FindRule(rules, origin, method);
  if (!rule || !AllowsHeaders(*rule, requested)) return Fail(ErrorCode::kCorsPreflightFailure);

  const bool all = AllowsAllOrigins(*rule);
  NameValues headers;
  headers.emplace_back("Access-Control-Allow-Origin", all ? kAny : origin);
  headers.emplace_back("Access-Control-Allow-Methods", method);
  if (!requested.empty()) headers.emplace_back("Access-Control-Allow-Headers", requested);
  headers.emplace_back("Access-Control-Max-Age", std::to_string(rule->max_age_seconds));
  if (!all) headers.emplace_back("Access-Control-Allow-Credentials", "true");
  return headers;
}

NameValues MatchActual(const std::vector<CorsRule>& rules, std::string_view method,
                       const http::HeaderView& request, const NameValues& response) {
  NameValues headers;
  const std::string_view origin = request.Get("Origin");
  const bool read = method == "GET" || method == "HEAD";
  if (rules.empty() || (origin.empty() && !read)) return headers;

  const CorsRule* rule =
      origin.empty() ? FindRuleForAll(rules, method) : FindRule(rules, origin, method);
  const bool all = rule && AllowsAllOrigins(*rule);
  // The answer depends on the origin unless everybody gets the same.
  if (read && !all) headers.emplace_back("Vary", "Origin");
  if (!rule) return headers;
  headers.emplace_back("Access-Control-Allow-Origin", all ? kAny : origin);
  if (std::string names = ExposedNames(*rule, response); !names.empty()) {
    headers.emplace_back("Access-Control-Expose-Headers", std::move(names));
  }
  if (!all) headers.emplace_back("Access-Control-Allow-Credentials", "true");
  return headers;
}

}  // namespace blobgate::azure
