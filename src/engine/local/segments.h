// What is known in memory about every segment. No I/O.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "blobgate/engine/extent_store.h"
#include "engine/local/catalog_rows.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/places.h"
#include "engine/local/segment_appender.h"

namespace blobgate::engine {

/// Room for one extent. It counts as outstanding until it is acquired or taken off the disk.
struct Reservation {
  std::shared_ptr<SegmentAppender> appender;
  Place place;
  std::uint64_t stored = 0;  ///< bytes
};

/// What a durable group of commits changes here.
struct GroupEffects {
  std::map<std::uint64_t, SegmentRow> rows;  ///< as written
  std::vector<std::uint64_t> dropped;        ///< segments whose row was deleted
  /// Places whose reservation got its extent: fresh ones that got their first reference, and the
  /// new places of moved ones.
  std::vector<Garbage> landed;
  std::vector<Garbage> garbage;  ///< nothing lies there any more
  std::vector<Move> moves;
};

/// Thread-safe.
///
/// A segment is active (has an appender), then full (nothing more is reserved), and can be sealed
/// when nothing in it is outstanding. `pending` counts garbage that is not punched yet; a sealed
/// segment without live bytes and without pending garbage can be deleted as a whole. A sealed one
/// that is rewritten is emptying from its first moved extent on.
class Segments {
 public:
  explicit Segments(std::uint64_t segment_bytes) : segment_bytes_(segment_bytes) {}

  // Set-up.
  void Restore(std::uint64_t id, const SegmentRow& row);
  void set_next_id(std::uint64_t next) { next_id_ = next; }

  // Appending.
  std::uint64_t TakeId();
  std::uint64_t next_id() const;
  /// A sealed segment from an earlier run with room for `stored` bytes, taken out of the list of
  /// such; nothing else happens to it until Activate or GiveBack.
  std::optional<std::uint64_t> TakeReusable(std::uint64_t stored);
  /// Takes a sealed segment for a snapshot: nothing happens to it until GiveBack. False when it is
  /// not sealed, or in other hands.
  bool TakeSealed(std::uint64_t id);
  void GiveBack(std::uint64_t id);
  /// Adds the segment or makes a sealed one active again.
  void Activate(std::uint64_t id, std::shared_ptr<SegmentAppender> appender);
  /// Forgets a segment that was added but never reached the catalog.
  void Forget(std::uint64_t id);
  /// nullopt when there is not that much room. Only an empty segment takes more than its size.
  std::optional<Reservation> TryReserve(std::uint64_t id, std::uint64_t stored);
  void MarkFull(std::uint64_t id);

  // Reading.
  /// Whether every extent born in the segment that still has a reference lies in it.
  bool IsWhole(std::uint64_t id) const;

  /// Whether extents are being added to it.
  bool IsActive(std::uint64_t id) const;

  // Rewriting.
  struct Sparse {
    std::uint64_t id = 0;
    std::uint64_t live = 0;  ///< bytes
  };
  /// The sealed segment with the least live share, if that is below `percent`, or one that is
  /// emptying. Nothing else happens to it until EndRewrite. Those in `but` are left out.
  std::optional<Sparse> TakeSparse(unsigned percent, const std::set<std::uint64_t>& but);
  void EndRewrite(std::uint64_t id);
  std::uint64_t count() const;

  // Fresh extents: finished, never acquired.
  void AddFresh(const ExtentRef& ref);
  bool IsFresh(const ExtentRef& ref) const;
  /// True when it was fresh; it no longer is.
  bool TakeFresh(const ExtentRef& ref);

  // Committing (committer thread).
  std::optional<SegmentRow> RowOf(std::uint64_t id) const;
  /// True when that made a segment sealable.
  bool Apply(const GroupEffects& effects);

  // Reclaiming (reclaimer thread).
  void AddPending(std::uint64_t id);
  /// True when the segment is sealed and holds nothing but the `pending` extents given.
  bool TakeDeletable(std::uint64_t id, std::uint64_t pending);
  /// Sealed segments that hold nothing at all.
  std::vector<std::uint64_t> TakeEmpty();
  struct Sealable {
    std::uint64_t id = 0;
    std::uint64_t end = 0;
    std::shared_ptr<SegmentAppender> appender;
  };
  /// Full segments without anything outstanding.
  std::vector<Sealable> TakeSealable();
  /// After sealing was tried. On success the appender is dropped.
  void EndSeal(std::uint64_t id, bool sealed);
  /// `garbage` is off the disk (or left to the next start).
  void Settle(const Garbage& garbage);

  struct Totals {
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;
    std::uint64_t live = 0;
    std::uint64_t sparse = 0;  ///< segments for TakeSparse, those in hand among them
    std::uint64_t sparse_live = 0;
  };
  Totals GetTotals(unsigned sparse_percent) const;

 private:
  struct Info {
    SegmentRow row;
    std::uint64_t append = 0;       ///< where the next reservation goes
    std::uint64_t outstanding = 0;  ///< count of reservations
    std::uint64_t pending = 0;      ///< count of released extents not yet punched
    bool full = false;
    bool busy = false;  ///< being sealed, deleted or reused
    std::shared_ptr<SegmentAppender> appender;

    bool Deletable(std::uint64_t but) const {
      return row.state != SegmentRow::State::kActive && !appender && !busy && row.live == 0 &&
             outstanding == 0 && pending == but;
    }
    /// Percent of the segment that is live, for TakeSparse; nullopt: it is not to be rewritten.
    std::optional<std::uint64_t> Share() const;
    bool Sealable() const { return appender && full && outstanding == 0 && !busy; }
  };

  const std::uint64_t segment_bytes_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Info> table_;
  std::vector<std::uint64_t> reusable_;
  std::unordered_map<Place, ExtentRef, PlaceHash> fresh_;
  std::uint64_t next_id_ = 1;
};

}  // namespace blobgate::engine
