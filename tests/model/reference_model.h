// The engine contract as plain maps.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/local/place.h"
#include "model/content.h"
#include "model/event.h"

namespace blobgate::engine::model {

/// What an engine should hold. Every change can be taken back, so that orders can be tried.
/// Not thread-safe; reading it from several threads while nobody changes it is fine.
class ReferenceModel {
 public:
  struct ModelRow {
    std::string value;
    RowVersion version = 0;  ///< 0: no reader has seen it yet
  };
  using Rows = std::map<std::string, ModelRow, std::less<>>;

  struct Extent {
    ExtentRef ref;
    std::uint64_t seed = 0;
    std::uint64_t references = 0;
    bool fresh = true;       ///< never acquired
    std::uint64_t born = 0;  ///< when it got its first reference, on the model's clock
    std::uint64_t died = 0;  ///< when it lost its last
    bool gone() const { return !fresh && references == 0; }
    /// A guard taken at `time` keeps it readable.
    bool KeptSince(std::uint64_t time) const {
      return !fresh && born <= time && (references > 0 || died > time);
    }
  };
  using ExtentIndex = std::size_t;

  using StoredLength = std::function<std::uint64_t(std::uint64_t)>;

  /// `stored_length`: what content bytes count for in live_bytes. `places_are_bytes`: extents of a
  /// space lie at their positions and must not overlap.
  ReferenceModel(StoredLength stored_length, bool places_are_bytes)
      : stored_length_(std::move(stored_length)), places_are_bytes_(places_are_bytes) {}

  PartitionIndex AddPartition();
  std::size_t partitions() const { return rows_.size(); }
  const Rows& RowsOf(PartitionIndex partition) const { return rows_[partition]; }
  const ModelRow* Find(PartitionIndex partition, std::string_view key) const;
  /// Those that readers saw, oldest first.
  std::vector<RowVersion> VersionsOf(PartitionIndex partition, std::string_view key) const;

  /// A finished extent. Answers why its place is wrong: it lies over one that is there.
  std::optional<std::string> AddFresh(const SeededExtent& extent);
  /// As ExtentStore::Discard.
  void Discard(const ExtentRef& ref);
  /// The process ended: what was never acquired is gone, and places of what is gone may be used.
  void EndRun();
  const std::vector<Extent>& extents() const { return extents_; }
  const Extent* FindExtent(const ExtentRef& ref) const;
  std::uint64_t live_bytes() const { return live_bytes_; }
  /// A clock of commits, for read guards.
  std::uint64_t now() const { return now_; }

  /// Applies `event` and answers true when this is what it should have answered; else changes
  /// nothing. A doubtful commit counts as one that succeeded.
  bool Apply(const Event& event);
  /// Takes the last successful Apply back.
  void TakeBack();
  /// Forgets how to take anything back.
  void Settle() { undo_.clear(); }

 private:
  struct OldRow {
    PartitionIndex partition = 0;
    std::string key;
    std::optional<ModelRow> row;
  };
  struct Undo {
    std::vector<OldRow> rows;
    std::vector<std::pair<ExtentIndex, Extent>> extents;
    std::vector<std::pair<PartitionIndex, std::string>> versions;
    std::uint64_t live_bytes = 0;
    std::uint64_t now = 0;
  };

  bool ApplyGet(const Event& event);
  bool ApplyScan(const Event& event);
  bool ApplyCommit(const Event& event);
  bool See(PartitionIndex partition, const SeenRow& seen);
  std::optional<Errc> Check(const Event& event) const;
  std::optional<Errc> Count(const Event& event,
                            std::unordered_map<ExtentIndex, std::uint64_t>& counts) const;
  void Save(PartitionIndex partition, const std::string& key);
  void SetReferences(ExtentIndex index, std::uint64_t references);
  std::optional<ExtentIndex> IndexOf(const ExtentRef& ref) const;

  const StoredLength stored_length_;
  const bool places_are_bytes_;
  std::vector<Rows> rows_;
  std::vector<Extent> extents_;
  std::map<Place, ExtentIndex> places_;  ///< the last one at each place
  /// Versions that each key has had, as far as readers saw them.
  std::vector<std::map<std::string, std::vector<RowVersion>, std::less<>>> versions_;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t now_ = 1;
  std::vector<Undo> undo_;
};

}  // namespace blobgate::engine::model
