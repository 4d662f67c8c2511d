// CORS: rules out of a body, then the headers that a browser sends. Lines: the rules' XML without
// line ends, origin, method, requested headers, an exposed header.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "azure/cors.h"
#include "azure/service_properties.h"
#include "http/request_head.h"

namespace {

std::string_view NextLine(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blobgate::azure;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view xml = NextLine(text);
  const auto properties = MergeServiceProperties({}, xml);
  if (!properties) return 0;
  const std::string_view origin = NextLine(text);
  const std::string_view method = NextLine(text);
  blobgate::http::HeaderView request;
  request.Add("Origin", origin);
  request.Add("Access-Control-Request-Method", method);
  request.Add("Access-Control-Request-Headers", NextLine(text));
  (void)MatchPreflight(properties->cors, request);
  const NameValues response = {{std::string(NextLine(text)), "1"}, {"ETag", "2"}};
  // Without a rule for every origin nobody is allowed who was not named.
  for (const auto& [name, value] : MatchActual(properties->cors, method, request, response)) {
    if (name == "Access-Control-Allow-Origin" && value != "*" && value != origin) __builtin_trap();
  }
  return 0;
}
