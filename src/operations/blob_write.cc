#include "operations/blob_write.h"

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "operations/blob/blob_access.h"
#include "operations/replace_blob.h"

namespace blobgate::operations {
namespace {

/// Names cannot contain a NUL.
std::string LineOf(const azure::Resource& resource) {
  std::string key = resource.account;
  key.append(1, '\0').append(resource.container).append(1, '\0').append(resource.blob);
  return key;
}

/// Puts the record and commits; false: something moved.
Task<azure::Outcome<bool>> CommitEdit(Services& services, BlobEdit& edit) {
  const PageEdits::Unused unused = edit.pages.Finish(edit.batch);
  edit.batch.puts.push_back({edit.target.key, edit.target.blob->Encode()});
  const auto done = co_await CommitTarget(services, edit.target, std::move(edit.batch));
  if (!done) {
    DiscardAfter(services, done.error(), edit.fresh);
    co_return azure::Fail(done.error());
  }
  // What a later write of the batch covered again was never referenced.
  DiscardAll(services, *done ? unused : edit.fresh);
  co_return *done;
}

}  // namespace

/// The writes that one leader commits. Leaves the line when it goes, so that nobody waits for ever.
class WriteBatch {
 public:
  WriteBatch(WriteQueue& queue, std::string key, BlobWrite& leader)
      : queue_(queue), key_(std::move(key)), entries_(queue.Take(key_, leader)) {
    for (WriteQueue::Entry* entry : entries_) writes_.push_back(static_cast<BlobWrite*>(entry));
  }
  WriteBatch(const WriteBatch&) = delete;
  WriteBatch& operator=(const WriteBatch&) = delete;
  ~WriteBatch() { queue_.Leave(key_, entries_); }

  /// Gives every write its result.
  Task<void> Run(Services& services, const azure::Resource& resource) {
    for (CommitLoop loop; loop.Again();) {
      auto target = co_await LoadTarget(services, resource);
      if (!target) {
        for (BlobWrite* write : writes_) write->result_ = azure::Fail(target.error());
        co_return;
      }
      BlobEdit edit(std::move(*target));
      if (!co_await ApplyAll(services, edit)) co_return;
      const auto done = co_await CommitEdit(services, edit);
      if (done && *done) co_return;
      if (!done) {
        FailApplied(done.error());
        co_return;
      }
      if (writes_.front()->alone()) {
        writes_.front()->result_ = false;
        co_return;
      }
    }
    FailApplied(Busy());
  }

  static azure::Outcome<bool> ResultOf(BlobWrite& write) { return std::move(write.result_); }

 private:
  /// False: none of them could be applied.
  Task<bool> ApplyAll(Services& services, BlobEdit& edit) {
    bool any = false;
    for (BlobWrite* write : writes_) {
      auto applied = co_await write->Apply(services, edit);
      if (applied) {
        write->result_ = true;
        any = true;
      } else {
        write->result_ = azure::Fail(std::move(applied).error());
      }
    }
    if (!any) DiscardAll(services, edit.fresh);
    co_return any;
  }

  void FailApplied(const azure::Error& error) {
    for (BlobWrite* write : writes_) {
      if (write->result_) write->result_ = azure::Fail(error);
    }
  }

  WriteQueue& queue_;
  const std::string key_;
  const std::vector<WriteQueue::Entry*> entries_;
  std::vector<BlobWrite*> writes_;
};

Task<azure::Outcome<bool>> RunWrite(Call& call, BlobWrite& write) {
  Services& services = call.services;
  const std::string key = LineOf(call.resource);
  const WriteQueue::Turn turn = co_await services.writes->Enter(key, write);
  if (turn == WriteQueue::Turn::kLead) {
    // Others wait for what this Task does now: it is not for its own client's sake alone.
    const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    {
      WriteBatch batch(*services.writes, key, write);
      co_await batch.Run(services, call.resource);
    }
    co_await boost::asio::this_coro::throw_if_cancelled(throws);
  }
  co_return WriteBatch::ResultOf(write);
}

Task<azure::Outcome<void>> RunOwnWrite(Call& call, BlobWrite& write) {
  BG_CO_TRY(const bool done, co_await RunWrite(call, write));
  if (!done) co_return azure::Fail(Busy());
  co_return azure::Outcome<void>();
}

azure::Outcome<blob::LeaseRecord> CheckContentUpdate(Call& call, const Target& target,
                                                     blob::BlobType type,
                                                     const blob::ConditionHeaders& conditions) {
  if (target.exists() && target.blob->type != type) {
    return azure::Fail(azure::ErrorCode::kInvalidBlobType);
  }
  return CheckUpdate(call, target, conditions);
}

}  // namespace blobgate::operations
