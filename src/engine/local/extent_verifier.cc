#include "engine/local/extent_verifier.h"

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <utility>

#include "base/crc64.h"

namespace blobgate::engine {
namespace {

constexpr std::uint64_t kPiece = 32 * kChunk;

}  // namespace

ExtentVerifier::ExtentVerifier(const SegmentPaths& paths, Pace pace)
    : paths_(paths), pace_(std::move(pace)), buffer_(kPiece) {}

Status ExtentVerifier::OpenSegment(std::uint64_t segment) {
  if (segment == segment_) return {};
  file_.reset();
  segment_ = 0;
  auto file = paths_.OpenDirect(segment);
  if (!file && file.error().code != Errc::kNotFound) return std::unexpected(file.error());
  if (file) file_ = std::move(*file);
  segment_ = segment;
  return {};
}

// Text: what is wrong; empty: `length` bytes of the file are in the buffer.
Result<std::string> ExtentVerifier::ReadAt(std::uint64_t position, std::uint64_t length) {
  if (!file_) return "its segment is missing";
  if (pace_ && !pace_(length)) return Fail(Errc::kCancelled);
  MutableBytes into = buffer_.span().first(length);
  while (!into.empty()) {
    const ssize_t got = paths_.disk().Read(file_->fd(), into.data(), into.size(), position, 0);
    if (got < 0) return DiskError(static_cast<int>(got), "it cannot be read").detail;
    position += static_cast<std::uint64_t>(got);
    // Direct reads go on at multiples of a block only, and nothing ends elsewhere.
    if (got == 0 || static_cast<std::uint64_t>(got) % kBlock != 0) {
      return fmt::format("the file ends at {}", position);
    }
    into = into.subspan(static_cast<std::size_t>(got));
  }
  bytes_read_ += length;
  return "";
}

void ExtentVerifier::Add(const ExtentRef& ref, std::uint64_t offset, std::uint64_t length,
                         std::string_view what, Damage& damage) const {
  if (!damage.empty() && damage.back().offset + damage.back().length == offset) {
    damage.back().length += length;
    return;
  }
  damage.push_back({offset, length,
                    fmt::format("extent at {} of segment {:x}, {} bytes: from byte {} on: {}",
                                ref.position, ref.space, ref.length, offset, what)});
}

// False: the trailer is no good, which `damage` then says.
Result<bool> ExtentVerifier::LoadChecks(const ExtentRef& ref, const Place& at, Damage& damage) {
  checks_.assign(1, ref.check);
  if (ref.length <= kChunk) return true;
  const std::uint64_t size = TrailerLength(ref.length);
  if (buffer_.size() < size) buffer_ = AlignedBuffer(size);
  BG_TRY(std::string what, ReadAt(at.position + PaddedLength(ref.length), size));
  if (what.empty() && !DecodeTrailer(ref, buffer_.span().first(size), checks_)) {
    what = "its trailer is damaged";
  }
  if (what.empty()) return true;
  Add(ref, 0, ref.length, what, damage);
  return false;
}

void ExtentVerifier::VerifyChunks(const ExtentRef& ref, std::uint64_t first, Bytes content,
                                  Damage& damage) {
  for (std::uint64_t chunk = first; !content.empty(); ++chunk) {
    const Bytes bytes = content.first(ChunkLength(ref.length, chunk));
    if (Crc64(bytes) != checks_[chunk]) {
      Add(ref, chunk * kChunk, bytes.size(), "it does not match its checksum", damage);
    }
    content = content.subspan(bytes.size());
  }
}

Status ExtentVerifier::VerifyContent(const ExtentRef& ref, const Place& at, Damage& damage,
                                     std::string* out) {
  for (std::uint64_t offset = 0; offset < ref.length; offset += kPiece) {
    const std::uint64_t length = std::min(kPiece, ref.length - offset);
    BG_TRY(const std::string what, ReadAt(at.position + offset, PaddedLength(length)));
    if (!what.empty()) {
      Add(ref, offset, length, what, damage);
      continue;
    }
    const Bytes content = buffer_.span().first(length);
    VerifyChunks(ref, offset / kChunk, content, damage);
    if (out != nullptr) out->append(AsChars(content));
  }
  return {};
}

Result<std::vector<ExtentDamage>> ExtentVerifier::Verify(const ExtentRef& ref, const Place& at,
                                                         bool content) {
  Damage damage;
  BG_CHECK(OpenSegment(at.segment));
  BG_TRY(const bool known, LoadChecks(ref, at, damage));
  if (known && content) BG_CHECK(VerifyContent(ref, at, damage, nullptr));
  return damage;
}

Result<std::vector<ExtentDamage>> ExtentVerifier::Read(const ExtentRef& ref, const Place& at,
                                                       std::string& out) {
  Damage damage;
  BG_CHECK(OpenSegment(at.segment));
  BG_TRY(const bool known, LoadChecks(ref, at, damage));
  if (known) BG_CHECK(VerifyContent(ref, at, damage, &out));
  return damage;
}

}  // namespace blobgate::engine
