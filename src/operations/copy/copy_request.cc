#include "operations/copy/copy_request.h"

#include <algorithm>
#include <cstring>

#include "base/crc64.h"
#include "base/encoding.h"
#include "blob/page_chunk.h"
#include "operations/encryption.h"

namespace blobgate::operations {
namespace {

constexpr std::size_t kMaxMetadata = 8 * 1024;  // bytes of names and values (operations.md 5.1)
constexpr std::string_view kMetaPrefix = "x-ms-meta-";

azure::Outcome<std::optional<Md5Digest>> ParseMd5(const http::HeaderView& headers) {
  const auto text = headers.Find("x-ms-source-content-md5");
  if (!text || text->empty()) return std::nullopt;
  const auto raw = Base64Decode(*text);
  if (!raw || raw->size() != Md5Digest().size()) {
    return azure::Fail(azure::ErrorCode::kInvalidMd5);
  }
  Md5Digest digest;
  std::memcpy(digest.data(), raw->data(), digest.size());
  return digest;
}

azure::Outcome<std::optional<std::uint64_t>> ParseCrc(const http::HeaderView& headers) {
  constexpr std::string_view kName = "x-ms-source-content-crc64";
  const auto text = headers.Find(kName);
  if (!text || text->empty()) return std::nullopt;
  const auto raw = Base64Decode(*text);
  if (!raw || raw->size() != sizeof(std::uint64_t)) {
    return azure::Fail(azure::InvalidHeader(kName, *text));
  }
  std::uint64_t crc = 0;
  for (std::size_t i = sizeof(crc); i-- > 0;) {
    crc = crc << 8 | static_cast<unsigned char>((*raw)[i]);
  }
  return crc;
}

azure::Outcome<ChecksumPlan> ParseChecksums(const http::HeaderView& headers) {
  ChecksumPlan plan;
  BG_TRY(plan.expected_md5, ParseMd5(headers));
  BG_TRY(plan.expected_crc64, ParseCrc(headers));
  if (plan.expected_md5 && plan.expected_crc64) {
    return azure::Fail(azure::ErrorCode::kBothCrc64AndMd5HeaderPresent);
  }
  plan.compute_md5 = plan.expected_md5.has_value();
  return plan;
}

/// True for `yes`, false for `no` or an absent header; without case.
azure::Outcome<bool> ParseChoice(const http::HeaderView& headers, std::string_view name,
                                 std::string_view yes, std::string_view no) {
  const std::string_view text = headers.Get(name);
  if (EqualsIgnoreCase(text, yes)) return true;
  if (text.empty() || EqualsIgnoreCase(text, no)) return false;
  return azure::Fail(azure::InvalidHeader(name, text));
}

azure::Outcome<std::optional<bool>> ParseSeal(const http::HeaderView& headers) {
  constexpr std::string_view kName = "x-ms-seal-blob";
  if (headers.Get(kName).empty()) return std::nullopt;
  BG_TRY(const bool seal, ParseChoice(headers, kName, "true", "false"));
  return seal;
}

azure::Outcome<bool> ParseTagOption(Call& call) {
  BG_TRY(const bool copy,
         ParseChoice(call.headers(), "x-ms-copy-source-tag-option", "COPY", "REPLACE"));
  if (!copy) return false;
  if (!call.headers().Get("x-ms-tags").empty()) {
    return azure::Fail(azure::ErrorCode::kBothUserTagsAndSourceTagsCopyPresentException);
  }
  if (!call.permissions.Has('t')) {
    return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  return true;
}

azure::Outcome<std::optional<http::ByteRange>> ParseSourceRange(const http::HeaderView& headers) {
  constexpr std::string_view kName = "x-ms-source-range";
  const auto text = headers.Find(kName);
  if (!text || text->empty()) return std::nullopt;
  const auto range = http::ParseRange(*text);
  if (!range) return azure::Fail(azure::InvalidHeader(kName, *text));
  return range;
}

/// x-ms-source-if-* as the source itself knows them.
std::vector<std::pair<std::string, std::string>> ForwardedConditions(
    const http::HeaderView& headers) {
  constexpr std::string_view kPrefix = "x-ms-source-if-";
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, value] : headers.fields()) {
    const std::string lower = ToLower(name);
    if (!lower.starts_with(kPrefix)) continue;
    std::string plain = lower.substr(std::string_view("x-ms-source-").size());
    if (plain == "if-tags") plain = "x-ms-if-tags";
    out.emplace_back(std::move(plain), value);
  }
  return out;
}

/// x-ms-source-encryption-* as the source itself takes them.
std::vector<std::pair<std::string, std::string>> ForwardedKey(const http::HeaderView& headers) {
  constexpr std::string_view kSource = "x-ms-source-";
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string_view name :
       {"x-ms-source-encryption-key", "x-ms-source-encryption-key-sha256",
        "x-ms-source-encryption-algorithm"}) {
    out.emplace_back("x-ms-" + std::string(name.substr(kSource.size())), headers.Get(name));
  }
  return out;
}

