// Every reader of client XML; the first byte chooses one.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "azure/block_list_xml.h"
#include "azure/service_properties.h"
#include "azure/signed_identifiers.h"
#include "azure/tags.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blobgate::azure;
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      (void)ParseBlockLookupList(body);
      break;
    case 1:
      (void)ParseSignedIdentifiers(body);
      break;
    case 2: {
      // What was accepted must survive being rendered and read again.
      auto read = MergeServiceProperties({}, body);
      if (read) {
        auto again = DecodeServiceProperties(RenderServiceProperties(*read));
        if (!again || *again != *read) __builtin_trap();
      }
      break;
    }
    default:
      (void)ParseTagsXml(body);
      break;
  }
  return 0;
}
