// Get Blob: the content, whole or a range of it (operations.md 1.8, 2.3).
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/crc64.h"
#include "base/encoding.h"
#include "base/md5.h"
#include "blob/tier.h"
#include "http/range.h"
#include "operations/access_time.h"
#include "operations/blob/blob_access.h"
#include "operations/blob_content.h"
#include "operations/blob_headers.h"
#include "operations/content_reader.h"
#include "operations/encryption.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

/// The longest range whose hash is given, bytes.
constexpr std::uint64_t kMaxHashedRange = 4 * 1024 * 1024;

enum class RangeHash : std::uint8_t { kNone, kMd5, kCrc64 };

constexpr std::string_view kWantMd5 = "x-ms-range-get-content-md5";
constexpr std::string_view kWantCrc64 = "x-ms-range-get-content-crc64";

/// What the headers ask for.
struct Wanted {
  std::optional<http::ByteRange> range;
  RangeHash hash = RangeHash::kNone;
};

/// The bytes to send.
struct Selection {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  bool partial = false;
};

azure::Outcome<bool> ParseFlag(const http::HeaderView& headers, std::string_view name) {
  const std::string_view text = headers.Get(name);
  if (text.empty() || EqualsIgnoreCase(text, "false")) return false;
  if (EqualsIgnoreCase(text, "true")) return true;
  return azure::Fail(azure::InvalidHeader(name, text));
}

/// x-ms-range beats Range. A form that we do not serve is ignored, as HTTP has it; that goes for
/// x-ms-range too: the Java SDK asks an empty blob for `bytes=0--1`, and Azure answers 200.
std::optional<http::ByteRange> ParseWantedRange(const http::HeaderView& headers) {
  const std::string_view own = headers.Get("x-ms-range");
  return http::ParseRange(own.empty() ? headers.Get("Range") : own);
}

azure::Outcome<Wanted> ParseWanted(const http::HeaderView& headers) {
  Wanted wanted;
  wanted.range = ParseWantedRange(headers);
  BG_TRY(const bool md5, ParseFlag(headers, kWantMd5));
  BG_TRY(const bool crc64, ParseFlag(headers, kWantCrc64));
  if (!md5 && !crc64) return wanted;
  if (!wanted.range || (md5 && crc64)) {
    const std::string_view name = md5 ? kWantMd5 : kWantCrc64;
    return azure::Fail(azure::InvalidHeader(name, headers.Get(name)));
  }
  wanted.hash = md5 ? RangeHash::kMd5 : RangeHash::kCrc64;
  return wanted;
}

/// `size`: of the blob.
azure::Outcome<Selection> Select(const Wanted& wanted, std::uint64_t size) {
  if (!wanted.range) return Selection{0, size, false};
  const http::ByteRange& range = *wanted.range;
  if (range.first >= size) {
    return azure::Fail(azure::Error(azure::ErrorCode::kInvalidRange)
                           .WithHeader("Content-Range", "bytes */" + std::to_string(size)));
  }
  const std::uint64_t last = std::min(range.last.value_or(size - 1), size - 1);
  const Selection selection{range.first, last - range.first + 1, true};
  if (wanted.hash != RangeHash::kNone && selection.length > kMaxHashedRange) {
    const bool md5 = wanted.hash == RangeHash::kMd5;
    return azure::Fail(azure::InvalidHeader(md5 ? kWantMd5 : kWantCrc64, "true"));
  }
  return selection;
}

http::Response DescribeContent(const Call& call, const blob::BlobRecord& record,
                               const Selection& selection) {
  http::Response response;
  response.status = selection.partial ? 206 : 200;
  response.content_length = selection.length;
  SetBlobHeaders(response, call, record,
                 selection.partial ? BlobAnswer::kRange : BlobAnswer::kWhole);
  if (selection.partial) {
    response.Set("Content-Range", "bytes " + std::to_string(selection.first) + "-" +
                                      std::to_string(selection.first + selection.length - 1) + "/" +
                                      std::to_string(record.length));
  }
  return response;
}

void SetRangeHash(http::Response& response, RangeHash hash) {
  const Bytes bytes = AsBytes(response.text);
  if (hash == RangeHash::kMd5) {
    response.Set("Content-MD5", Base64Encode(Md5Of(bytes)));
  } else {
    response.Set("x-ms-content-crc64", Crc64ToBase64(Crc64(bytes)));
  }
}

/// nullopt: the blob moved while its content was looked for.
Task<azure::Outcome<std::optional<http::Response>>> TryGet(
    Call& call, const Wanted& wanted, const blob::ContentKeyPtr& given,
    const blob::ConditionHeaders& conditions) {
  BG_CO_TRY(auto target, co_await LoadForRead(call, conditions));
  BG_CO_TRY(auto key, OpenRecord(call, given, *target.blob));
  const blob::BlobRecord& record = *target.blob;
  BG_CO_CHECK(CheckContentReadable(record, call.now));
  BG_CO_TRY(const auto selection, Select(wanted, record.length));

  NoteAccess(call, target);
  http::Response response = DescribeContent(call, record, selection);
  if (selection.length == 0) co_return std::optional(std::move(response));
  BG_CO_TRY(auto body, co_await OpenContent(call.services, target, selection.first,
                                            selection.length, std::move(key)));
  if (!body) co_return std::nullopt;
  if (wanted.hash == RangeHash::kNone) {
    response.stream = std::move(*body);
  } else {
    BG_CO_TRY(response.text, co_await ReadAll(**body, selection.length));
    SetRangeHash(response, wanted.hash);
  }
  co_return std::optional(std::move(response));
}

}  // namespace

Task<azure::Outcome<http::Response>> GetBlob(Call& call) {
  BG_CO_TRY(const auto given, ParseCustomerKey(call));
  BG_CO_TRY(const auto wanted, ParseWanted(call.headers()));
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(auto answer, co_await TryGet(call, wanted, given, conditions));
    if (answer) co_return std::move(*answer);
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
