#include "query/parquet/column_reader.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

namespace blobgate::query::parquet {
namespace {

std::uint32_t Crc32(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

Outcome<void> ColumnReader::Begin(const Chunk& chunk, std::uint64_t rows) {
  if (chunk.refused) return Unsupported(chunk.refused);
  if (chunk.values != rows) return Malformed("A column has not as many values as there are rows.");
  chunk_ = chunk;
  rows_left_ = rows;
  fed_ = 0;
  raw_ = std::string();
  used_ = 0;
  header_.reset();
  levels_.reset();
  values_.reset();
  value_.reset();
  dictionary_.reset();
  page_ = std::string();
  level_bytes_ = std::string();
  page_left_ = 0;
  return Hold(0);
}

Outcome<std::optional<InputRange>> ColumnReader::Prepare() {
  while (page_left_ == 0) {
    if (!header_) {
      BG_TRY(header_, ParsePageHeader(unused()));
      if (!header_) {
        if (unused().size() > kMaxPageHeader)
          return TooLarge("The header of a page is over 1 MiB.");
        return Want(unused().size() + 1);
      }
      used_ += header_->size;
    }
    if (unused().size() < header_->packed) return Want(header_->packed);
    BG_CHECK(TakePage());
  }
  return std::nullopt;
}

/// So that there are `bytes` that are not used.
Outcome<std::optional<InputRange>> ColumnReader::Want(std::uint64_t bytes) {
  const std::uint64_t left = chunk_.length - fed_;
  const std::uint64_t missing = bytes - unused().size();
  if (missing > left) return Malformed("A column ends before its last value.");
  const std::uint64_t length = std::min(std::max(missing, piece_), left);
  BG_CHECK(Hold(length));
  return InputRange{chunk_.begin + fed_, length};
}

void ColumnReader::Feed(std::string_view bytes) {
  // Room for what is there, and not for what once was.
  std::string raw;
  raw.reserve(unused().size() + bytes.size());
  raw += unused();
  raw += bytes;
  raw_ = std::move(raw);
  used_ = 0;
  fed_ += bytes.size();
}

/// What it holds, and `more`, counts as its memory.
Outcome<void> ColumnReader::Hold(std::uint64_t more) {
  const std::uint64_t now = raw_.size() + page_.size() + level_bytes_.size() +
                            (dictionary_ ? dictionary_->size() : 0) + more;
  if (!memory_.Trade(held_, now)) {
    return TooLarge("The pages of the columns that the query needs take too much memory.");
  }
  return {};
}

Outcome<void> ColumnReader::TakePage() {
  const std::string_view body = unused().substr(0, header_->packed);
  if (header_->crc && Crc32(body) != *header_->crc) {
    return Malformed("The checksum of a page is wrong.");
  }
  if (header_->type == PageType::kDictionary) {
    BG_CHECK(TakeDictionary(body));
  } else if (header_->type != PageType::kOther) {
    BG_CHECK(TakeData(body));
  }
  used_ += header_->packed;
  header_.reset();
  return {};
}

Outcome<void> ColumnReader::TakeDictionary(std::string_view body) {
  if (dictionary_ || values_) return Malformed("There is more than one dictionary.");
  if (header_->encoding != Encoding::kPlain && header_->encoding != Encoding::kPlainDictionary) {
    return Unsupported("The encoding of a dictionary is not known.");
  }
  // The places of values of different lengths are 4 bytes each, no more than the lengths in front
  // of them.
  BG_CHECK(Hold(header_->unpacked * 2));
  BG_TRY(std::string page, Decompress(chunk_.codec, body, header_->unpacked));
  BG_TRY(dictionary_, Dictionary::Open(column_.type, std::move(page), header_->values));
  return Hold(0);
}

Outcome<void> ColumnReader::TakeData(std::string_view body) {
  if (header_->values > rows_left_) return Malformed("A column has more values than rows.");
  values_.reset();
  page_ = std::string();
  level_bytes_ = std::string();
  BG_CHECK(Hold(header_->unpacked));
  if (header_->type == PageType::kData) {
    BG_CHECK(OpenData(body));
  } else {
    BG_CHECK(OpenDataV2(body));
  }
  rows_left_ -= header_->values;
  page_left_ = header_->values;
  return {};
}

/// Everything is compressed, and the levels have their length in front of them.
Outcome<void> ColumnReader::OpenData(std::string_view body) {
  BG_TRY(page_, Decompress(chunk_.codec, body, header_->unpacked));
  Cursor input(page_);
  if (!column_.optional) return OpenValues({}, input.rest());
  if (header_->levels != Encoding::kRuns)
    return Unsupported("Bit-packed levels are not supported.");
  const auto length = input.Number<std::uint32_t>();
  const auto levels = length ? input.Take(*length) : std::nullopt;
  if (!levels) return Malformed("The levels of a page are cut off.");
  return OpenValues(*levels, input.rest());
}

/// The levels are in front of what is compressed.
Outcome<void> ColumnReader::OpenDataV2(std::string_view body) {
  const std::uint64_t levels = header_->repetition_bytes + header_->definition_bytes;
  const Codec codec = header_->compressed ? chunk_.codec : Codec::kNone;
  BG_TRY(page_, Decompress(codec, body.substr(levels), header_->unpacked - levels));
  level_bytes_ = body.substr(header_->repetition_bytes, header_->definition_bytes);
  return OpenValues(level_bytes_, page_);
}

Outcome<void> ColumnReader::OpenValues(std::string_view levels, std::string_view values) {
  levels_.reset();
  if (column_.optional) levels_.emplace(levels, 1);
  BG_TRY(values_, NewValueDecoder(column_.type, header_->encoding, values, header_->values,
                                  dictionary_ ? &*dictionary_ : nullptr));
  return {};
}

Outcome<void> ColumnReader::Advance() {
  --page_left_;
  if (levels_) {
    const auto level = levels_->Next();
    if (!level) return Malformed("The levels of a page are malformed.");
    if (*level == 0) {
      value_.reset();
      return {};
    }
  }
  value_ = values_->Next();
  if (!value_) return Malformed("The values of a page are cut off or malformed.");
  return {};
}

}  // namespace blobgate::query::parquet
