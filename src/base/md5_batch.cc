#include "base/md5_batch.h"

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace blobgate {
namespace {

/// To wait costs a microsecond or two: not for less than this.
constexpr std::size_t kShort = 2 * 1024;
static_assert(kShort >= 2 * Md5::kBlock, "what waits has whole blocks");
/// Of each stream in one go; then others have their turn, who may wait for the thread.
constexpr std::size_t kTurn = 64 * 1024 / Md5::kBlock;

/// Those of one io_context, which one thread runs.
class Batch final : public boost::asio::execution_context::service {
 public:
  inline static boost::asio::execution_context::id id;

  explicit Batch(boost::asio::execution_context& context)
      : boost::asio::execution_context::service(context) {}

  void Add(Md5::Blocks blocks, std::move_only_function<void()> done,
           const boost::asio::any_io_executor& executor) {
    waiting_.push_back({blocks, std::move(done)});
    if (!std::exchange(comes_, true)) Come(executor);
  }

 private:
  struct Waiting {
    Md5::Blocks blocks;
    std::move_only_function<void()> done;
  };

  /// What never ran goes with the context.
  void shutdown() override { waiting_.clear(); }

  void Come(const boost::asio::any_io_executor& executor) {
    boost::asio::post(executor, [this, executor] { Turn(executor); });
  }

  void Turn(const boost::asio::any_io_executor& executor) {
    std::vector<Md5::Blocks> turn;
    turn.reserve(waiting_.size());
    for (const Waiting& one : waiting_) {
      turn.push_back(one.blocks);
      turn.back().count = std::min(turn.back().count, kTurn);
    }
    Md5::Compress(turn);
    std::vector<Waiting> ready;
    for (Waiting& one : waiting_) {
      const std::size_t taken = std::min(one.blocks.count, kTurn);
      one.blocks.data += taken * Md5::kBlock;
      one.blocks.count -= taken;
      if (one.blocks.count == 0) ready.push_back(std::move(one));
    }
    std::erase_if(waiting_, [](const Waiting& one) { return one.blocks.count == 0; });
    comes_ = !waiting_.empty();
    if (comes_) Come(executor);
    for (Waiting& one : ready) one.done();
  }

  std::vector<Waiting> waiting_;
  bool comes_ = false;  // a Turn is on its way
};

}  // namespace

Task<void> UpdateTogether(Md5& md5, Bytes data) {
  if (data.size() < kShort) {
    md5.Update(data);
    co_return;
  }
  const Md5::Blocks blocks = md5.Begin(data);
  const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
  auto& context = boost::asio::query(executor, boost::asio::execution::context);
  auto& batch = boost::asio::use_service<Batch>(context);
  auto start = [&](auto handler) {
    auto done = [handler = std::move(handler), executor]() mutable {
      boost::asio::dispatch(executor, std::move(handler));
    };
    batch.Add(blocks, std::move(done), executor);
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
      std::move(start), boost::asio::use_awaitable);
}

}  // namespace blobgate
