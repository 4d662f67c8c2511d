// What happened at the engine's surface: a call and its answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "blobgate/engine/catalog.h"

namespace blobgate::engine::model {

/// Which partition, by the order in which the sequence located them.
using PartitionIndex = std::size_t;

/// How a scan goes on after the row it visited. The same plan over the same rows visits the same.
struct ScanPlan {
  std::string from;
  std::string end;
  std::uint64_t seed = 0;
  std::size_t most = SIZE_MAX;  ///< rows
  bool seeks = false;

  ScanStep Step(std::size_t visited, std::string_view key) const;
};

struct SeenRow {
  std::string key;
  Row row;
};

struct Event {
  enum class Kind : std::uint8_t { kGet, kScan, kCommit, kLiveBytes };

  Event(Kind what, PartitionIndex where) : kind(what), partition(where) {}

  Kind kind;
  PartitionIndex partition;
  std::string key;            ///< kGet
  ScanPlan plan;              ///< kScan
  std::vector<SeenRow> rows;  ///< kGet: none or one; kScan
  Batch batch;                ///< kCommit
  /// kCommit: what the same commit does in other partitions (CommitTogether).
  struct Part {
    PartitionIndex partition = 0;
    Batch batch;
  };
  std::vector<Part> also;
  std::uint64_t bytes = 0;  ///< kLiveBytes

  /// kCommit: how it failed. Reads that failed are not kept.
  std::optional<Errc> error;
  /// kCommit: nobody knows whether it happened.
  bool doubtful = false;

  /// Calls `visit` with each partition of a commit and its batch.
  template <class Visit>
  void EachPart(Visit visit) const {
    visit(partition, batch);
    for (const auto& [other, its] : also) visit(other, its);
  }

  std::string Describe() const;
};

/// What one task did, in order.
using History = std::vector<Event>;
/// What tasks did at the same time; all of it lies behind the stage before.
using Stage = std::vector<History>;

std::string DescribeKey(std::string_view key);
std::string DescribeRef(const ExtentRef& ref);

}  // namespace blobgate::engine::model
