#include "operations/path/rename_request.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/uuid.h"
#include "blob/path_name.h"
#include "operations/blob/blob_access.h"
#include "operations/lease_headers.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {
namespace {

using azure::ErrorCode;

/// The path part of x-ms-rename-source; a SAS may follow it.
azure::Outcome<azure::Resource> ParseSource(const Call& call) {
  std::string_view text = call.headers().Get("x-ms-rename-source");
  text = text.substr(0, text.find('?'));
  const auto bad = [] { return azure::Fail(ErrorCode::kInvalidSourceUri); };
  if (!text.starts_with('/')) return bad();
  text.remove_prefix(1);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return bad();
  const auto filesystem = PercentDecode(text.substr(0, slash));
  auto path = PercentDecode(text.substr(slash + 1));
  if (!filesystem || !path || *filesystem != call.resource.container) return bad();
  azure::Resource source = call.resource;
  source.blob = blob::TrimSlashes(*path);
  std::ranges::replace(source.blob, '\\', '/');
  if (source.blob.empty()) return azure::Fail(ErrorCode::kInvalidRenameSourcePath);
  if (!azure::CheckBlobName(source.blob)) return bad();
  return source;
}

azure::Outcome<std::optional<std::string>> ParseLeaseId(const http::HeaderView& headers,
                                                        std::string_view name) {
  const std::string_view text = headers.Get(name);
  if (text.empty()) return std::nullopt;
  if (!IsUuid(text)) return azure::Fail(azure::InvalidHeader(name, text));
  return std::string(text);
}

azure::Outcome<bool> ParseMode(const http::Query& query) {
  const std::string_view mode = query.Get("mode");
  if (mode.empty() || EqualsIgnoreCase(mode, "posix")) return true;
  if (EqualsIgnoreCase(mode, "legacy")) return false;
  return azure::Fail(azure::InvalidQueryParameter("mode", mode));
}

azure::Outcome<void> CheckRights(const Call& call, const azure::Resource& source) {
  const azure::Permissions& may = call.permissions;
  const bool moves = may.Has('m') || (may.Has('d') && may.Has('w'));
  if (moves && (!call.covers || call.covers(source))) return {};
  return azure::Fail(ErrorCode::kAuthorizationPermissionMismatch);
}

}  // namespace

azure::Outcome<RenameRequest> ParseRename(Call& call) {
  const http::HeaderView& headers = call.headers();
  RenameRequest request;
  BG_TRY(request.source, ParseSource(call));
  BG_TRY(request.into_directory, ParseMode(call.query()));
  BG_CHECK(CheckRights(call, request.source));
  BG_TRY(request.source_lease_id, ParseLeaseId(headers, "x-ms-source-lease-id"));
  BG_TRY(request.lease_id, ParseLeaseId(headers, "x-ms-lease-id"));
  BG_TRY(request.source_conditions, blob::ConditionHeaders::Parse(headers, "x-ms-source-"));
  BG_TRY(request.conditions, ParseConditions(call));
  BG_TRY(request.keys, ParseKeyRequest(call));
  if (!headers.Get("x-ms-properties").empty()) {
    BG_TRY(request.metadata, ParsePathProperties(headers));
  }
  BG_TRY(request.transaction_id, ParseTransactionId(headers));
  request.continuation = call.query().Get("continuation");
  return request;
}

}  // namespace blobgate::operations
