// What the local engine reads from its disk, damaged: rows of the catalog, trailers of extents, the
// mark of what was acknowledged. Damage must be seen, and no number may lead out of the bytes read.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/crc64.h"
#include "engine/local/catalog_log.h"
#include "engine/local/catalog_rows.h"
#include "engine/local/commit_mark.h"
#include "engine/local/extent_format.h"
#include "engine/local/scrubber.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using namespace blobgate::engine;
using fuzz::Require;

template <class Row>
void RoundTrip(std::string_view text) {
  if (const auto row = Row::Decode(text)) Require(row->Encode() == text);
}

void CheckRows(std::string_view text) {
  RoundTrip<SegmentRow>(text);
  RoundTrip<ExtentRow>(text);
  RoundTrip<MovedRow>(text);
  if (const auto row = DecodeRow(text)) {
    Require(fuzz::Within(row->value, text) && EncodeRow(row->version, row->value) == text);
  }
  if (const auto place = DecodePlaceKey(text)) Require(PlaceKey(*place) == text);
  if (const auto length = DecodeLength(text)) Require(EncodeLength(*length) == text);
  if (const auto progress = ScrubProgress::Decode(text)) {
    Require(ScrubProgress::Decode(progress->Encode())->Encode() == progress->Encode());
  }
}

/// The records of a block end within it, and at the same place without what is behind them.
void CheckLogBlock(std::string_view text) {
  const std::size_t end = EndOfLogBlock(text);
  Require(end <= text.size() && EndOfLogBlock(text.substr(0, end)) == end);
  if (end < text.size()) Require(text.substr(end + 4, 3) == std::string_view("\0\0", 3));
}

/// A trailer made of the input: read back, and refused for another extent or with a bit flipped.
void CheckTrailer(std::string_view text) {
  constexpr std::uint64_t kMostChunks = 40;
  if (text.size() < ExtentRef::kEncodedSize + 2) return;
  const auto flip = static_cast<std::size_t>(fuzz::TakeByte(text)) << 4;
  const int bit = fuzz::TakeByte(text) % 8;
  ExtentRef ref = ExtentRef::Decode(AsBytes(text));
  std::string encoded;
  ref.EncodeTo(encoded);
  Require(text.starts_with(encoded));
  ref.length = kChunk + 1 + ref.length % (kMostChunks * kChunk);
  Require(ChunkLength(ref.length, ChunkCount(ref.length) - 1) <= kChunk);
  Require(TrailerLength(ref.length) >= 8 * ChunkCount(ref.length) + sizeof(TrailerFooter));
  std::vector<std::uint64_t> checks(ChunkCount(ref.length));
  std::memcpy(checks.data(), text.data(), std::min(text.size(), 8 * checks.size()));
  std::vector<std::byte> trailer(TrailerLength(ref.length));
  EncodeTrailer(ref, checks, trailer);
  ChunkChecks read;
  Require(DecodeTrailer(ref, trailer, read) && read == checks);
  ExtentRef other = ref;
  other.position += kBlock;
  Require(!DecodeTrailer(other, trailer, read));
  trailer[flip % trailer.size()] ^= std::byte{1} << bit;
  Require(!DecodeTrailer(ref, trailer, read));
  std::ranges::copy(AsBytes(text.substr(0, trailer.size())), trailer.begin());
  (void)DecodeTrailer(ref, trailer, read);
}

/// A disk of one file.
class OneFile final : public Disk {
 public:
  explicit OneFile(std::string_view content) : content_(content) {}
  int Open(const std::string&, int) override { return 3; }
  void Close(int) override {}
  ssize_t Read(int, void* data, std::size_t size, std::uint64_t offset, int) override {
    const std::string_view part =
        content_.substr(std::min<std::size_t>(offset, content_.size())).substr(0, size);
    std::ranges::copy(part, static_cast<char*>(data));
    return static_cast<ssize_t>(part.size());
  }

 private:
  const std::string_view content_;
};

/// Only a number with its checksum counts.
void CheckMark(std::string_view text) {
  OneFile disk(text);
  const std::uint64_t sequence = CommitMark::Read(disk, "");
  if (sequence == 0) return;
  bool found = false;
  for (const std::size_t at : {0, 512}) {
    if (text.size() < at + 24) continue;
    std::uint64_t slot[3];
    std::memcpy(slot, text.data() + at, sizeof slot);
    found = found || (slot[1] == sequence && slot[2] == Crc64(AsBytes(text.substr(at, 16))));
  }
  Require(found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::TextOf(data, size);
  CheckRows(text);
  CheckLogBlock(text);
  CheckTrailer(text);
  CheckMark(text);
  return 0;
}
