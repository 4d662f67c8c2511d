// Parquet: the footer first, then of each row group the columns that the query needs, page by page
// (docs/query.md "Parquet").
#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "query/parquet/column_reader.h"
#include "query/parquet/metadata.h"
#include "query/parquet/to_value.h"
#include "query/record_reader.h"

namespace blobgate::query {
namespace {

using parquet::ColumnReader;
using parquet::Outcome;
using parquet::Problem;

constexpr std::string_view kMagic = "PAR1";
constexpr std::string_view kEncryptedMagic = "PARE";
/// The length of the footer, and the magic: the end of the file.
constexpr std::uint64_t kTrailer = 8;
/// Bytes that are read first, from the end: nearly every footer is in them.
constexpr std::uint64_t kTail = 64 * 1024;
/// Bytes that the pages of all columns may take, as they are read and uncompressed.
constexpr std::uint64_t kMemory = 256 * 1024 * 1024;
/// Bytes that are read of a column at once: of all of them this, but each no less and no more than
/// the others say.
constexpr std::uint64_t kPieces = 16 * 1024 * 1024;
constexpr std::uint64_t kMinPiece = 16 * 1024;
constexpr std::uint64_t kMaxPiece = 256 * 1024;
/// Rows for each byte of the blob. Runs make rows from nearly nothing, but not endlessly many.
constexpr std::uint64_t kRowsPerByte = 64 * 1024;
/// What a record, and each column of it, costs at least, in bytes of evaluation.
constexpr std::uint64_t kRecordCost = 32;
constexpr std::uint64_t kColumnCost = 16;

class ParquetReader final : public RecordReader, public Record {
 public:
  ParquetReader(std::uint64_t blob_size, const std::vector<FieldPath>& fields, bool everything)
      : blob_size_(blob_size), fields_(fields), everything_(everything) {
    const std::uint64_t tail = std::min(blob_size, kTail);
    wanted_ = {blob_size - tail, tail};
  }

  std::optional<InputRange> wanted() const override { return wanted_; }
  void Feed(std::string_view bytes) override;
  void Finish() override {}
  std::expected<Step, FatalError> Next() override;
  std::uint64_t SkipRecords() override;
  std::uint64_t cost() const override { return cost_; }

  const Record& record() const override { return *this; }
  std::uint64_t begin() const override { return group_begin_; }
  std::uint64_t end() const override { return group_begin_; }

  OrError<Value> Field(std::size_t index) const override { return ValueAt(places_[index]); }
  std::size_t columns() const override { return everything_ ? file_.columns.size() : 0; }
  std::string_view Name(std::size_t column) const override { return file_.columns[column].name; }
  OrError<Value> Column(std::size_t column) const override { return ValueAt(column); }

 private:
  Outcome<Step> NextOrProblem();
  Outcome<bool> TakeTail();
  Outcome<void> CheckRows() const;
  std::optional<FatalError> ChooseColumns();
  std::optional<std::size_t> PlaceOf(const FieldPath& path) const;
  Outcome<void> BeginGroup();
  Outcome<bool> PrepareColumns();
  Outcome<void> GoToRecord();
  OrError<Value> ValueAt(std::size_t column) const;
  std::uint64_t Position() const;

