// JSON values one behind the other, or the elements of one array (docs/query.md "JSON").
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "query/input_buffer.h"
#include "query/json_tree.h"
#include "query/record_reader.h"

namespace blobgate::query {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr int kMaxDepth = 128;

class JsonReader final : public RecordReader, public Record {
 public:
  JsonReader(azure::JsonText format, const std::vector<FieldPath>& fields,
             const std::vector<PathStep>& path)
      : format_(std::move(format)), fields_(fields), path_(path) {}

  void Feed(std::string_view bytes) override { buffer_.Feed(bytes); }
  void Finish() override { buffer_.Finish(); }
  std::expected<Step, FatalError> Next() override;

  const Record& record() const override { return *this; }
  std::uint64_t begin() const override { return begin_; }
  std::uint64_t end() const override { return buffer_.OffsetOf(buffer_.cursor()); }

  OrError<Value> Field(std::size_t index) const override;
  std::size_t columns() const override { return columns_.size(); }
  std::string_view Name(std::size_t column) const override {
    return tree_.NameOf(columns_[column]);
  }
  OrError<Value> Column(std::size_t column) const override {
    return tree_.ValueOf(columns_[column], made_.emplace_back());
  }

 private:
  enum class Scan : std::uint8_t { kFound, kIncomplete, kTooDeep };

  std::expected<Step, FatalError> ReadValue();
  bool SkipBetween();
  std::expected<bool, FatalError> TakePunctuation();
  Scan FindEnd(std::size_t& end) const;
  Scan FindScalarEnd(std::size_t& end) const;
  void FindRows(JsonTree::Node node, std::size_t step);
  void GoToRow(JsonTree::Node node);
  FatalError Unexpected(std::string_view expecting) const;
  FatalError Failure(std::string_view name, std::string description, std::size_t place) const {
    return {std::string(name), std::move(description), buffer_.OffsetOf(place)};
  }

