// Request heads that are rendered once, with holes for what differs between requests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/plan.h"
#include "bench/signer.h"

namespace blobgate::bench {

/// What fills the holes. Views are only used while rendering.
struct HeadValues {
  std::uint64_t number = 0;           ///< of the blob
  std::uint64_t length = 0;           ///< of the request body
  std::uint64_t first = 0, last = 0;  ///< the range, both included
  unsigned block = 0;
  std::string_view marker = {};
  std::string_view date = {};  ///< for x-ms-date
};

/// The id of a block in the form it has in requests: base64 that needs no escaping, the same length
/// for all.
std::string BlockId(unsigned block);

/// The body of Put Block List for blocks 0 to `blocks` - 1.
std::string BlockListBody(unsigned blocks);

/// Immutable; any thread.
class HeadTemplate {
 public:
  HeadTemplate() = default;

  /// `prefix` is that of the names.
  static HeadTemplate Make(const Plan& plan, Operation operation, std::string_view prefix);
  /// Create Container.
  static HeadTemplate MakeCreate(const Plan& plan);

  /// Appends the head. `signer` signs when the plan says Shared Key.
  void Render(const HeadValues& values, Signer* signer, std::string& out) const;

 private:
  enum class Hole {
    kNone,
    kNumber,
    kBlock,
    kLength,
    kRange,
    kDate,
    kMarker,
    kRawMarker,
    kSignature
  };
  struct Piece {
    std::string literal;
    Hole then = Hole::kNone;
  };
  struct Parts;

  static HeadTemplate Assemble(const Plan& plan, const Parts& parts);
  static void Add(std::vector<Piece>& pieces, std::string_view text);
  static void Add(std::vector<Piece>& pieces, Hole hole);
  static void AddQuery(std::vector<Piece>& head, const Plan& plan, const Parts& parts);
  static void AddToSign(std::vector<Piece>& to_sign, const Plan& plan, const Parts& parts);
  static void Fill(const std::vector<Piece>& pieces, const HeadValues& values,
                   std::string_view signature, std::string& out);

  std::vector<Piece> head_;
  std::vector<Piece> to_sign_;  // empty: nothing to sign
};

}  // namespace blobgate::bench
