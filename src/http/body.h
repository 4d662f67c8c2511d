// Bodies stream in bounded pieces, in both directions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/buffer.h"
#include "base/result.h"
#include "base/task.h"

namespace blobgate::http {

/// The body of one request. Belongs to the Task that serves the request.
class BodyReader {
 public:
  virtual ~BodyReader() = default;

  /// Fills up to into.size() bytes (> 0); 0 means the body is complete. The first call sends
  /// `100 Continue` when the client waits for it. Errors: kDisconnected, kTimeout (too slow),
  /// kTooLarge, kInvalidArgument (bad chunk), kCancelled; after one the connection is closed.
  virtual Task<Result<std::size_t>> Read(MutableBytes into) = 0;
};

/// The body of one response, pulled by the connection.
class BodySource {
 public:
  virtual ~BodySource() = default;

  /// The next piece; empty at the end. After an error the connection is cut, so that the client
  /// cannot take a short body for a whole one.
  virtual Task<Result<SharedBytes>> Next() = 0;

  /// The next piece, if there is one at hand; empty: ask Next.
  virtual SharedBytes TakeReady() { return {}; }

  /// Pieces from now on should have at most `most` bytes: as many as can be sent at once. Memory
  /// for more would wait for the client.
  virtual void LimitPieces(std::size_t most) { (void)most; }

  /// The last `bytes` bytes of what Next gave were not sent, and are not kept: it gives them again.
  /// False: it cannot, and nothing has changed.
  virtual bool PutBack(std::size_t bytes) {
    (void)bytes;
    return false;
  }
};

}  // namespace blobgate::http
