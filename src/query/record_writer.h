// Writes the records of an answer in the format that the client asked for.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "azure/query_request.h"
#include "query/value.h"

namespace blobgate::query {

struct NamedValue {
  std::string_view name;
  Value value;
};

class RecordWriter {
 public:
  virtual ~RecordWriter() = default;

  /// Appends one record to `out`, now or with a later one. On an error nothing of it is written.
  virtual OrError<void> Write(std::span<const NamedValue> record, std::string& out) = 0;
  /// Appends what is left. Called once, after the last record.
  virtual void Finish(std::string& out) { (void)out; }
};

std::unique_ptr<RecordWriter> NewRecordWriter(const azure::QueryOutput& format);

/// Arrow's IPC stream format: a schema, batches of records, an end (arrow_writer.cc).
std::unique_ptr<RecordWriter> NewArrowWriter(const azure::ArrowSchema& schema);

}  // namespace blobgate::query
