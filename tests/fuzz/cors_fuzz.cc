// CORS: rules out of a body, then the headers that a browser sends. Lines: the rules' XML without
// line ends, origin, method, requested headers, an exposed header.
#include "azure/cors.h"
#include "azure/service_properties.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blobgate::azure;
  std::string_view text = blobgate::fuzz::TextOf(data, size);
  const std::string_view xml = blobgate::fuzz::TakeLine(text);
  const auto properties = MergeServiceProperties({}, xml);
  if (!properties) return 0;
  const std::string_view origin = blobgate::fuzz::TakeLine(text);
  const std::string_view method = blobgate::fuzz::TakeLine(text);
  blobgate::http::HeaderView request;
  request.Add("Origin", origin);
  request.Add("Access-Control-Request-Method", method);
  request.Add("Access-Control-Request-Headers", blobgate::fuzz::TakeLine(text));
  (void)MatchPreflight(properties->cors, request);
  const NameValues response = {{std::string(blobgate::fuzz::TakeLine(text)), "1"}, {"ETag", "2"}};
  // Without a rule for every origin nobody is allowed who was not named.
  for (const auto& [name, value] : MatchActual(properties->cors, method, request, response)) {
    if (name == "Access-Control-Allow-Origin" && value != "*" && value != origin) __builtin_trap();
  }
  return 0;
}
