#include "model/event.h"

#include <spdlog/fmt/fmt.h>

#include "model/content.h"
#include "model/random.h"

namespace blobgate::engine::model {
namespace {

std::string DescribeCondition(const Precondition& condition) {
  const std::string key = DescribeKey(condition.key);
  switch (condition.kind) {
    case Precondition::Kind::kAbsent:
      return fmt::format(" if-absent {}", key);
    case Precondition::Kind::kPresent:
      return fmt::format(" if-present {}", key);
    case Precondition::Kind::kVersion:
      return fmt::format(" if {}@{}", key, condition.version);
  }
  return {};
}

std::string DescribeBatch(const Batch& batch) {
  std::string text;
  for (const Precondition& condition : batch.preconditions) text += DescribeCondition(condition);
  for (const RowPut& put : batch.puts) {
    text += fmt::format(" put {}=#{}", DescribeKey(put.key), NumberOf(put.value));
  }
  for (const std::string& key : batch.deletes) text += " delete " + DescribeKey(key);
  for (const ExtentRef& ref : batch.acquires) text += " +" + DescribeRef(ref);
  for (const ExtentRef& ref : batch.releases) text += " -" + DescribeRef(ref);
  return text;
}

std::string DescribeRows(const std::vector<SeenRow>& rows) {
  std::string text;
  for (const SeenRow& seen : rows) {
    text += fmt::format(" {}=#{}@{}", DescribeKey(seen.key), NumberOf(seen.row.value),
                        seen.row.version);
  }
  return text.empty() ? " nothing" : text;
}

}  // namespace

ScanStep ScanPlan::Step(std::size_t visited, std::string_view key) const {
  if (visited >= most) return ScanStep::Stop();
  Random random(seed + visited);
  if (!seeks || !random.OneIn(3)) return ScanStep::Next();
  std::string to = KeyAt(random.Below(kKeys));
  if (to <= key) to = std::string(key) + "\x01";
  return ScanStep::Seek(std::move(to));
}

std::string DescribeKey(std::string_view key) {
  for (std::size_t i = 0; i < kKeys; ++i) {
    if (KeyAt(i) == key) return fmt::format("k{}", i);
  }
  return fmt::format("'{}'", key);
}

std::string DescribeRef(const ExtentRef& ref) {
  return fmt::format("[{:x}:{} {}]", ref.space, ref.position, ref.length);
}

std::string Event::Describe() const {
  switch (kind) {
    case Kind::kGet:
      return fmt::format("p{} get {}:{}", partition, DescribeKey(key), DescribeRows(rows));
    case Kind::kScan:
      return fmt::format("p{} scan from {} end {} most {}{}:{}", partition, DescribeKey(plan.from),
                         DescribeKey(plan.end), plan.most, plan.seeks ? " with seeks" : "",
                         DescribeRows(rows));
    case Kind::kLiveBytes:
      return fmt::format("{} live bytes", bytes);
    case Kind::kCommit:
      break;
  }
  std::string text;
  EachPart([&text](PartitionIndex where, const Batch& its) {
    text += fmt::format("{}p{} commit{}", text.empty() ? "" : ", ", where, DescribeBatch(its));
  });
  return fmt::format("{}: {}{}", text, error ? ErrcName(*error) : "ok",
                     doubtful ? " (doubtful)" : "");
}

}  // namespace blobgate::engine::model