  const azure::JsonText format_;
  const std::vector<FieldPath>& fields_;
  const std::vector<PathStep>& path_;
  InputBuffer buffer_;
  std::uint64_t begin_ = 0;
  bool in_array_ = false;     ///< records are the elements of an array
  bool after_value_ = false;  ///< in it: a comma or its end is next
  JsonTree tree_;
  std::deque<JsonTree::Node> rows_;       ///< of the current value, still to be given out
  JsonTree::Node row_ = 0;                ///< the current record
  std::vector<JsonTree::Node> columns_;   ///< of it
  mutable std::deque<std::string> made_;  ///< what values of the record point to
};

std::expected<RecordReader::Step, FatalError> JsonReader::Next() {
  while (rows_.empty()) {
    auto step = ReadValue();
    if (!step || *step != Step::kRecord) return step;
    FindRows(0, 0);
  }
  GoToRow(rows_.front());
  rows_.pop_front();
  return Step::kRecord;
}

void JsonReader::GoToRow(JsonTree::Node node) {
  row_ = node;
  made_.clear();
  columns_.clear();
  if (tree_.IsObject(node)) columns_ = tree_.Children(node);
}

/// Adds what the path leads to from `node`.
void JsonReader::FindRows(JsonTree::Node node, std::size_t step) {
  if (step == path_.size()) {
    rows_.push_back(node);
  } else if (path_[step].kind != PathStep::Kind::kEach) {
    if (const auto child = tree_.Find(node, path_[step])) FindRows(*child, step + 1);
  } else if (!tree_.IsObject(node)) {
    for (const JsonTree::Node child : tree_.Children(node)) FindRows(child, step + 1);
  }
}

OrError<Value> JsonReader::Field(std::size_t index) const {
  JsonTree::Node node = row_;
  for (const PathStep& step : fields_[index]) {
    const auto child = tree_.Find(node, step);
    if (!child) return Missing{};
    node = *child;
  }
  return tree_.ValueOf(node, made_.emplace_back());
}

/// The next value of the blob becomes tree_.
std::expected<RecordReader::Step, FatalError> JsonReader::ReadValue() {
  while (true) {
    if (!SkipBetween()) {
      if (!buffer_.finished()) return Step::kNeedInput;
      if (!in_array_) return Step::kEnd;
      return std::unexpected(
          Failure("ParseError", "Unexpected end of the JSON.", buffer_.cursor()));
    }
    const auto taken = TakePunctuation();
    if (!taken) return std::unexpected(taken.error());
    if (!*taken) break;
  }
  const std::size_t begin = buffer_.cursor();
  std::size_t end = buffer_.size();
  const Scan found = FindEnd(end);
  if (found == Scan::kTooDeep) {
    return std::unexpected(Failure("ParseError", "The JSON is nested too deeply.", begin));
  }
  if (end - begin > kMaxRecord) {
    return std::unexpected(Failure("RecordTooLarge", "A record is over 1 MiB.", begin));
  }
  if (found == Scan::kIncomplete) {
    if (!buffer_.finished()) return Step::kNeedInput;
    return std::unexpected(Failure("ParseError", "Unexpected end of the JSON.", begin));
  }
  if (!tree_.Parse(buffer_.Slice(begin, end))) {
    return std::unexpected(Failure(
        "ParseError", "Malformed JSON at [byte: " + std::to_string(buffer_.OffsetOf(begin)) + "].",
        begin));
  }
  begin_ = buffer_.OffsetOf(begin);
  after_value_ = true;
  buffer_.MoveTo(end);
  return Step::kRecord;
}

/// False: there is nothing but blanks and separators, the last of which may be incomplete.
bool JsonReader::SkipBetween() {
  const std::string_view separator = format_.record_separator;
  std::size_t at = buffer_.cursor();
  bool cut = false;
  while (at < buffer_.size() && !cut) {
    const std::string_view rest = buffer_.Slice(at, buffer_.size());
    if (kBlanks.contains(rest.front())) {
      ++at;
    } else if (!in_array_ && rest.starts_with(separator)) {
      at += separator.size();
    } else {
      cut = !in_array_ && !buffer_.finished() && separator.starts_with(rest);
      if (!cut) break;
    }
  }
  buffer_.MoveTo(at);
  return at < buffer_.size() && !cut;
}

/// What is around the elements of an array. False: a value is next.
std::expected<bool, FatalError> JsonReader::TakePunctuation() {
  const std::size_t at = buffer_.cursor();
  const char c = buffer_[at];
  if (!in_array_) {
    after_value_ = false;
    if (c == '[') {
      in_array_ = true;
    } else if (c == '{' || c == '"' || c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' ||
               c == 'n') {
      return false;
    } else {
      return std::unexpected(Unexpected("'{', or '['"));
    }
  } else if (c == ']') {
    in_array_ = false;
  } else if (after_value_) {
    if (c != ',') return std::unexpected(Unexpected("',', or ']'"));
    after_value_ = false;
  } else {
    return false;
  }
  buffer_.MoveTo(at + 1);
  return true;
}

/// The end of the value at the cursor; of its beginning at least, when it is incomplete.
JsonReader::Scan JsonReader::FindEnd(std::size_t& end) const {
  int depth = 0;
  bool in_text = false;
  for (std::size_t at = buffer_.cursor(); at < buffer_.size(); ++at) {
    const char c = buffer_[at];
    if (in_text) {
      if (c == '\\') {
        ++at;
      } else if (c == '"') {
        in_text = false;
      }
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return Scan::kTooDeep;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (depth == 0) {
      return FindScalarEnd(end);
    }
    if (depth <= 0 && !in_text) {
      end = at + 1;
      return Scan::kFound;
    }
  }
  return Scan::kIncomplete;
}

JsonReader::Scan JsonReader::FindScalarEnd(std::size_t& end) const {
  constexpr std::string_view kDelimiters = " \t\r\n,[]{}\":;";
  std::size_t at = buffer_.cursor();
  while (at < buffer_.size() && !kDelimiters.contains(buffer_[at]) &&
         !(at > buffer_.cursor() && buffer_.Has(at, format_.record_separator))) {
    ++at;
  }
  end = at;
  if (at == buffer_.size() && !buffer_.finished()) return Scan::kIncomplete;
  return Scan::kFound;
}

FatalError JsonReader::Unexpected(std::string_view expecting) const {
  const std::size_t at = buffer_.cursor();
  // The place that Azure tells is that of the value before.
  FatalError error{"ParseError", {}, begin_};
  const char c = buffer_[at];
  error.description = "Unexpected token '";
  error.description += c >= ' ' && c <= '~' ? c : '?';
  error.description += "' at [byte: " + std::to_string(buffer_.OffsetOf(at)) +
                       "]. Expecting tokens " + std::string(expecting) + ". ";
  return error;
}

}  // namespace

std::unique_ptr<RecordReader> NewJsonReader(const azure::JsonText& format,
                                            const std::vector<FieldPath>& fields,
                                            const std::vector<PathStep>& path) {
  return std::make_unique<JsonReader>(format, fields, path);
}

}  // namespace blobgate::query
