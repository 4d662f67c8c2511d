#include "operations/path/path_headers.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "azure/metadata.h"
#include "base/encoding.h"
#include "base/time.h"
#include "operations/blob_headers.h"

namespace blobgate::operations {
namespace {

constexpr std::size_t kMaxId = 256;  // bytes of an owner, group or transaction id
constexpr http::FieldName kTransactionId = "x-ms-client-transaction-id";

bool IsPropertyName(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

/// A value must fit into a header of the Blob face.
bool IsHeaderText(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

azure::Outcome<std::optional<std::string>> ParseId(const http::HeaderView& headers,
                                                   std::string_view name) {
  const std::string_view text = headers.Get(name);
  if (text.empty()) return std::nullopt;
  const bool visible =
      std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
  if (text.size() > kMaxId || !visible) return azure::Fail(azure::InvalidHeader(name, text));
  return std::string(text);
}

azure::Outcome<Time> AbsoluteExpiry(std::string_view text, Time now) {
  const auto time = ParseHttpDate(text);
  if (!time || *time <= now) return azure::Fail(azure::InvalidHeader("x-ms-expiry-time", text));
  return *time;
}

azure::Outcome<Time> RelativeExpiry(std::string_view text, Time from, Time now) {
  const auto number = ParseUnsigned(text);
  // Past the year 9999 no date can be written.
  constexpr std::uint64_t kMostMilliseconds = 8000ull * 366 * 86'400'000;
  if (!number || *number > kMostMilliseconds) {
    return azure::Fail(azure::InvalidHeader("x-ms-expiry-time", text));
  }
  const Time time = from + std::chrono::milliseconds(*number);
  if (time <= now) return azure::Fail(azure::InvalidHeader("x-ms-expiry-time", text));
  return time;
}

}  // namespace

azure::Outcome<blob::Metadata> ParsePathProperties(const http::HeaderView& headers) {
  constexpr std::string_view kName = "x-ms-properties";
  blob::Metadata out;
  std::string_view text = headers.Get(kName);
  const std::string_view all = text;
  std::size_t bytes = 0;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view pair = Trim(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    if (!IsPropertyName(name)) return azure::Fail(azure::ErrorCode::kInvalidPropertyName);
    const std::string_view encoded =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    const auto value = Base64Decode(encoded);
    if (!value || !IsHeaderText(*value)) return azure::Fail(azure::InvalidHeader(kName, all));
    for (const auto& [known, unused] : out) {
      if (EqualsIgnoreCase(known, name)) return azure::Fail(azure::InvalidHeader(kName, all));
    }
    bytes += name.size() + value->size();
    if (bytes > azure::kMaxMetadataBytes) return azure::Fail(azure::ErrorCode::kMetadataTooLarge);
    out.emplace_back(name, *value);
  }
  return out;
}

azure::Outcome<blob::Metadata> RequestMetadata(const Call& call) {
  if (call.resource.face == azure::Face::kDfs) return ParsePathProperties(call.headers());
  return azure::ParseMetadata(call.headers());
}

std::string PathPropertiesText(const blob::Metadata& metadata) {
  std::string out;
  for (const auto& [name, value] : metadata) {
    if (!out.empty()) out += ',';
    out.append(name).append("=").append(Base64Encode(AsBytes(value)));
  }
  return out;
}

bool HasFolderMark(const blob::Metadata& metadata) {
  return std::ranges::any_of(metadata, [](const auto& pair) {
    return EqualsIgnoreCase(pair.first, kFolderMark) && EqualsIgnoreCase(pair.second, "true");
  });
}

void PutItemMetadata(const blob::ContentKeyPtr& key, blob::Metadata metadata,
                     blob::BlobRecord& record) {
  if (record.path.directory) {
    std::erase_if(metadata,
                  [](const auto& pair) { return EqualsIgnoreCase(pair.first, kFolderMark); });
  }
  blob::PutMetadata(key, std::move(metadata), record);
}

void SetAccessHeaders(http::Response& response, const blob::PathState& path) {
  response.Set("x-ms-owner", path.owner);
  response.Set("x-ms-group", path.group);
  response.Set("x-ms-permissions", blob::Acl::FromStored(path.acl).Symbolic(path.sticky));
  response.Set("x-ms-acl", path.acl);
}

void SetPathHeaders(http::Response& response, const Call& call, const blob::BlobRecord& record) {
  const bool dfs = call.resource.face == azure::Face::kDfs;
  const blob::PathState& path = record.path;
  if (path.id == 0) {
    const bool marker = HasFolderMark(record.metadata);
    if (dfs) response.Set("x-ms-resource-type", marker ? "directory" : "file");
    return;
  }
  response.Set("x-ms-resource-type", path.directory ? "directory" : "file");
  if (path.expires != Time{}) response.Set("x-ms-expiry-time", FormatHttpDate(path.expires));
  if (!path.encryption_context.empty()) {
    response.Set("x-ms-encryption-context", path.encryption_context);
  }
  if (!dfs) return;
  SetAccessHeaders(response, path);
  if (!path.transaction_id.empty()) response.Set(kTransactionId, path.transaction_id);
}

azure::Outcome<AccessRequest> ParseAccessRequest(const http::HeaderView& headers) {
  AccessRequest request;
  BG_TRY(request.owner, ParseId(headers, "x-ms-owner"));
  BG_TRY(request.group, ParseId(headers, "x-ms-group"));
  if (const std::string_view text = headers.Get("x-ms-permissions"); !text.empty()) {
    request.mode = blob::ParseMode(text);
    if (!request.mode) return azure::Fail(azure::InvalidHeader("x-ms-permissions", text));
  }
  if (const std::string_view text = headers.Get("x-ms-umask"); !text.empty()) {
    request.umask = blob::ParseUmask(text);
    if (!request.umask) return azure::Fail(azure::InvalidHeader("x-ms-umask", text));
  }
  if (const std::string_view text = headers.Get("x-ms-acl"); !text.empty()) {
    if (request.mode) return azure::Fail(azure::InvalidHeader("x-ms-acl", text));
    request.acl = std::string(text);
  }
  return request;
}

azure::Outcome<std::string> ParseTransactionId(const http::HeaderView& headers) {
  BG_TRY(auto id, ParseId(headers, kTransactionId.text()));
  return std::move(id).value_or(std::string());
}

azure::Outcome<std::optional<Time>> ParseExpiry(const http::HeaderView& headers, Time now,
                                                Time created) {
  constexpr std::string_view kOption = "x-ms-expiry-option";
  const std::string_view option = headers.Get(kOption);
  if (option.empty()) return std::nullopt;
  if (EqualsIgnoreCase(option, "NeverExpire")) return std::optional(Time{});
  const bool absolute = EqualsIgnoreCase(option, "Absolute");
  const bool to_creation = EqualsIgnoreCase(option, "RelativeToCreation");
  if (!absolute && !to_creation && !EqualsIgnoreCase(option, "RelativeToNow")) {
    return azure::Fail(azure::InvalidHeader(kOption, option));
  }
  const std::string_view text = headers.Get("x-ms-expiry-time");
  if (text.empty()) return azure::Fail(azure::MissingHeader("x-ms-expiry-time"));
  BG_TRY(const Time when, absolute ? AbsoluteExpiry(text, now)
                                   : RelativeExpiry(text, to_creation ? created : now, now));
  return std::optional(when);
}

azure::Outcome<std::uint64_t> ParsePosition(const http::Query& query) {
  const auto text = query.Find("position");
  if (!text) {
    return azure::Fail(azure::Error(azure::ErrorCode::kMissingRequiredQueryParameter)
                           .WithDetail("QueryParameterName", "position"));
  }
  const auto position = ParseUnsigned(*text);
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  if (!position || *position > kMost) {
    return azure::Fail(azure::InvalidQueryParameter("position", *text));
  }
  return *position;
}

azure::Outcome<bool> ParseQueryFlag(const http::Query& query, std::string_view name, bool missing) {
  const std::string_view text = query.Get(name);
  if (text.empty()) return missing;
  if (EqualsIgnoreCase(text, "true")) return true;
  if (EqualsIgnoreCase(text, "false")) return false;
  return azure::Fail(azure::InvalidQueryParameter(name, text));
}

}  // namespace blobgate::operations
