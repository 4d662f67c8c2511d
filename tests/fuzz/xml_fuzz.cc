// Every reader of client XML; the first byte chooses one. What was accepted must survive being
// rendered and read again.
#include "azure/block_list_xml.h"
#include "azure/delegation_key.h"
#include "azure/service_properties.h"
#include "azure/signed_identifiers.h"
#include "azure/tags.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using namespace blobgate::azure;
using fuzz::Require;

void CheckKeyInfo(std::string_view body) {
  const Time now = *ParseIso8601("2026-01-15T12:00:00Z");
  const auto key = ParseKeyInfo(body, now);
  if (!key) return;
  const auto start = ParseIso8601(key->start), expiry = ParseIso8601(key->expiry);
  Require(start && expiry && *start < *expiry && *expiry > now);
  Require(*expiry <= now + kMaxDelegation);
  (void)RenderDelegationKey(*key, "value");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view body = fuzz::TextOf(data, size);
  const std::uint8_t choice = fuzz::TakeByte(body);
  if (choice == '4') {
    CheckKeyInfo(body);
    return 0;
  }
  switch (choice % 4) {
    case 0:
      (void)ParseBlockLookupList(body);
      break;
    case 1:
      if (const auto read = ParseSignedIdentifiers(body)) {
        const std::string written = RenderSignedIdentifiers(*read);  // times in one form
        const auto again = ParseSignedIdentifiers(written);
        Require(again && again->size() == read->size());
        Require(RenderSignedIdentifiers(*again) == written);
      }
      break;
    case 2:
      if (const auto read = MergeServiceProperties({}, body)) {
        const auto again = DecodeServiceProperties(RenderServiceProperties(*read));
        Require(again && *again == *read);
      }
      break;
    default:
      if (const auto read = ParseTagsXml(body)) {
        const auto again = ParseTagsXml(RenderTagsXml(*read));
        Require(again && *again == *read);
      }
      break;
  }
  return 0;
}
