// Last access times that are being written (operations/access_time.h).
#pragma once

#include <mutex>
#include <set>
#include <string>

namespace blobgate::operations {

/// The states of blobs whose time is being written, so that many readers of one cause one write.
/// Any thread.
class AccessTimes {
 public:
  /// More than this at a time are left to a later read.
  static constexpr std::size_t kMax = 1024;

  /// False: somebody is at it, or too many are.
  bool Begin(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    return running_.size() < kMax && running_.insert(key).second;
  }
  void End(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    running_.erase(key);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> running_;
};

}  // namespace blobgate::operations
