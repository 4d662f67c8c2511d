// Coroutines, and the two ways of leaving the io thread.
//
// A Task runs on the executor of the io thread that started it and comes back to it after every
// suspension, whatever thread completed the wait. RunBlocking is the only place where blocking
// calls are made from a Task; AwaitCompletion is how an engine's own threads answer one.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace blobgate {

template <class T>
using Task = boost::asio::awaitable<T>;

/// Completes one waiting Task with a value. Call it exactly once, from any thread; the Task
/// resumes on its own executor. Move-only. Dropping it uncalled leaks the waiting Task: don't.
template <class T>
using Completer = std::move_only_function<void(T)>;

/// Suspends the calling Task, passes a Completer to `start`, and resumes with the value given to
/// it. `start` runs at once on the calling thread and must not throw. T must be movable.
template <class T, class Start>
Task<T> AwaitCompletion(Start start) {
  auto token = boost::asio::use_awaitable;
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
      [&start](auto handler) {
        auto executor = boost::asio::get_associated_executor(handler);
        auto guard = boost::asio::make_work_guard(executor);
        Completer<T> completer = [handler = std::move(handler),
                                  guard = std::move(guard)](T value) mutable {
          const auto where = guard.get_executor();
          boost::asio::post(where, [handler = std::move(handler), value = std::move(value),
                                    guard = std::move(guard)]() mutable {
            std::move(handler)(std::move(value));
          });
        };
        start(std::move(completer));
      },
      token);
}

/// Runs `fn` on `pool` and resumes the Task with its result. `fn` must not throw.
/// Name an owning closure and move it in: `auto f = [..]{..}; co_await RunBlocking(pool,
/// std::move(f));` (GCC 12 corrupts unnamed owning temporaries in co_await expressions).
template <class F>
Task<std::invoke_result_t<F&>> RunBlocking(boost::asio::thread_pool& pool, F fn) {
  using T = std::invoke_result_t<F&>;
  auto start = [&pool, &fn](Completer<T> done) {
    boost::asio::post(pool, [&fn, done = std::move(done)]() mutable { done(fn()); });
  };
  co_return co_await AwaitCompletion<T>(std::move(start));
}

}  // namespace blobgate
