// One query over one blob: bytes of the blob in, bytes of the answer out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "azure/query_request.h"
#include "base/result.h"
#include "base/time.h"
#include "query/record_reader.h"

namespace blobgate::query {

/// Does no I/O and never waits, so that it can be worked off on any thread in slices, one thread at
/// a time. Memory: one record and one piece of input, about as much for its parsed form, and
/// kSlice of answer; for Parquet a page and a dictionary of each column that is needed, 256 MiB at
/// most.
class QueryRun {
 public:
  enum class State : std::uint8_t {
    kNeedInput,
    kMore,  ///< there is more to do without input
    kDone,  ///< the answer is complete
  };

  /// Bytes of answer after which a slice ends. One record may make it longer.
  static constexpr std::size_t kSlice = 1024 * 1024;
  /// A progress record is sent each time as many bytes were scanned.
  static constexpr std::uint64_t kProgressBytes = 4 * 1024 * 1024;

  /// `total_bytes`: of the blob. kInvalidArgument: the expression is none of Azure's subset;
  /// `detail` is for the client.
  static Result<std::unique_ptr<QueryRun>> Create(azure::QueryRequest request,
                                                  std::uint64_t total_bytes, Time now);
  virtual ~QueryRun() = default;

  /// The bytes of the blob that Work takes next, when it takes input; nullopt, the same always: in
  /// order. Empty for an empty blob.
  virtual std::optional<InputRange> wanted() const = 0;
  /// Works for one slice and appends what is to be sent. `input` is what is wanted, or follows what
  /// was given before; empty when the last state was kMore, or at the end of the blob. After kDone
  /// nothing happens.
  virtual State Work(std::string_view input, std::string& out) = 0;
};

}  // namespace blobgate::query
