#include "operations/query_body.h"

#include <utility>

namespace blobgate::operations {
namespace {

using State = query::QueryRun::State;

/// Bytes that are gathered before a worker thread is woken. Blobs of many small blocks come in
/// small pieces.
constexpr std::size_t kInput = 256 * 1024;

SharedBytes Share(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const Bytes view = AsBytes(*owner);
  return {std::move(owner), view};
}

}  // namespace

QueryBody::QueryBody(std::shared_ptr<WorkerThreads> workers, std::unique_ptr<query::QueryRun> run,
                     Content content)
    : workers_(std::move(workers)), run_(std::move(run)), content_(std::move(content)) {}

Task<Result<SharedBytes>> QueryBody::Next() {
  while (state_ != State::kDone) {
    std::string input;
    if (state_ == State::kNeedInput) {
      BG_CO_TRY(input, co_await ReadInput());
    }
    Slice slice = co_await Work(std::move(input));
    state_ = slice.state;
    if (!slice.answer.empty()) co_return Share(std::move(slice.answer));
  }
  co_return SharedBytes();
}

/// Empty at the end of the blob.
Task<Result<std::string>> QueryBody::ReadInput() {
  if (!content_.random) co_return co_await ReadInOrder();
  const query::InputRange range = run_->wanted().value();
  co_return co_await content_.random->Read(range.offset, range.length);
}

Task<Result<std::string>> QueryBody::ReadInOrder() {
  std::string input;
  while (content_.in_order && input.size() < kInput) {
    BG_CO_TRY(const SharedBytes piece, co_await content_.in_order->Next());
    if (piece.empty()) {
      content_.in_order.reset();
    } else {
      input += AsChars(piece.view());
    }
  }
  co_return input;
}

Task<QueryBody::Slice> QueryBody::Work(std::string input) {
  auto work = [run = run_.get(), input = std::move(input)] {
    Slice slice;
    slice.state = run->Work(input, slice.answer);
    return slice;
  };
  co_return co_await RunBlocking(workers_->pool(), std::move(work));
}

}  // namespace blobgate::operations
