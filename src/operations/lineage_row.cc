#include "operations/lineage_row.h"

#include <algorithm>

namespace blobgate::operations {

const std::string* FindPut(const engine::Batch& batch, std::string_view key) {
  const auto it = std::ranges::find(batch.puts, key, &engine::RowPut::key);
  return it == batch.puts.end() ? nullptr : &it->value;
}

void PutRow(engine::Batch& batch, std::string key, std::string value) {
  const auto it = std::ranges::find(batch.puts, key, &engine::RowPut::key);
  if (it == batch.puts.end()) {
    batch.puts.push_back({std::move(key), std::move(value)});
  } else {
    it->value = std::move(value);
  }
}

}  // namespace blobgate::operations
