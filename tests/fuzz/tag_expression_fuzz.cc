// x-ms-if-tags, and the where of Find Blobs by Tags.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "blob/tag_expression.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expression = blobgate::blob::TagExpression::Parse(text);
  if (expression) (void)expression->Matches({{"a", "1"}, {"b", "2"}});
  (void)blobgate::blob::ParseTagQuery(text);
  return 0;
}
