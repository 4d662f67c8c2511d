// Delimited text: CSV and its relatives (docs/query.md "Delimited text").
#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "query/input_buffer.h"
#include "query/record_reader.h"

namespace blobgate::query {
namespace {

class DelimitedReader final : public RecordReader, public Record {
 public:
  DelimitedReader(azure::DelimitedText format, const std::vector<FieldPath>& fields)
      : format_(std::move(format)), fields_(fields) {
    Mark(format_.column_separator.front());
    Mark(format_.record_separator.front());
    if (format_.escape) Mark(*format_.escape);
    longest_ = std::max(format_.column_separator.size(), format_.record_separator.size());
    if (!format_.has_headers) FindOrdinals();
  }

  void Feed(std::string_view bytes) override { buffer_.Feed(bytes); }
  void Finish() override { buffer_.Finish(); }
  std::expected<Step, FatalError> Next() override;

  const Record& record() const override { return *this; }
  std::uint64_t begin() const override { return begin_; }
  std::uint64_t end() const override { return buffer_.OffsetOf(buffer_.cursor()); }

  OrError<Value> Field(std::size_t index) const override {
    const std::size_t column = places_[index];
    if (column >= columns_.size()) return std::unexpected(kInvalidColumnOrdinal);
    return columns_[column];
  }
  std::size_t columns() const override { return columns_.size(); }
  std::string_view Name(std::size_t column) const override {
    return column < names_.size() ? std::string_view(names_[column]) : std::string_view();
  }
  OrError<Value> Column(std::size_t column) const override { return columns_[column]; }

 private:
  /// A record in the buffer.
  struct Bounds {
    std::size_t end = 0;   ///< of its content
    std::size_t next = 0;  ///< behind the separator
  };
  enum class Scan : std::uint8_t { kFound, kIncomplete, kUnclosed };

  void Mark(char c) { special_[static_cast<unsigned char>(c)] = true; }
  bool IsSpecial(char c) const { return special_[static_cast<unsigned char>(c)]; }

  std::expected<Step, FatalError> Read();
  Scan FindEnd(Bounds& bounds) const;
  Scan SkipQuoted(std::size_t& at) const;
  bool SkipField(std::size_t& at, Bounds& bounds, bool& ended) const;
  void Split(std::size_t at, std::size_t end);
  std::size_t CopyQuoted(std::size_t& at, std::size_t end);
  std::optional<FatalError> TakeHeader();
  std::size_t PlaceOf(const FieldPath& path) const;
  void FindOrdinals();
  FatalError Failure(std::string_view name, std::string description) const {
    return {std::string(name), std::move(description), buffer_.OffsetOf(buffer_.cursor())};
  }

  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

