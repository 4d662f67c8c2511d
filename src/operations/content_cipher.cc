#include "operations/content_cipher.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "blob/page_chunk.h"

namespace blobgate::operations {
namespace {

class ExtentCipher final : public ContentCipher {
 public:
  explicit ExtentCipher(blob::ContentKeyPtr key) : key_(std::move(key)) {}

  std::size_t header_size() const override { return blob::kExtentSalt; }
  std::string BeginExtent() override {
    std::string salt = RandomBytes(blob::kExtentSalt);
    cipher_ = blob::ExtentCipher(*key_, AsBytes(salt));
    at_ = 0;
    return salt;
  }
  void Encrypt(MutableBytes piece) override {
    cipher_->Apply(at_, piece, piece);
    at_ += piece.size();
  }

 private:
  const blob::ContentKeyPtr key_;
  std::optional<AesCtr> cipher_;
  std::uint64_t at_ = 0;
};

class PageCipher final : public ContentCipher {
 public:
  PageCipher(const blob::ContentKey& key, const PagePlace& place)
      : cipher_(blob::PageCipher(key, place.salt)), page_(place.offset / blob::kPageSize) {}

  std::size_t header_size() const override { return 0; }
  std::string BeginExtent() override { return {}; }
  void Encrypt(MutableBytes piece) override {
    cipher_.Encrypt(page_, blob::kPageSize, piece);
    page_ += piece.size() / blob::kPageSize;
  }

 private:
  AesXts cipher_;
  std::uint64_t page_;
};

}  // namespace

std::unique_ptr<ContentCipher> ContentCipher::Make(blob::ContentKeyPtr key,
                                                   const std::optional<PagePlace>& pages) {
  if (!key) return nullptr;
  if (pages) return std::make_unique<PageCipher>(*key, *pages);
  return std::make_unique<ExtentCipher>(std::move(key));
}

Task<Status> SliceReader::Begin(engine::ExtentRef extent) {
  std::string salt;
  while (salt.size() < blob::kExtentSalt) {
    BG_CO_TRY(const auto piece,
              co_await store_.Read(extent, salt.size(), blob::kExtentSalt - salt.size()));
    salt.append(AsChars(piece.view()));
  }
  cipher_ = blob::ExtentCipher(*key_, AsBytes(salt));
  extent_ = extent;
  co_return Status();
}

Task<Result<SharedBytes>> SliceReader::ReadSealed(const blob::Slice& slice, std::uint64_t position,
                                                  std::uint64_t want) {
  if (slice.offset < blob::kExtentSalt) {
    co_return Fail(Errc::kCorruption, "an encrypted blob with content that is not");
  }
  if (extent_ != slice.extent) BG_CO_CHECK(co_await Begin(slice.extent));
  const std::uint64_t offset = slice.offset + position;
  BG_CO_TRY(const auto sealed, co_await store_.Read(slice.extent, offset, want));
  // What was read may lie in a cache that others read.
  auto plain = std::make_shared<std::vector<std::byte>>(sealed.size());
  cipher_->Apply(offset - blob::kExtentSalt, sealed.view(), *plain);
  const Bytes view = *plain;
  co_return SharedBytes(std::move(plain), view);
}

}  // namespace blobgate::operations
