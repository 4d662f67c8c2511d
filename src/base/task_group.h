// Where Tasks are spawned, so that all of them can be asked to stop and be awaited.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/task.h"

namespace blobgate {

/// Tasks over any number of io_contexts. Every function may be called from any thread. What the
/// tasks refer to must outlive them: Cancel and WaitFor before it goes. The group itself may go
/// first.
class TaskGroup {
 public:
  TaskGroup();
  /// Cancels; does not wait.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Calls `make` on a thread of `executor` and runs what it returns there; `make` lives as long as
  /// its Task. An exception that leaves the Task is logged. After Cancel nothing is started, and
  /// `make` is destroyed uncalled: the result is false.
  bool Spawn(boost::asio::any_io_executor executor, std::move_only_function<Task<void>()> make);

  /// Asks every Task to stop (asio terminal cancellation: its wait ends with operation_aborted).
  void Cancel();

  /// True once no Task is left; false when there still are after `timeout`. Blocks: not from a
  /// thread that Tasks run on.
  bool WaitFor(std::chrono::milliseconds timeout) const;

  /// Tasks that have not ended.
  std::size_t size() const;

 private:
  struct State;

  std::shared_ptr<State> state_;
};

}  // namespace blobgate
