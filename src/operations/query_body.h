// The answer of Query Blob Contents, made while it is sent.
#pragma once

#include <memory>
#include <string>

#include "http/body.h"
#include "operations/random_content.h"
#include "operations/worker_threads.h"
#include "query/query_run.h"

namespace blobgate::operations {

/// Reads a piece of the blob, lets a worker thread work on it, and hands out what came of it. So a
/// client that does not read holds up nothing but its own query, and one that goes away ends it
/// with the slice that is being worked on. Owns what it needs, so that it outlives the Call.
class QueryBody final : public http::BodySource {
 public:
  /// The whole blob, in the order that the run wants; null when it is empty.
  struct Content {
    std::unique_ptr<http::BodySource> in_order;
    std::unique_ptr<RandomContent> random;  ///< in place of `in_order`, for runs that want ranges
  };

  QueryBody(std::shared_ptr<WorkerThreads> workers, std::unique_ptr<query::QueryRun> run,
            Content content);

  /// An error when the blob cannot be read any further.
  Task<Result<SharedBytes>> Next() override;

 private:
  /// What one slice left behind.
  struct Slice {
    query::QueryRun::State state = query::QueryRun::State::kDone;
    std::string answer;
  };

  Task<Result<std::string>> ReadInput();
  Task<Result<std::string>> ReadInOrder();
  Task<Slice> Work(std::string input);

  std::shared_ptr<WorkerThreads> workers_;
  std::unique_ptr<query::QueryRun> run_;
  Content content_;
  query::QueryRun::State state_ = query::QueryRun::State::kNeedInput;
};

}  // namespace blobgate::operations
