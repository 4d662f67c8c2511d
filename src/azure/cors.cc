#include "azure/cors.h"

#include <algorithm>

#include "base/encoding.h"

namespace blobgate::azure {
namespace {

bool AllowsOrigin(const CorsRule& rule, std::string_view origin) {
  return std::ranges::any_of(rule.allowed_origins,
                             [&](const auto& o) { return o == "*" || o == origin; });
}

bool AllowsAllOrigins(const CorsRule& rule) {
  return std::ranges::find(rule.allowed_origins, "*") != rule.allowed_origins.end();
}

bool AllowsMethod(const CorsRule& rule, std::string_view method) {
  return std::ranges::any_of(rule.allowed_methods,
                             [&](const auto& m) { return EqualsIgnoreCase(m, method); });
}

/// Exact, or a prefix when `entry` ends in "*". Header names compare without case.
bool FitsHeader(std::string_view entry, std::string_view name) {
  if (!entry.ends_with('*')) return EqualsIgnoreCase(entry, name);
  entry.remove_suffix(1);
  return name.size() >= entry.size() && EqualsIgnoreCase(entry, name.substr(0, entry.size()));
}

std::string Join(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

/// True when every name of the comma-separated `requested` fits an entry.
bool AllowsHeaders(const CorsRule& rule, std::string_view requested) {
  while (!requested.empty()) {
    const auto comma = requested.find(',');
    const std::string_view name = Trim(requested.substr(0, comma));
    const bool fits = name.empty() || std::ranges::any_of(rule.allowed_headers, [&](const auto& h) {
                        return FitsHeader(h, name);
                      });
    if (!fits) return false;
    if (comma == std::string_view::npos) break;
    requested.remove_prefix(comma + 1);
  }
  return true;
}

const CorsRule* RuleFor(const std::vector<CorsRule>& rules, std::string_view origin,
                        std::string_view method) {
  for (const auto& rule : rules) {
    if (AllowsOrigin(rule, origin) && AllowsMethod(rule, method)) return &rule;
  }
  return nullptr;
}

Error MissingCorsHeader() {
  return Error(ErrorCode::kInvalidHeaderValue)
      .WithMessage("A required CORS header is not present.");
}

Error PreflightFailure() {
  return Error(ErrorCode::kCorsPreflightFailure);
}

/// The names of `response` that the rule shows to scripts; prefixes become the names they match.
std::string ExposedHeaders(const CorsRule& rule, const NameValues& response) {
  std::vector<std::string> names;
  const auto add = [&names](const std::string& name) {
    const auto same = [&name](const auto& n) { return EqualsIgnoreCase(n, name); };
    if (std::ranges::none_of(names, same)) names.push_back(name);
  };
  for (const auto& entry : rule.exposed_headers) {
    if (!entry.ends_with('*')) add(entry);
    for (const auto& [name, value] : response) {
      if (entry.ends_with('*') && FitsHeader(entry, name)) add(name);
    }
  }
  return Join(names);
}

}  // namespace

Outcome<NameValues> MatchPreflight(const std::vector<CorsRule>& rules,
                                   const http::HeaderView& request) {
  const std::string_view origin = request.Get("origin");
  const std::string_view method = request.Get("access-control-request-method");
  const std::string_view headers = request.Get("access-control-request-headers");
  if (origin.empty() || method.empty()) return Fail(MissingCorsHeader());
  const CorsRule* rule = RuleFor(rules, origin, method);
  if (!rule || !AllowsHeaders(*rule, headers)) return Fail(PreflightFailure());
  NameValues out;
  const bool all = AllowsAllOrigins(*rule);
  out.emplace_back("Access-Control-Allow-Origin", all ? "*" : std::string(origin));
  out.emplace_back("Access-Control-Allow-Methods", std::string(method));
  if (!headers.empty()) out.emplace_back("Access-Control-Allow-Headers", std::string(headers));
  out.emplace_back("Access-Control-Max-Age", std::to_string(rule->max_age_seconds));
  if (!all) out.emplace_back("Access-Control-Allow-Credentials", "true");
  return out;
}

NameValues MatchActual(const std::vector<CorsRule>& rules, std::string_view method,
                       const http::HeaderView& request, const NameValues& response) {
  NameValues out;
  if (rules.empty()) return out;
  const bool reads = method == "GET" || method == "HEAD";
  const CorsRule* rule = RuleFor(rules, request.Get("origin"), method);
  const bool all = rule && AllowsAllOrigins(*rule);
  if (reads && !all) out.emplace_back("Vary", "Origin");
  if (!rule || request.Get("origin").empty()) {
    if (!all) return out;
  }
  out.emplace_back("Access-Control-Allow-Origin", all ? "*" : std::string(request.Get("origin")));
  const std::string exposed = ExposedHeaders(*rule, response);
  if (!exposed.empty()) out.emplace_back("Access-Control-Expose-Headers", exposed);
  if (!all) out.emplace_back("Access-Control-Allow-Credentials", "true");
  return out;
}

}  // namespace blobgate::azure