  const std::uint64_t blob_size_;
  const std::vector<FieldPath>& fields_;
  const bool everything_;
  InputRange wanted_;
  std::string tail_;  ///< of the blob, until the footer is read
  bool opened_ = false;
  parquet::FileMetadata file_;
  parquet::Memory memory_{kMemory};
  std::vector<std::size_t> places_;       ///< of fields_, in file_.columns
  std::vector<std::size_t> readers_of_;   ///< of each column of the file, or kNone
  std::deque<ColumnReader> readers_;      ///< of the columns that are needed
  std::vector<std::size_t> chunks_;       ///< of each reader, its place in a row group
  std::optional<FatalError> failed_;      ///< what is wrong with the query, or with a record
  std::size_t group_ = 0;                 ///< the next one
  std::uint64_t group_begin_ = 0;         ///< offset of the current one in the blob
  std::uint64_t rows_left_ = 0;           ///< of it
  std::uint64_t ready_ = 0;               ///< rows that all columns have at hand
  std::size_t preparing_ = 0;             ///< the column that waits for input
  std::uint64_t cost_ = 0;                ///< of the current record
  mutable std::deque<std::string> made_;  ///< what values of the record point to

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
};

void ParquetReader::Feed(std::string_view bytes) {
  if (opened_) {
    readers_[preparing_].Feed(bytes);
  } else {
    tail_ = bytes;
  }
}

FatalError ToFatal(const Problem& problem, std::uint64_t position) {
  switch (problem.kind) {
    case Problem::Kind::kMalformed:
      return {"ParseError", problem.text, position};
    case Problem::Kind::kUnsupported:
      return {"UnsupportedParquet", problem.text, position};
    case Problem::Kind::kTooLarge:
      return {"QueryLimitExceeded", problem.text, position};
  }
  std::unreachable();
}

std::expected<RecordReader::Step, FatalError> ParquetReader::Next() {
  auto step = NextOrProblem();
  if (failed_) return std::unexpected(*failed_);
  if (!step) return std::unexpected(ToFatal(step.error(), Position()));
  return *step;
}

/// Where it was reading: the footer, or the column that came last.
std::uint64_t ParquetReader::Position() const {
  if (!opened_) return wanted_.offset;
  return preparing_ < readers_.size() ? readers_[preparing_].offset() : group_begin_;
}

Outcome<RecordReader::Step> ParquetReader::NextOrProblem() {
  if (!opened_) {
    BG_TRY(const bool opened, TakeTail());
    if (!opened) return Step::kNeedInput;
    failed_ = ChooseColumns();
    if (failed_) return Step::kEnd;
  }
  while (rows_left_ == 0) {
    if (group_ == file_.groups.size()) return Step::kEnd;
    BG_CHECK(BeginGroup());
  }
  if (ready_ == 0) {
    BG_TRY(const bool ready, PrepareColumns());
    if (!ready) return Step::kNeedInput;
  }
  BG_CHECK(GoToRecord());
  return Step::kRecord;
}

/// False: the footer is longer than what was read.
Outcome<bool> ParquetReader::TakeTail() {
  const std::string_view tail = tail_;
  if (tail.size() < kMagic.size() + kTrailer) return parquet::Malformed("This is no Parquet file.");
  if (tail.ends_with(kEncryptedMagic)) return parquet::Unsupported("The file is encrypted.");
  if (!tail.ends_with(kMagic)) return parquet::Malformed("This is no Parquet file.");
  const auto length = parquet::Load<std::uint32_t>(tail.substr(tail.size() - kTrailer));
  if (length > blob_size_ - kMagic.size() - kTrailer) {
    return parquet::Malformed("The footer is longer than the file.");
  }
  if (length > parquet::kMaxFooter) return parquet::TooLarge("The footer is over 16 MiB.");
  if (length + kTrailer > tail.size()) {
    wanted_ = {blob_size_ - length - kTrailer, length + kTrailer};
    return false;
  }
  const std::string_view footer = tail.substr(tail.size() - kTrailer - length, length);
  wanted_.offset = blob_size_ - kTrailer - length;
  BG_TRY(file_, parquet::ParseFooter(footer, blob_size_));
  BG_CHECK(CheckRows());
  tail_ = std::string();
  opened_ = true;
  return true;
}

Outcome<void> ParquetReader::CheckRows() const {
  std::uint64_t left = kRowsPerByte * std::min(blob_size_, std::uint64_t{1} << 40);
  for (const parquet::RowGroup& group : file_.groups) {
    if (group.rows > left) return parquet::TooLarge("There are too many rows for so short a file.");
    left -= group.rows;
  }
  return {};
}

/// An error: one of the fields is not there.
std::optional<FatalError> ParquetReader::ChooseColumns() {
  std::vector<bool> needed(file_.columns.size(), everything_);
  for (const FieldPath& path : fields_) {
    const auto place = PlaceOf(path);
    if (!place) {
      return FatalError{"InvalidColumnName", "There is no column '" + path.front().name + "'.",
                        wanted_.offset};
    }
    places_.push_back(*place);
    needed[*place] = true;
  }
  const auto count = static_cast<std::uint64_t>(std::ranges::count(needed, true));
  const std::uint64_t piece =
      std::clamp(kPieces / std::max<std::uint64_t>(count, 1), kMinPiece, kMaxPiece);
  readers_of_.assign(file_.columns.size(), kNone);
  for (std::size_t i = 0; i < file_.columns.size(); ++i) {
    if (!needed[i]) continue;
    const parquet::Column& column = file_.columns[i];
    if (!column.refused.empty()) {
      return ToFatal({Problem::Kind::kUnsupported, column.refused}, wanted_.offset);
    }
    readers_of_[i] = readers_.size();
    readers_.emplace_back(column, memory_, piece);
    chunks_.push_back(column.chunk);
  }
  return std::nullopt;
}

std::optional<std::size_t> ParquetReader::PlaceOf(const FieldPath& path) const {
  const PathStep& step = path.front();
  const auto same = [&](const parquet::Column& column) {
    return step.quoted ? column.name == step.name : EqualsIgnoreCase(column.name, step.name);
  };
  const auto found = std::ranges::find_if(file_.columns, same);
  if (found != file_.columns.end()) return found - file_.columns.begin();
  const auto ordinal = OrdinalOf(path);
  if (!ordinal || *ordinal > file_.columns.size()) return std::nullopt;
  return *ordinal - 1;
}

Outcome<void> ParquetReader::BeginGroup() {
  const parquet::RowGroup& group = file_.groups[group_++];
  preparing_ = 0;
  ready_ = 0;
  group_begin_ = 0;
  if (!group.chunks.empty()) {
    group_begin_ = std::ranges::min(group.chunks, {}, &parquet::Chunk::begin).begin;
  }
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    BG_CHECK(readers_[i].Begin(group.chunks[chunks_[i]], group.rows));
  }
  rows_left_ = group.rows;
  return {};
}

/// False: one of them needs input.
Outcome<bool> ParquetReader::PrepareColumns() {
  std::uint64_t ready = rows_left_;
  for (; preparing_ < readers_.size(); ++preparing_) {
    BG_TRY(const auto range, readers_[preparing_].Prepare());
    if (range) {
      wanted_ = *range;
      return false;
    }
  }
  for (const ColumnReader& reader : readers_) ready = std::min(ready, reader.ready());
  ready_ = ready;
  preparing_ = 0;
  return true;
}

Outcome<void> ParquetReader::GoToRecord() {
  made_.clear();
  cost_ = kRecordCost;
  std::uint64_t bytes = 0;
  for (ColumnReader& reader : readers_) {
    BG_CHECK(reader.Advance());
    if (reader.value()) bytes += reader.value()->bytes.size();
    cost_ += kColumnCost;
  }
  --ready_;
  --rows_left_;
  if (bytes > kMaxRecord) {
    failed_ = FatalError{"RecordTooLarge", "A record is over 1 MiB.", group_begin_};
  }
  cost_ += bytes;
  return {};
}

OrError<Value> ParquetReader::ValueAt(std::size_t column) const {
  const ColumnReader& reader = readers_[readers_of_[column]];
  if (!reader.value()) return Null{};
  return parquet::ToValue(reader.type(), *reader.value(), made_.emplace_back());
}

/// No column is needed: the footer says how many there are.
std::uint64_t ParquetReader::SkipRecords() {
  if (!readers_.empty()) return 0;
  std::uint64_t records = std::exchange(rows_left_, 0);
  for (; group_ < file_.groups.size(); ++group_) records += file_.groups[group_].rows;
  ready_ = 0;
  return records;
}

}  // namespace

std::unique_ptr<RecordReader> NewParquetReader(std::uint64_t blob_size,
                                               const std::vector<FieldPath>& fields,
                                               bool everything) {
  return std::make_unique<ParquetReader>(blob_size, fields, everything);
}

}  // namespace blobgate::query
