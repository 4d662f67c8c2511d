// The language of x-ms-if-tags and of Find Blobs by Tags (operations.md 1.15).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blob/records.h"

namespace blobgate::blob {

/// One comparison of an expression.
struct TagComparison {
  enum class Op : std::uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  std::string key;  ///< "@container" is the container's name (Find Blobs by Tags only)
  Op op = Op::kEqual;
  std::string value;

  /// A missing key compares as false, also with `<>`. Values compare ordinally.
  bool Matches(const Tags& tags) const;
};

/// The `where` of Find Blobs by Tags: comparisons (= > >= < <=) joined by AND, at most 10; among
/// them `@container = 'name'`. kInvalidArgument with the place and reason for anything else.
Result<std::vector<TagComparison>> ParseTagQuery(std::string_view text);

/// A parsed expression: comparisons (= <> > >= < <=) of a key with a quoted value, AND, OR,
/// parentheses. At most 10 comparisons and 16 levels of parentheses.
class TagExpression {
 public:
  /// kInvalidArgument with the place and reason for anything else.
  static Result<TagExpression> Parse(std::string_view text);
  TagExpression(TagExpression&&) noexcept;
  TagExpression& operator=(TagExpression&&) noexcept;
  ~TagExpression();

  /// A comparison with a missing key is false, `<>` included. Values compare ordinally.
  bool Matches(const Tags& tags) const;

 private:
  friend Result<std::vector<TagComparison>> ParseTagQuery(std::string_view text);
  struct Node;
  explicit TagExpression(std::unique_ptr<Node> root);
  std::unique_ptr<Node> root_;
};

}  // namespace blobgate::blob
