// Which containers have a job at work, so that there is one at a time.
#pragma once

#include <map>
#include <mutex>
#include <string>

namespace blobgate::operations {

/// Any thread.
class RunningJobs {
 public:
  /// False: one runs for `name` already, and will look again before it ends.
  bool Begin(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto [it, fresh] = again_.try_emplace(name, false);
    if (!fresh) it->second = true;
    return fresh;
  }
  /// The job looks for work from here on.
  void Look(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (const auto it = again_.find(name); it != again_.end()) it->second = false;
  }
  /// False: work came since the last Look, the job goes on.
  bool End(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto it = again_.find(name);
    if (it != again_.end() && it->second) return false;
    if (it != again_.end()) again_.erase(it);
    return true;
  }
  void Drop(const std::string& name) {
    const std::lock_guard lock(mutex_);
    again_.erase(name);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, bool> again_;
};

}  // namespace blobgate::operations