bool IsMetadataName(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string HeaderOf(const RemoteSource& source, std::string_view name) {
  for (const auto& [header, value] : source.headers) {
    if (header == name) return value;
  }
  return {};
}

blob::HttpProperties PropertiesOf(const RemoteSource& source) {
  blob::HttpProperties out;
  out.content_type = HeaderOf(source, "content-type");
  if (out.content_type.empty()) out.content_type = "application/octet-stream";
  out.content_encoding = HeaderOf(source, "content-encoding");
  out.content_language = HeaderOf(source, "content-language");
  out.content_disposition = HeaderOf(source, "content-disposition");
  out.cache_control = HeaderOf(source, "cache-control");
  const auto md5 = Base64Decode(HeaderOf(source, "content-md5"));
  if (md5 && md5->size() == Md5Digest().size()) {
    std::memcpy(out.content_md5.emplace().data(), md5->data(), md5->size());
  }
  return out;
}

/// What no blob service is behind of, or has a length that no page blob has, becomes a block blob.
blob::BlobType TypeOf(const RemoteSource& source) {
  const std::string type = HeaderOf(source, "x-ms-blob-type");
  if (EqualsIgnoreCase(type, "AppendBlob")) return blob::BlobType::kAppend;
  const bool pages =
      source.content_length % blob::kPageSize == 0 && source.content_length <= blob::kMaxPageBlob;
  if (EqualsIgnoreCase(type, "PageBlob") && pages) return blob::BlobType::kPage;
  return blob::BlobType::kBlock;
}

azure::Outcome<blob::Metadata> MetadataOf(const RemoteSource& source) {
  blob::Metadata out;
  std::size_t size = 0;
  for (const auto& [header, value] : source.headers) {
    if (!header.starts_with(kMetaPrefix)) continue;
    const std::string_view name = std::string_view(header).substr(kMetaPrefix.size());
    const auto same = [&](const auto& pair) { return EqualsIgnoreCase(pair.first, name); };
    if (!IsMetadataName(name) || std::ranges::any_of(out, same)) continue;
    size += name.size() + value.size();
    if (size > kMaxMetadata) return azure::Fail(azure::ErrorCode::kMetadataTooLarge);
    out.emplace_back(name, value);
  }
  return out;
}

/// Put Blob From URL: the request's own headers win, one by one.
void OverrideProperties(const http::HeaderView& headers, const blob::HttpProperties& own,
                        blob::HttpProperties& properties) {
  if (headers.Has("x-ms-blob-content-type")) properties.content_type = own.content_type;
  if (headers.Has("x-ms-blob-content-encoding")) properties.content_encoding = own.content_encoding;
  if (headers.Has("x-ms-blob-content-language")) properties.content_language = own.content_language;
  if (headers.Has("x-ms-blob-content-disposition")) {
    properties.content_disposition = own.content_disposition;
  }
  if (headers.Has("x-ms-blob-cache-control")) properties.cache_control = own.cache_control;
  if (own.content_md5) properties.content_md5 = own.content_md5;
}

}  // namespace

azure::Outcome<CopyRequest> ParseCopyRequest(Call& call, CopyKind kind) {
  const http::HeaderView& headers = call.headers();
  CopyRequest out;
  out.kind = kind;
  out.url = headers.Get("x-ms-copy-source");
  if (out.url.empty()) return azure::Fail(azure::MissingHeader("x-ms-copy-source"));
  if (call.head.has_body()) return azure::Fail(azure::ErrorCode::kContentLengthMustBeZero);
  BG_TRY(out.conditions, blob::ConditionHeaders::Parse(headers, "x-ms-source-"));
  if (kind == CopyKind::kCopyBlob) {
    BG_TRY(out.seal, ParseSeal(headers));
    return out;  // the rest is not among its headers
  }

  if (kind != CopyKind::kCopyBlobFromUrl) {
    BG_TRY(out.source_key, ParseSourceKey(call));
  }
  out.authorization = headers.Get("x-ms-copy-source-authorization");
  BG_TRY(out.checksums, ParseChecksums(headers));
  if (IsPart(kind)) {
    BG_TRY(out.range, ParseSourceRange(headers));
    return out;
  }
  BG_TRY(out.copy_tags, ParseTagOption(call));
  if (kind == CopyKind::kPutBlobFromUrl) {
    BG_TRY(const bool keep_own,
           ParseChoice(headers, "x-ms-copy-source-blob-properties", "false", "true"));
    out.copy_properties = !keep_own;
  }
  return out;
}

