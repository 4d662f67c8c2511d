#include "operations/upload.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/crc64.h"
#include "base/encoding.h"
#include "base/md5_batch.h"
#include "operations/upload_buffer.h"

namespace blobgate::operations {
namespace {

/// Extents that no commit has taken yet: they go back to the engine unless Keep is called.
class FreshExtents {
 public:
  explicit FreshExtents(engine::ExtentStore& store) : store_(store) {}
  FreshExtents(const FreshExtents&) = delete;
  FreshExtents& operator=(const FreshExtents&) = delete;
  ~FreshExtents() {
    for (const auto& slice : slices_) store_.Discard(slice.extent);
  }

  void Add(const engine::ExtentRef& ref, std::uint64_t header) {
    slices_.push_back({ref, header, ref.length - header});
  }
  std::vector<blob::Slice> Keep() { return std::exchange(slices_, {}); }

 private:
  engine::ExtentStore& store_;
  std::vector<blob::Slice> slices_;
};

/// What a body passes through on its way.
struct Passage {
  UploadBuffer buffer;
  Md5* md5 = nullptr;               ///< may be null
  ContentCipher* cipher = nullptr;  ///< likewise
  std::uint64_t crc64 = 0;          ///< of the body, where a cipher makes the extent's another
};

/// One extent with `length` bytes from the body.
Task<azure::Outcome<engine::ExtentRef>> ReceiveExtent(engine::ExtentStore& store,
                                                      http::BodyReader& body, std::uint64_t length,
                                                      Passage& passage) {
  const std::string header = passage.cipher ? passage.cipher->BeginExtent() : std::string();
  BG_CO_TRY(auto writer, co_await store.Create(header.size() + length));
  if (!header.empty()) BG_CO_CHECK(co_await writer->Append(AsBytes(header)));
  for (std::uint64_t left = length; left > 0;) {
    BG_CO_TRY(const MutableBytes piece, co_await passage.buffer.Next(body, left));
    if (passage.md5) co_await UpdateTogether(*passage.md5, piece);
    if (passage.cipher) {
      passage.crc64 = Crc64(piece, passage.crc64);
      passage.cipher->Encrypt(piece);
    }
    BG_CO_CHECK(co_await writer->Append(piece));
    left -= piece.size();
  }
  BG_CO_TRY(auto ref, co_await writer->Finish());
  co_return ref;
}

azure::Outcome<void> CheckHashes(const ChecksumPlan& plan, const Uploaded& uploaded) {
  if (plan.expected_md5 && *uploaded.md5 != *plan.expected_md5) {
    return azure::Fail(azure::Error(azure::ErrorCode::kMd5Mismatch)
                           .WithDetail("UserSpecifiedMd5", Base64Encode(*plan.expected_md5))
                           .WithDetail("ServerCalculatedMd5", Base64Encode(*uploaded.md5)));
  }
  if (plan.expected_crc64 && uploaded.crc64 != *plan.expected_crc64) {
    return azure::Fail(azure::Error(azure::ErrorCode::kCrc64Mismatch)
                           .WithDetail("UserSpecifiedCrc", Crc64ToBase64(*plan.expected_crc64))
                           .WithDetail("ServerCalculatedCrc", Crc64ToBase64(uploaded.crc64)));
  }
  return {};
}

azure::Outcome<Md5Digest> ParseMd5(std::string_view text) {
  const auto bytes = Base64Decode(text);
  Md5Digest digest;
  if (!bytes || bytes->size() != digest.size()) return azure::Fail(azure::ErrorCode::kInvalidMd5);
  std::memcpy(digest.data(), bytes->data(), digest.size());
  return digest;
}

azure::Outcome<std::uint64_t> ParseCrc64(std::string_view text) {
  const auto bytes = Base64Decode(text);
  if (!bytes || bytes->size() < 8) {
    return azure::Fail(azure::InvalidHeader("x-ms-content-crc64", text));
  }
  if (bytes->size() > 8) {
    // The service compares what it was sent and finds it different (operations.md 1.9).
    return azure::Fail(azure::Error(azure::ErrorCode::kCrc64Mismatch)
                           .WithDetail("UserSpecifiedCrc", std::string(text)));
  }
  std::uint64_t crc = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    crc |= std::uint64_t{static_cast<unsigned char>((*bytes)[i])} << (8 * i);
  }
  return crc;
}

}  // namespace

azure::Outcome<ChecksumPlan> PlanChecksums(const http::HeaderView& headers, bool blob_md5_wins) {
  ChecksumPlan plan;
  // An empty value counts as absent: some clients send the header without one.
  std::string_view md5 = blob_md5_wins ? headers.Get("x-ms-blob-content-md5") : std::string_view{};
  if (md5.empty()) md5 = headers.Get("Content-MD5");
  const std::string_view crc = headers.Get("x-ms-content-crc64");
  if (!headers.Get("Content-MD5").empty() && !crc.empty()) {
    return azure::Fail(azure::ErrorCode::kBothCrc64AndMd5HeaderPresent);
  }
  if (!md5.empty()) {
    BG_TRY(plan.expected_md5, ParseMd5(md5));
    plan.compute_md5 = true;
  }
  if (!crc.empty()) {
    BG_TRY(plan.expected_crc64, ParseCrc64(crc));
  }
  return plan;
}

Task<azure::Outcome<Uploaded>> Receive(Services& services, http::BodyReader& body,
                                       std::uint64_t length, const ChecksumPlan& plan,
                                       ContentCipher* cipher) {
  engine::ExtentStore& store = services.extents();
  FreshExtents fresh(store);
  Uploaded uploaded;
  std::optional<Md5> md5;
  if (plan.compute_md5 || plan.expected_md5) md5.emplace();
  const std::uint64_t header = cipher ? cipher->header_size() : 0;
  Passage passage{UploadBuffer(), md5 ? &*md5 : nullptr, cipher};
  while (uploaded.length < length) {
    const std::uint64_t size =
        std::min<std::uint64_t>(length - uploaded.length, engine::ExtentStore::kMaxExtent - header);
    BG_CO_TRY(const auto ref, co_await ReceiveExtent(store, body, size, passage));
    fresh.Add(ref, header);
    // Bytes that are stored as they came were hashed by the engine; a second pass is not needed.
    if (cipher) {
      uploaded.crc64 = passage.crc64;
    } else {
      uploaded.crc64 =
          uploaded.length == 0 ? ref.check : Crc64Combine(uploaded.crc64, ref.check, ref.length);
    }
    uploaded.length += size;
  }
  if (md5) uploaded.md5 = md5->Final();
  BG_CO_CHECK(CheckHashes(plan, uploaded));
  uploaded.slices = fresh.Keep();
  co_return uploaded;
}

void SetContentHash(http::Response& response, std::uint64_t crc64,
                    const std::optional<Md5Digest>& md5) {
  if (md5) {
    response.Set("Content-MD5", Base64Encode(Bytes(*md5)));
  } else {
    response.Set("x-ms-content-crc64", Crc64ToBase64(crc64));
  }
}

}  // namespace blobgate::operations
