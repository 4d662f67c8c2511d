// Long transfers of one io thread take turns, so that short requests need not wait for all of them.
//
// An io thread runs what is ready in the order in which it became so. With hundreds of uploads
// under way, each with a piece to take and to check, whatever else is ready would wait for hundreds
// of pieces, several times in each request. Here only one of them is among what is ready; the
// others wait behind it, and go on one by one, whenever the thread has been through all else once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <deque>
#include <functional>
#include <memory>

#include "base/task.h"

namespace blobgate::net {

/// Belongs to one io thread. Whoever waits for a turn when it is destroyed never gets one.
class Turns {
 public:
  explicit Turns(boost::asio::any_io_executor executor);

  /// Returns when it is the caller's turn to do work that takes some tens to hundreds of
  /// microseconds: at once when nobody else had one since the thread was last through. The turn
  /// ends by itself at the next wait for anything.
  Task<void> Next();

 private:
  struct State {
    boost::asio::any_io_executor executor;
    std::deque<std::move_only_function<void()>> waiting;
    bool passing = false;  ///< Pass is posted
  };

  static void Pass(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace blobgate::net