Task<azure::Outcome<CopySource>> OpenSource(Call& call, const CopyRequest& request) {
  SourceRequest source;
  source.url = request.url;
  source.authorization = request.authorization;
  source.range = request.range;
  if (call.shared_key) source.own_account = call.account.name;
  source.conditions = ForwardedConditions(call.headers());
  source.secure = call.head.secure;
  source.host = call.head.host();
  source.peer = call.head.peer;
  source.version = call.version;
  if (request.source_key) source.key_headers = ForwardedKey(call.headers());
  co_return co_await call.services.sources.Open(std::move(source));
}

std::string PublicUrl(std::string_view url) {
  const std::size_t mark = url.find('?');
  if (mark == std::string_view::npos) return std::string(url);
  std::string out(url.substr(0, mark));
  std::string_view query = url.substr(mark + 1);
  char separator = '?';
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::string_view raw_name = parameter.substr(0, parameter.find('='));
    // A name may be escaped; one that cannot be decoded may hide anything and is dropped as well.
    const auto name = PercentDecode(raw_name);
    if (!name || EqualsIgnoreCase(*name, "sig")) continue;
    out += separator;
    out += parameter;
    separator = '&';
  }
  return out;
}

azure::Outcome<SourceAttributes> AttributesOf(const RemoteSource& source,
                                              const CopyRequest& request) {
  SourceAttributes out;
  out.properties = PropertiesOf(source);
  BG_TRY(out.metadata, MetadataOf(source));
  out.type = TypeOf(source);
  out.sealed = EqualsIgnoreCase(HeaderOf(source, "x-ms-blob-sealed"), "true");
  const auto number = ParseUnsigned(HeaderOf(source, "x-ms-blob-sequence-number"));
  if (number && *number <= blob::kMaxSequenceNumber) out.sequence_number = *number;
  if (request.copy_tags && !HeaderOf(source, "x-ms-tag-count").empty()) {
    return azure::Fail(azure::Error(azure::ErrorCode::kUnsupportedHeader)
                           .WithDetail("HeaderName", "x-ms-copy-source-tag-option"));
  }
  return out;
}

NewBlobInputs Inherit(Call& call, const CopyRequest& request, NewBlobInputs inputs,
                      const SourceAttributes& source) {
  if (request.kind == CopyKind::kPutBlobFromUrl) {
    const blob::HttpProperties own = std::move(inputs.properties);
    if (request.copy_properties) {
      inputs.properties = source.properties;
      OverrideProperties(call.headers(), own, inputs.properties);
    } else {
      inputs.properties = own;
      if (!own.content_md5) inputs.properties.content_md5 = source.properties.content_md5;
    }
    // Checked against the bytes, which the source's property need not have been.
    if (request.checksums.expected_md5 && !own.content_md5) {
      inputs.properties.content_md5 = request.checksums.expected_md5;
    }
  } else {
    inputs.properties = source.properties;
    if (!inputs.any_metadata_header) inputs.metadata = source.metadata;
  }
  if (request.copy_tags) inputs.tags = source.tags;
  return inputs;
}

blob::CopyState SuccessState(const CopyRequest& request, std::string copy_id, std::uint64_t length,
                             Time now) {
  blob::CopyState state;
  state.status = blob::CopyState::Status::kSuccess;
  state.id = std::move(copy_id);
  state.source = PublicUrl(request.url);
  state.bytes_done = length;
  state.bytes_total = length;
  state.completed = now;
  return state;
}

bool AnswersMd5(const Call& call, const CopyRequest& request) {
  return request.checksums.expected_md5.has_value() || call.version < kFirstCrcVersion;
}

azure::Outcome<void> CheckSourceHashes(const ChecksumPlan& plan, std::uint64_t crc64,
                                       const std::optional<Md5Digest>& md5) {
  if (plan.expected_crc64 && *plan.expected_crc64 != crc64) {
    return azure::Fail(azure::Error(azure::ErrorCode::kCrc64Mismatch)
                           .WithDetail("UserSpecifiedCrc", Crc64ToBase64(*plan.expected_crc64))
                           .WithDetail("ServerCalculatedCrc", Crc64ToBase64(crc64)));
  }
  if (plan.expected_md5 && (!md5 || *md5 != *plan.expected_md5)) {
    return azure::Fail(
        azure::Error(azure::ErrorCode::kMd5Mismatch)
            .WithDetail("UserSpecifiedMd5", Base64Encode(Bytes(*plan.expected_md5)))
            .WithDetail("ServerCalculatedMd5", md5 ? Base64Encode(Bytes(*md5)) : std::string()));
  }
  return {};
}

}  // namespace blobgate::operations