  const azure::DelimitedText format_;
  const std::vector<FieldPath>& fields_;
  std::array<bool, 256> special_{};  ///< where a separator or an escape begins
  std::size_t longest_ = 1;          ///< of the separators
  InputBuffer buffer_;
  std::uint64_t begin_ = 0;
  bool header_taken_ = false;
  std::vector<std::string> names_;         ///< of the header
  std::vector<std::size_t> places_;        ///< column of each field
  std::vector<std::string_view> columns_;  ///< in buffer_
};

std::expected<RecordReader::Step, FatalError> DelimitedReader::Next() {
  auto step = Read();
  if (step && *step == Step::kRecord && format_.has_headers && !header_taken_) {
    if (auto failure = TakeHeader()) return std::unexpected(std::move(*failure));
    step = Read();
  }
  return step;
}

std::expected<RecordReader::Step, FatalError> DelimitedReader::Read() {
  if (buffer_.cursor() == buffer_.size()) {
    return buffer_.finished() ? Step::kEnd : Step::kNeedInput;
  }
  Bounds bounds;
  const Scan found = FindEnd(bounds);
  const std::size_t known = (found == Scan::kFound ? bounds.end : buffer_.size());
  if (known - buffer_.cursor() > kMaxRecord) {
    return std::unexpected(Failure("RecordTooLarge", "A record is over 1 MiB."));
  }
  if (found == Scan::kIncomplete) return Step::kNeedInput;
  if (found == Scan::kUnclosed) {
    return std::unexpected(Failure("ParseError", "A quoted field is not closed."));
  }
  begin_ = buffer_.OffsetOf(buffer_.cursor());
  const bool crlf = format_.record_separator == "\n" && bounds.end > buffer_.cursor() &&
                    buffer_[bounds.end - 1] == '\r';
  Split(buffer_.cursor(), crlf ? bounds.end - 1 : bounds.end);
  buffer_.MoveTo(bounds.next);
  return Step::kRecord;
}

DelimitedReader::Scan DelimitedReader::FindEnd(Bounds& bounds) const {
  std::size_t at = buffer_.cursor();
  for (bool ended = false; !ended;) {
    if (format_.quote && at < buffer_.size() && buffer_[at] == *format_.quote) {
      const Scan quoted = SkipQuoted(at);
      if (quoted != Scan::kFound) return quoted;
    }
    if (!SkipField(at, bounds, ended)) return Scan::kIncomplete;
  }
  return Scan::kFound;
}

/// From the opening quote to behind the closing one.
DelimitedReader::Scan DelimitedReader::SkipQuoted(std::size_t& at) const {
  for (std::size_t i = at + 1; i < buffer_.size(); ++i) {
    if (format_.escape && buffer_[i] == *format_.escape) {
      ++i;
    } else if (buffer_[i] == *format_.quote) {
      const bool last = i + 1 == buffer_.size();
      if (last && !buffer_.finished()) return Scan::kIncomplete;
      if (last || buffer_[i + 1] != *format_.quote) {
        at = i + 1;
        return Scan::kFound;
      }
      ++i;
    }
  }
  return buffer_.finished() ? Scan::kUnclosed : Scan::kIncomplete;
}

/// To the next field, or with `ended` to the end of the record. False: needs more input.
bool DelimitedReader::SkipField(std::size_t& at, Bounds& bounds, bool& ended) const {
  const std::size_t size = buffer_.size();
  while (true) {
    while (at < size && !IsSpecial(buffer_[at])) ++at;
    if (at < size && !buffer_.finished() && size - at < longest_) return false;
    if (at >= size) {
      ended = true;
      bounds = {size, size};
      return buffer_.finished();
    }
    if (buffer_.Has(at, format_.record_separator)) {
      ended = true;
      bounds = {at, at + format_.record_separator.size()};
      return true;
    }
    if (buffer_.Has(at, format_.column_separator)) {
      at += format_.column_separator.size();
      return true;
    }
    at += format_.escape && buffer_[at] == *format_.escape ? 2 : 1;
  }
}

/// Copies a quoted field over itself, without quotes and escapes; the end of the copy.
std::size_t DelimitedReader::CopyQuoted(std::size_t& at, std::size_t end) {
  std::size_t out = at;
  for (++at; at < end; ++at) {
    if (format_.escape && buffer_[at] == *format_.escape && at + 1 < end) {
      ++at;
    } else if (buffer_[at] == *format_.quote) {
      if (at + 1 >= end || buffer_[at + 1] != *format_.quote) break;
      ++at;
    }
    buffer_[out++] = buffer_[at];
  }
  if (at < end) ++at;
  return out;
}

/// Takes the record apart. What is escaped is made plain in place: it only becomes shorter.
void DelimitedReader::Split(std::size_t at, std::size_t end) {
  columns_.clear();
  for (bool more = true; more;) {
    const std::size_t start = at;
    std::size_t out = at;
    if (format_.quote && at < end && buffer_[at] == *format_.quote) out = CopyQuoted(at, end);
    more = false;
    while (at < end && !more) {
      if (format_.escape && buffer_[at] == *format_.escape && at + 1 < end) {
        ++at;
      } else if (IsSpecial(buffer_[at]) && buffer_.Has(at, format_.column_separator)) {
        more = true;
        continue;
      }
      if (out != at) buffer_[out] = buffer_[at];
      ++out;
      ++at;
    }
    columns_.push_back(buffer_.Slice(start, out));
    if (more) at += format_.column_separator.size();
  }
}

std::optional<FatalError> DelimitedReader::TakeHeader() {
  header_taken_ = true;
  names_.assign(columns_.begin(), columns_.end());
  for (const FieldPath& path : fields_) {
    const std::size_t place = PlaceOf(path);
    if (place == kNowhere) {
      return FatalError{"InvalidColumnName", "There is no column '" + path.front().name + "'.",
                        begin_};
    }
    places_.push_back(place);
  }
  return std::nullopt;
}

std::size_t DelimitedReader::PlaceOf(const FieldPath& path) const {
  const PathStep& step = path.front();
  const auto same = [&](const std::string& name) {
    return step.quoted ? name == step.name : EqualsIgnoreCase(name, step.name);
  };
  const auto found = std::ranges::find_if(names_, same);
  if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
  const auto ordinal = OrdinalOf(path);
  return ordinal ? *ordinal - 1 : kNowhere;
}

void DelimitedReader::FindOrdinals() {
  for (const FieldPath& path : fields_) {
    const auto ordinal = OrdinalOf(path);
    places_.push_back(ordinal ? *ordinal - 1 : kNowhere);
  }
}

}  // namespace

std::unique_ptr<RecordReader> NewDelimitedReader(const azure::DelimitedText& format,
                                                 const std::vector<FieldPath>& fields) {
  return std::make_unique<DelimitedReader>(format, fields);
}

}  // namespace blobgate::query
