#include "query/query_run.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/md5.h"
#include "base/uuid.h"
#include "query/aggregator.h"
#include "query/avro_writer.h"
#include "query/evaluator.h"
#include "query/record_reader.h"
#include "query/record_writer.h"
#include "query/statement.h"

namespace blobgate::query {
namespace {

/// An error that must not be sent first.
struct HeldError {
  bool fatal = false;
  std::string name;
  std::string description;
  std::uint64_t position = 0;
};

class Run final : public QueryRun {
 public:
  Run(azure::QueryRequest request, std::uint64_t total_bytes)
      : request_(std::move(request)), total_bytes_(total_bytes), avro_(Md5Of(AsBytes(NewUuid()))) {}

  Status Prepare(Time now);
  std::optional<InputRange> wanted() const override { return reader_->wanted(); }
  State Work(std::string_view input, std::string& out) override;

 private:
  Result<Statement> Parse() const;
  std::unique_ptr<RecordReader> NewReader() const;
  void TakeInput(std::string_view input);
  bool Step();
  void TakeRecord();
  OrError<void> HandleRecord();
  OrError<void> AddToAggregate();
  OrError<void> Select(const Record& record);
  OrError<void> AddColumn(const Column& column, const Record& record);
  OrError<void> AddAll(const Record& record);
  void TakeSplit();
  void AddSplit(std::uint64_t end);
  void ReportProgress();
  void TellProgress(std::uint64_t scanned);
  void Report(bool fatal, std::string_view name, std::string description, std::uint64_t position);
  void Begin();
  void Flush();
  void Abort(const FatalError& error);
  void Complete();
  void Close();
  std::string_view PlaceName(std::size_t column);

