#include "blob/tag_expression.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"

namespace blobgate::blob {

struct TagExpression::Node {
  enum class Kind { kCompare, kAnd, kOr };

  Kind kind = Kind::kCompare;
  TagComparison comparison;
  std::unique_ptr<Node> left, right;  ///< of kAnd and kOr

  // Recursion is bounded by the number of comparisons.
  bool Matches(const Tags& tags) const {
    if (kind == Kind::kAnd) return left->Matches(tags) && right->Matches(tags);
    if (kind == Kind::kOr) return left->Matches(tags) || right->Matches(tags);
    return comparison.Matches(tags);
  }

  class Parser;
};

bool TagComparison::Matches(const Tags& tags) const {
  const auto tag = std::ranges::find(tags, key, [](const auto& pair) { return pair.first; });
  if (tag == tags.end()) return false;
  const std::string& actual = tag->second;
  switch (op) {
    case Op::kEqual:
      return actual == value;
    case Op::kNotEqual:
      return actual != value;
    case Op::kLess:
      return actual < value;
    case Op::kLessEqual:
      return actual <= value;
    case Op::kGreater:
      return actual > value;
    case Op::kGreaterEqual:
      return actual >= value;
  }
  return false;
}

namespace {

constexpr int kMaxComparisons = 10;
constexpr int kMaxDepth = 16;
constexpr std::string_view kContainer = "@container";

using Op = TagComparison::Op;

bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}
bool IsBareKeyChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

// Recursive descent:  or := and (OR and)*   and := primary (AND primary)*
//                     primary := '(' or ')' | key op 'value'
class TagExpression::Node::Parser {
 public:
  using NodePtr = std::unique_ptr<Node>;
  explicit Parser(std::string_view text) : text_(text) {}

  Result<NodePtr> ParseAll() {
    BG_TRY(NodePtr root, ParseOr(0));
    SkipBlanks();
    if (at_ != text_.size()) return Bad("AND, OR or the end expected");
    return root;
  }

  /// Only what Find Blobs by Tags knows.
  Result<std::vector<TagComparison>> ParseQuery() {
    query_ = true;
    std::vector<TagComparison> comparisons;
    do {
      BG_TRY(const NodePtr node, ParseComparison());
      comparisons.push_back(std::move(node->comparison));
    } while (TakeWord("AND"));
    SkipBlanks();
    if (at_ != text_.size()) return Bad("AND or the end expected");
    return comparisons;
  }

 private:
  std::unexpected<Error> Bad(std::string_view reason) const {
    return Fail(Errc::kInvalidArgument,
                "tag expression at " + std::to_string(at_) + ": " + std::string(reason));
  }

  static NodePtr Join(Kind kind, NodePtr left, NodePtr right) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->left = std::move(left);
    node->right = std::move(right);
    return node;
  }

  Result<NodePtr> ParseOr(int depth) {
    BG_TRY(NodePtr node, ParseAnd(depth));
    while (TakeWord("OR")) {
      BG_TRY(NodePtr right, ParseAnd(depth));
      node = Join(Kind::kOr, std::move(node), std::move(right));
    }
    return node;
  }

  Result<NodePtr> ParseAnd(int depth) {
    BG_TRY(NodePtr node, ParsePrimary(depth));
    while (TakeWord("AND")) {
      BG_TRY(NodePtr right, ParsePrimary(depth));
      node = Join(Kind::kAnd, std::move(node), std::move(right));
    }
    return node;
  }

  Result<NodePtr> ParsePrimary(int depth) {
    if (!Take("(")) return ParseComparison();
    if (depth >= kMaxDepth) return Bad("too many levels of parentheses");
    BG_TRY(NodePtr node, ParseOr(depth + 1));
    if (!Take(")")) return Bad("')' expected");
    return node;
  }

  Result<NodePtr> ParseComparison() {
    if (++comparisons_ > kMaxComparisons) return Bad("more than 10 conditions");
    auto node = std::make_unique<Node>();
    TagComparison& comparison = node->comparison;
    BG_TRY(comparison.key, ParseKey());
    const std::optional<Op> op = TakeOperator();
    if (!op) return Bad("comparison operator expected");
    const bool plain = *op == Op::kEqual || (comparison.key != kContainer && *op != Op::kNotEqual);
    if (query_ && !plain) return Bad("this comparison is not for queries");
    comparison.op = *op;
    if (!Take("'")) return Bad("value in single quotes expected");
    BG_TRY(comparison.value, TakeUntil('\''));
    return node;
  }

  Result<std::string> ParseKey() {
    if (Take("\"")) {
      BG_TRY(std::string key, TakeUntil('"'));
      if (key.empty()) return Bad("empty tag name");
      return key;
    }
    if (query_ && Take(kContainer)) return std::string(kContainer);
    const std::size_t start = at_;
    while (at_ < text_.size() && IsBareKeyChar(text_[at_])) ++at_;
    if (at_ == start) return Bad("tag name expected");
    return std::string(text_.substr(start, at_ - start));
  }

  std::optional<Op> TakeOperator() {
    if (Take("<>")) return Op::kNotEqual;
    if (Take("<=")) return Op::kLessEqual;
    if (Take(">=")) return Op::kGreaterEqual;
    if (Take("<")) return Op::kLess;
    if (Take(">")) return Op::kGreater;
    if (Take("=")) return Op::kEqual;
    return std::nullopt;
  }

  Result<std::string> TakeUntil(char quote) {
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) return Bad("closing quote missing");
    std::string inside(text_.substr(at_, end - at_));
    at_ = end + 1;
    return inside;
  }

  void SkipBlanks() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  }

  bool Take(std::string_view token) {
    SkipBlanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  // A keyword, any case, that is not the start of a longer word.
  bool TakeWord(std::string_view word) {
    SkipBlanks();
    const std::string_view rest = text_.substr(at_);
    if (!EqualsIgnoreCase(rest.substr(0, word.size()), word)) return false;
    if (rest.size() > word.size() && IsBareKeyChar(rest[word.size()])) return false;
    at_ += word.size();
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int comparisons_ = 0;
  bool query_ = false;
};

TagExpression::TagExpression(std::unique_ptr<Node> root) : root_(std::move(root)) {}
TagExpression::TagExpression(TagExpression&&) noexcept = default;
TagExpression& TagExpression::operator=(TagExpression&&) noexcept = default;
TagExpression::~TagExpression() = default;

Result<TagExpression> TagExpression::Parse(std::string_view text) {
  Node::Parser parser(text);
  BG_TRY(std::unique_ptr<Node> root, parser.ParseAll());
  return TagExpression(std::move(root));
}

Result<std::vector<TagComparison>> ParseTagQuery(std::string_view text) {
  TagExpression::Node::Parser parser(text);
  return parser.ParseQuery();
}

bool TagExpression::Matches(const Tags& tags) const {
  return root_->Matches(tags);
}

}  // namespace blobgate::blob
