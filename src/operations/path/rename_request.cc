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

/// x-ms-rename-source: `/filesystem/path`, percent-encoded; a SAS may follow.
azure::Outcome<void> ParseSource(const Call& call, RenameRequest& request) {
  std::string_view text = call.headers().Get("x-ms-rename-source");
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    request.source_sas = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  const auto bad = [] { return azure::Fail(ErrorCode::kInvalidSourceUri); };
  if (!text.starts_with('/')) return bad();
  text.remove_prefix(1);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return bad();
  auto filesystem = PercentDecode(text.substr(0, slash));
  auto path = PercentDecode(text.substr(slash + 1));
  if (!filesystem || !path || !azure::CheckContainerName(*filesystem)) return bad();
  azure::Resource& source = request.source;
  source = call.resource;
  source.container = std::move(*filesystem);
  std::ranges::replace(*path, '\\', '/');
  source.blob = blob::TrimSlashes(*path);
  if (source.blob.empty()) return azure::Fail(ErrorCode::kInvalidRenameSourcePath);
  if (!azure::CheckBlobName(source.blob)) return bad();
  if (source.container == azure::kChangeFeedContainer) {
    return azure::Fail(ErrorCode::kInsufficientAccountPermissions);
  }
  return {};
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

bool MayMove(const azure::Permissions& may) {
  return may.Has('m') || (may.Has('d') && may.Has('w'));
}

Task<azure::Outcome<void>> CheckRights(const Call& call, const RenameRequest& request) {
  const auto refused = [] { return azure::Fail(ErrorCode::kAuthorizationPermissionMismatch); };
  if (!MayMove(call.permissions)) co_return refused();
  if (!call.covers || call.covers(request.source)) co_return azure::Outcome<void>();
  if (request.source_sas.empty() || !call.letters_of_sas) co_return refused();
  BG_CO_TRY(const auto letters, co_await call.letters_of_sas(request.source, request.source_sas));
  if (!MayMove(letters)) co_return refused();
  co_return azure::Outcome<void>();
}

}  // namespace

Task<azure::Outcome<RenameRequest>> ParseRename(Call& call) {
  const http::HeaderView& headers = call.headers();
  RenameRequest request;
  BG_CO_CHECK(ParseSource(call, request));
  BG_CO_TRY(request.into_directory, ParseMode(call.query()));
  BG_CO_CHECK(co_await CheckRights(call, request));
  BG_CO_TRY(request.source_lease_id, ParseLeaseId(headers, "x-ms-source-lease-id"));
  BG_CO_TRY(request.lease_id, ParseLeaseId(headers, "x-ms-lease-id"));
  BG_CO_TRY(request.source_conditions, blob::ConditionHeaders::Parse(headers, "x-ms-source-"));
  BG_CO_TRY(request.conditions, ParseConditions(call));
  BG_CO_TRY(request.keys, ParseKeyRequest(call));
  if (!headers.Get("x-ms-properties").empty()) {
    BG_CO_TRY(request.metadata, ParsePathProperties(headers));
  }
  BG_CO_TRY(request.transaction_id, ParseTransactionId(headers));
  request.continuation = call.query().Get("continuation");
  co_return request;
}

}  // namespace blobgate::operations
