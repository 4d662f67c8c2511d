// Arrow's IPC stream format, version 5: a schema, batches of records, an end.
//
//   StreamWriter writer({{"id", {Kind::kInt64}}}, {});
//   std::string out = writer.Schema();
//   writer.column(0).AddInt(7);
//   out += writer.Batch();
//   out += StreamWriter::End();
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/column.h"

namespace blobgate::arrow {

struct Field {
  std::string name;
  Type type;
  bool nullable = true;
};

class StreamWriter {
 public:
  using Metadata = std::vector<std::pair<std::string, std::string>>;

  /// `metadata`: of the schema.
  StreamWriter(std::vector<Field> fields, Metadata metadata);

  std::size_t columns() const { return columns_.size(); }
  Column& column(std::size_t index) { return columns_[index]; }
  std::int64_t rows() const { return columns_.empty() ? 0 : columns_.front().length(); }
  /// Bytes of the rows that no batch has taken, about.
  std::size_t size() const;

  /// Sent first.
  std::string Schema() const;
  /// What the columns hold, which are empty then. REQUIRES: they are of the same length, and none
  /// holds 2 GiB.
  std::string Batch();
  static std::string End();

 private:
  const std::vector<Field> fields_;
  const Metadata metadata_;
  std::vector<Column> columns_;
};

}  // namespace blobgate::arrow
