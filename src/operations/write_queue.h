// A fair line in front of everything that many requests write at once.
//
// Two commits that change the same row conflict; of hundreds of writers of one blob only one would
// get on in a round, and the others would read and try again. So they line up here first. The
// one at the head is the leader: it writes for itself and for those behind it in one commit, and
// hands the lead to the next. Nothing is decided here: that the batch fits the rows it was made
// for is still what the commit checks, also against writers that do not line up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/task.h"

namespace blobgate::operations {

/// All lines. Any thread. Must outlive the Tasks that wait in them.
class WriteQueue {
 public:
  /// Entries that one leader takes at most.
  static constexpr std::size_t kMaxBatch = 64;

  enum class Turn : std::uint8_t {
    kLead,  ///< at the head: Take, write, Leave
    kDone,  ///< a leader has written this entry
  };

  /// One waiting write, in the frame of the Task that waits.
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    virtual ~Entry() = default;
    /// Is neither in a batch with others nor written by another leader.
    virtual bool alone() const { return false; }

   private:
    friend class WriteQueue;
    Completer<Turn> resume_;  ///< empty: its Task runs
  };

  /// Waits for the turn of `entry` in the line `key`; at once when nobody is there.
  Task<Turn> Enter(std::string key, Entry& entry);
  /// The batch of the leader `entry`: itself and those right behind it. They stay suspended until
  /// Leave. REQUIRES: Enter gave `entry` the lead.
  std::vector<Entry*> Take(const std::string& key, Entry& entry);
  /// Resumes the others of `batch` and whoever leads next. Call it exactly once for each Take.
  void Leave(const std::string& key, const std::vector<Entry*>& batch);

 private:
  struct Line {
    std::deque<Entry*> waiting;  ///< the leader in front until it takes its batch
  };

  std::mutex mutex_;
  std::unordered_map<std::string, Line> lines_;  ///< those with a leader
};

}  // namespace blobgate::operations
