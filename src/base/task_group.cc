#include "base/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <utility>

#include "base/log.h"

namespace blobgate {

namespace asio = boost::asio;

namespace {

// `signal` and `ended` are used on `executor` only, once the task is spawned.
struct Entry {
  asio::any_io_executor executor;
  asio::cancellation_signal signal;
  bool ended = false;
};

using Entries = std::list<std::shared_ptr<Entry>>;

void LogFailure(const std::exception_ptr& failure, bool cancelled) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    if (cancelled && e.code() == asio::error::operation_aborted) return;
    spdlog::error("task ended with an exception: {}", e.what());
  } catch (const std::exception& e) {
    spdlog::error("task ended with an exception: {}", e.what());
  } catch (...) {
    spdlog::error("task ended with something thrown that is no std::exception");
  }
}

Task<void> CallAndRun(std::move_only_function<Task<void>()> make) {
  co_await make();
}

}  // namespace

struct TaskGroup::State {
  void Finished(Entries::iterator entry, const std::exception_ptr& failure);

  std::mutex mutex;
  std::condition_variable empty;
  Entries entries;
  bool cancelled = false;
};

void TaskGroup::State::Finished(Entries::iterator entry, const std::exception_ptr& failure) {
  (*entry)->ended = true;
  std::unique_lock lock(mutex);
  if (failure) LogFailure(failure, cancelled);
  entries.erase(entry);
  if (entries.empty()) empty.notify_all();
}

TaskGroup::TaskGroup() : state_(std::make_shared<State>()) {}

TaskGroup::~TaskGroup() {
  Cancel();
}

bool TaskGroup::Spawn(asio::any_io_executor executor, std::move_only_function<Task<void>()> make) {
  auto entry = std::make_shared<Entry>();
  entry->executor = executor;
  // Held to the end, so that no cancellation falls between the entry and its slot.
  const std::lock_guard lock(state_->mutex);
  if (state_->cancelled) return false;
  const auto place = state_->entries.insert(state_->entries.end(), entry);
  auto done = [state = state_, place](std::exception_ptr failure) {
    state->Finished(place, failure);
  };
  asio::co_spawn(std::move(executor), CallAndRun(std::move(make)),
                 asio::bind_cancellation_slot(entry->signal.slot(), std::move(done)));
  return true;
}

void TaskGroup::Cancel() {
  const std::lock_guard lock(state_->mutex);
  state_->cancelled = true;
  for (const auto& entry : state_->entries) {
    asio::post(entry->executor, [entry] {
      if (!entry->ended) entry->signal.emit(asio::cancellation_type::terminal);
    });
  }
}

bool TaskGroup::WaitFor(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(state_->mutex);
  return state_->empty.wait_for(lock, timeout, [this] { return state_->entries.empty(); });
}

std::size_t TaskGroup::size() const {
  const std::lock_guard lock(state_->mutex);
  return state_->entries.size();
}

}  // namespace blobgate
