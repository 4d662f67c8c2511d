// Lifecycle policies, which an operator writes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "azure/lifecycle_policy.h"
#include "blob/lifecycle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blobgate;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = azure::ParseLifecyclePolicy(text);
  if (!policy) return 0;
  blob::BlobRecord record;
  record.tier.tier = "Hot";
  record.tags = {{"a", "1"}};
  const Time now = FromDotNetTicks(639'000'000'000'000'000);
  for (const bool previous : {false, true}) {
    record.previous = previous;
    const blob::LifecycleSubject subject{"con", "blob", record, record.tier, now, now};
    (void)blob::ChooseAction(*policy, subject);
    (void)blob::ReturnsToHot(*policy, subject);
  }
  return 0;
}
