// Get Blob Service Stats (operations.md 2.1).
#include <utility>

#include "azure/xml_writer.h"
#include "operations/handlers.h"

namespace blobgate::operations {

namespace {

/// Standard_RAGRS and Standard_RAGZRS.
bool HasReadableSecondary(std::string_view sku) {
  return sku.find("_RA") != std::string_view::npos;
}

}  // namespace

// The secondary is the same store: it is live, and was in step a moment ago.
Task<azure::Outcome<http::Response>> GetBlobServiceStats(Call& call) {
  if (!call.resource.secondary) {
    co_return azure::Fail(azure::InvalidQueryParameter("comp", call.query().Get("comp")));
  }
  if (!HasReadableSecondary(call.account.sku)) {
    co_return azure::Fail(azure::ErrorCode::kInsufficientAccountPermissions);
  }
  azure::XmlWriter xml;
  xml.Open("StorageServiceStats");
  xml.Open("GeoReplication");
  xml.Element("Status", "live");
  xml.Element("LastSyncTime", FormatHttpDate(call.now));
  xml.Close("GeoReplication");
  xml.Close("StorageServiceStats");
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/xml");
  response.text = std::move(xml).Take();
  co_return response;
}

}  // namespace blobgate::operations
