// Parquet as input of Query Blob Contents: the first byte chooses a part of the reader, the second
// one how it is used; the rest is a file, a footer, a page or the values of one. Whatever it is,
// the answer is whole, and nothing is read beyond what was asked for.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "query/parquet/to_value.h"
#include "query/parquet/value_decoder.h"
#include "support/query_answer.h"

namespace {

using namespace blobgate;
using namespace blobgate::query::parquet;

/// A file of a few bytes may have millions of rows: some of them will do.
constexpr int kMostSlices = 200;
constexpr std::size_t kMostAnswer = 16 * 1024 * 1024;

void RunQuery(std::uint8_t choice, std::string_view blob) {
  using State = query::QueryRun::State;
  azure::QueryRequest request;
  request.expression = choice & 1   ? "SELECT a, _2 FROM BlobStorage WHERE _1 > 1 OR a LIKE '%a'"
                       : choice & 2 ? "SELECT COUNT(*) FROM BlobStorage"
                                    : "SELECT * FROM BlobStorage";
  request.input = azure::Parquet{};
  if (choice & 4) request.output = azure::JsonText{};
  const auto run = query::QueryRun::Create(request, blob.size(), {});
  if (!run) __builtin_trap();
  std::string file;
  State state = State::kNeedInput;
  for (int slice = 0; state != State::kDone; ++slice) {
    if (slice == kMostSlices || file.size() > kMostAnswer) return;
    std::string input;
    if (state == State::kNeedInput) {
      const auto range = (*run)->wanted().value();
      if (range.offset > blob.size() || range.length > blob.size() - range.offset) {
        __builtin_trap();
      }
      if (range.length == 0 && !blob.empty()) __builtin_trap();
      input = blob.substr(range.offset, range.length);
    }
    state = (*run)->Work(input, file);
  }
  (void)test::AnswerReader(file).Read();
}

void ReadValues(std::uint8_t choice, std::string_view bytes) {
  if (bytes.empty()) return;
  const auto encoding = static_cast<Encoding>(choice % 10);
  ColumnType type;
  type.physical = static_cast<Physical>(bytes.front() & 7);
  type.meaning = static_cast<Meaning>((bytes.front() >> 3 & 0x1F) % 9);
  constexpr std::uint32_t kLengths[] = {1, 4, 8, 12, 4, 8, 0, 16};
  type.length = kLengths[static_cast<std::size_t>(type.physical)];
  // What no schema lets through.
  const bool integer = type.physical == Physical::kInt32 || type.physical == Physical::kInt64;
  if (!integer && type.meaning != Meaning::kPlain) return;
  if (type.meaning == Meaning::kUuid || type.meaning == Meaning::kHalf ||
      type.meaning == Meaning::kInterval) {
    return;
  }
  type.bits = type.length * 8;
  type.precision = 9;
  type.per_second = 1'000'000;
  bytes.remove_prefix(1);
  std::optional<Dictionary> dictionary;
  if (auto opened = Dictionary::Open(type, std::string(bytes), bytes.size() / 16)) {
    dictionary.emplace(std::move(*opened));
  }
  constexpr std::uint64_t kCount = 10'000;
  const auto decoder =
      NewValueDecoder(type, encoding, bytes, kCount, dictionary ? &*dictionary : nullptr);
  if (!decoder) return;
  std::string made;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const auto value = (*decoder)->Next();
    if (!value) break;
    const auto shown = query::parquet::ToValue(type, *value, made);
    if (shown) (void)query::ToText(*shown);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 8) {
    case 0:
      (void)ParseFooter(rest, 1'000'000);
      break;
    case 1:
      (void)ParsePageHeader(rest);
      break;
    case 2:
      (void)Decompress(static_cast<Codec>(data[1] % 8), rest, std::size_t{data[1]} * 16);
      break;
    case 3:
    case 4:
      ReadValues(data[1], rest);
      break;
    default:
      RunQuery(data[1], rest);
      break;
  }
  return 0;
}
