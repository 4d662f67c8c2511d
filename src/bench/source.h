// Which requests are made.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/content.h"
#include "bench/plan.h"

namespace blobgate::bench {

struct Request {
  Operation operation = Operation::kGet;
  bool fresh = false;        ///< a name of this run, not one of the prepared blobs
  std::uint64_t number = 0;  ///< of the blob, and of its content
  std::uint64_t offset = 0;  ///< of the range or block in the blob
  std::uint64_t length = 0;  ///< of the body that is sent, or wanted back
  unsigned block = 0;
};

/// What one connection has done that its next requests follow from.
struct History {
  std::uint64_t uploading = 0;  ///< blob whose blocks are being put
  bool uploading_fresh = false;
  unsigned blocks_put = 0;
  unsigned blocks_wanted = 0;          ///< 0: no upload goes on
  std::vector<std::uint64_t> written;  ///< fresh blobs that can be deleted
  std::string marker;                  ///< of the next page
};

/// Shared by the workers; Next may be called by any of them at any time.
class Source {
 public:
  virtual ~Source() = default;
  /// False when there is no more for this connection.
  virtual bool Next(Random& random, History& history, Request& request) = 0;
};

/// Puts every blob of the plan once; large ones in blocks.
class FillSource final : public Source {
 public:
  explicit FillSource(const Plan& plan) : plan_(plan) {}
  bool Next(Random& random, History& history, Request& request) override;

 private:
  const Plan& plan_;
  std::atomic<std::uint64_t> next_{0};
};

/// The mix of the plan, without end.
class MixSource final : public Source {
 public:
  explicit MixSource(const Plan& plan);
  bool Next(Random& random, History& history, Request& request) override;

 private:
  Operation Pick(Random& random) const;
  std::uint64_t ExistingBlob(Random& random);
  void MakePut(Random& random, Request& request);
  void MakeRange(Random& random, Request& request) const;

  const Plan& plan_;
  unsigned weights_ = 0;
  std::atomic<std::uint64_t> in_order_{0};
  std::atomic<std::uint64_t> fresh_{0};
};

}  // namespace blobgate::bench