  const azure::QueryRequest request_;
  const std::uint64_t total_bytes_;
  Statement statement_;
  std::unique_ptr<Evaluator> evaluator_;  ///< null: there is nothing to compute
  std::unique_ptr<RecordReader> reader_;
  std::unique_ptr<RecordWriter> writer_;
  std::optional<Aggregator> aggregator_;
  AvroWriter avro_;
  Budget budget_;
  std::uint64_t work_ = 0;         ///< spent in this slice
  std::uint64_t silent_work_ = 0;  ///< spent since something was sent
  std::string data_;               ///< of the answer, not in avro_ yet
  bool begun_ = false;             ///< an object that is no error was sent
  std::vector<HeldError> held_;
  std::vector<NamedValue> row_;
  std::deque<std::string> place_names_;  ///< _1, _2...; views of them stay valid
  std::uint64_t records_ = 0;            ///< in the answer
  std::uint64_t scanned_ = 0;
  std::uint64_t reported_ = 0;     ///< by the last progress record
  std::uint64_t split_begin_ = 0;  ///< of the current batch of sys.split
  bool need_input_ = true;
  bool done_ = false;
};

Result<Statement> Run::Parse() const {
  const std::string& expression = request_.expression;
  if (const auto* text = std::get_if<azure::DelimitedText>(&request_.input)) {
    return ParseStatement(expression, InputKind::kDelimited, text->has_headers);
  }
  const bool json = std::holds_alternative<azure::JsonText>(request_.input);
  return ParseStatement(expression, json ? InputKind::kJson : InputKind::kParquet, false);
}

std::unique_ptr<RecordReader> Run::NewReader() const {
  if (const auto* text = std::get_if<azure::DelimitedText>(&request_.input)) {
    return NewDelimitedReader(*text, statement_.fields);
  }
  if (const auto* json = std::get_if<azure::JsonText>(&request_.input)) {
    return NewJsonReader(*json, statement_.fields, statement_.table_path);
  }
  return NewParquetReader(total_bytes_, statement_.fields, statement_.everything);
}

Status Run::Prepare(Time now) {
  BG_TRY(statement_, Parse());
  if (!statement_.sql.empty()) {
    BG_TRY(evaluator_, Evaluator::Prepare(statement_, now));
  }
  reader_ = NewReader();
  writer_ = NewRecordWriter(request_.output);
  if (statement_.aggregate) aggregator_.emplace(*statement_.aggregate);
  return {};
}

QueryRun::State Run::Work(std::string_view input, std::string& out) {
  work_ = 0;
  if (!done_ && need_input_) TakeInput(input);
  while (!done_ && !need_input_ && data_.size() + avro_.size() < kSlice &&
         work_ < Budget::kPerRecord) {
    if (Step()) ReportProgress();
  }
  Flush();
  // Whether the client is still there shows when something is sent.
  silent_work_ += work_;
  if (silent_work_ >= Budget::kPerRecord && avro_.size() == 0) TellProgress(reported_);
  if (avro_.size() > 0) silent_work_ = 0;
  out += avro_.TakeBlock();
  if (done_) return State::kDone;
  return need_input_ ? State::kNeedInput : State::kMore;
}

void Run::TakeInput(std::string_view input) {
  need_input_ = false;
  scanned_ += input.size();
  if (input.empty()) {
    reader_->Finish();
  } else {
    reader_->Feed(input);
  }
}

/// One record. True: a piece of input is used up.
bool Run::Step() {
  if (statement_.limit && records_ >= *statement_.limit && !aggregator_) {
    Complete();
    return false;
  }
  const auto step = reader_->Next();
  if (!step) {
    Abort(step.error());
    return false;
  }
  switch (*step) {
    case RecordReader::Step::kRecord:
      TakeRecord();
      return false;
    case RecordReader::Step::kNeedInput:
      need_input_ = true;
      return true;
    case RecordReader::Step::kEnd:
      Complete();
      return false;
  }
  std::unreachable();
}

void Run::TakeRecord() {
  if (statement_.split_size) return TakeSplit();
  budget_.Refill();
  const OrError<void> handled = HandleRecord();
  work_ += budget_.used() + reader_->cost();
  if (handled) return;
  Flush();
  Report(false, handled.error().name, std::string(handled.error().description), reader_->begin());
}

/// The Python SDK (12.31) cannot read an answer whose first object is an error: errors wait for
/// data or progress, whichever comes first, and when there are many for a report of progress of its
/// own.
void Run::Report(bool fatal, std::string_view name, std::string description,
                 std::uint64_t position) {
  constexpr std::size_t kMostHeld = 1024;
  if (begun_) return avro_.Error(fatal, name, description, position);
  held_.push_back({fatal, std::string(name), std::move(description), position});
  if (held_.size() == kMostHeld) TellProgress(reader_->begin());
}

void Run::Begin() {
  begun_ = true;
  for (const HeldError& error : std::exchange(held_, {})) {
    avro_.Error(error.fatal, error.name, error.description, error.position);
  }
}

OrError<void> Run::HandleRecord() {
  const Record& record = reader_->record();
  if (evaluator_) {
    const auto holds = evaluator_->Evaluate(record, budget_);
    if (!holds) return std::unexpected(holds.error());
    if (!*holds) return {};
  }
  return aggregator_ ? AddToAggregate() : Select(record);
}

OrError<void> Run::AddToAggregate() {
  if (statement_.counts_records) {
    aggregator_->AddRecords(1 + (evaluator_ ? 0 : reader_->SkipRecords()));
    return {};
  }
  return aggregator_->Add(evaluator_->Column(statement_.columns.front().expression));
}

OrError<void> Run::Select(const Record& record) {
  row_.clear();
  if (statement_.everything) {
    if (const auto added = AddAll(record); !added) return added;
  }
  for (const Column& column : statement_.columns) {
    if (const auto added = AddColumn(column, record); !added) return added;
  }
  const OrError<void> written = writer_->Write(row_, data_);
  if (written) ++records_;
  return written;
}

OrError<void> Run::AddAll(const Record& record) {
  for (std::size_t i = 0; i < record.columns(); ++i) {
    const std::string_view name = record.Name(i);
    const OrError<Value> value = record.Column(i);
    if (!value) return std::unexpected(value.error());
    row_.push_back({name.empty() ? PlaceName(i) : name, *value});
  }
  return {};
}

OrError<void> Run::AddColumn(const Column& column, const Record& record) {
  const std::string_view name = column.name.empty() ? PlaceName(row_.size()) : column.name;
  if (!column.field) {
    row_.push_back({name, evaluator_->Column(column.expression)});
    return {};
  }
  const OrError<Value> value = record.Field(*column.field);
  if (!value) return std::unexpected(value.error());
  row_.push_back({name, *value});
  return {};
}

std::string_view Run::PlaceName(std::size_t column) {
  while (place_names_.size() <= column) {
    place_names_.push_back("_" + std::to_string(place_names_.size() + 1));
  }
  return place_names_[column];
}

void Run::TakeSplit() {
  if (reader_->end() - split_begin_ >= *statement_.split_size) AddSplit(reader_->end());
}

void Run::AddSplit(std::uint64_t end) {
  const NamedValue column{PlaceName(0), static_cast<std::int64_t>(end - split_begin_)};
  split_begin_ = end;
  (void)writer_->Write({&column, 1}, data_);  // a number always can be written
}

void Run::ReportProgress() {
  if (scanned_ - reported_ < kProgressBytes) return;
  Flush();
  reported_ = scanned_ - scanned_ % kProgressBytes;
  TellProgress(reported_);
}

void Run::TellProgress(std::uint64_t scanned) {
  avro_.Progress(std::min(scanned, total_bytes_), total_bytes_);
  Begin();
}

void Run::Flush() {
  if (data_.empty()) return;
  avro_.Data(data_);
  data_.clear();
  Begin();
}

void Run::Abort(const FatalError& error) {
  writer_->Finish(data_);
  Flush();
  Report(true, error.name, error.description, error.position);
  Close();
}

void Run::Complete() {
  if (aggregator_ && statement_.limit != 0) {
    const Column& column = statement_.columns.front();
    const NamedValue result{column.name.empty() ? PlaceName(0) : column.name,
                            aggregator_->Result()};
    const OrError<void> written = writer_->Write({&result, 1}, data_);
    if (!written) {
      Report(false, written.error().name, std::string(written.error().description), 0);
    }
  }
  if (statement_.split_size && total_bytes_ > split_begin_) AddSplit(total_bytes_);
  writer_->Finish(data_);
  Close();
}

void Run::Close() {
  Flush();
  if (reported_ != scanned_ || scanned_ == 0) TellProgress(scanned_);
  avro_.End(total_bytes_);
  done_ = true;
}

}  // namespace

Result<std::unique_ptr<QueryRun>> QueryRun::Create(azure::QueryRequest request,
                                                   std::uint64_t total_bytes, Time now) {
  auto run = std::make_unique<Run>(std::move(request), total_bytes);
  BG_CHECK(run->Prepare(now));
  return run;
}

}  // namespace blobgate::query
