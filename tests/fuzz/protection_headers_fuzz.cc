// The headers of tiers, immutability policies and legal holds: one value a line.
#include <array>

#include "base/cipher.h"
#include "blob/immutability.h"
#include "blob/tier.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blobgate;
  std::string_view text = fuzz::TextOf(data, size);
  std::array<std::string_view, 5> values;
  for (std::string_view& value : values) value = fuzz::TakeLine(text);
  (void)blob::ParseTier(values[0]);
  (void)blob::ParseRehydratePriority(values[1]);
  http::HeaderView headers;
  headers.Add("x-ms-immutability-policy-until-date", values[2]);
  headers.Add("x-ms-immutability-policy-mode", values[3]);
  headers.Add("x-ms-legal-hold", values[4]);
  const auto request = blob::ImmutabilityRequest::Parse(headers, Time(std::chrono::days(20'000)));
  if (request && request->until) (void)blob::SetPolicy({}, *request);
  const std::array<std::byte, SecretKey::kSize> key{};
  if (OpenText(key, fuzz::TextOf(data, size))) __builtin_trap();
  return 0;
}
