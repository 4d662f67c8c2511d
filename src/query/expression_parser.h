// Expressions of the query language, translated to SQLite's while they are read.
//
// SQLite has other types than Azure, so nothing but AND, OR, NOT, CASE, COALESCE and IS NULL stays
// what it is: operators become calls of our functions (sql_functions.h), fields and literals become
// parameters. `_2 > 250 AND name LIKE 'a%'` is translated to `(gt(?1,?2) AND like_(?3,?4))`.
#pragma once

#include <string>
#include <vector>

#include "query/statement.h"
#include "query/token.h"

namespace blobgate::query {

/// A translated expression.
struct Fragment {
  std::string sql;
  bool condition = false;            ///< SQLite's 0, 1 or NULL; otherwise a value (sql_value.h)
  std::optional<std::size_t> field;  ///< it is nothing but this field

  /// As a value: conditions become BOOLEAN.
  std::string AsValue() const { return condition ? "bool_(" + sql + ")" : sql; }
  /// As a condition: values must be BOOLEAN.
  std::string AsCondition() const { return condition ? sql : "truth(" + sql + ")"; }
};

class ExpressionParser {
 public:
  /// Fields and parameters are added to `statement`. `qualifiers`: names that may stand before a
  /// field and mean the record. All must outlive the parser.
  ExpressionParser(TokenStream& tokens, Statement& statement,
                   const std::vector<std::string>& qualifiers)
      : tokens_(tokens), statement_(statement), qualifiers_(qualifiers) {}

  /// The longest expression that begins at the next token. kInvalidArgument.
  Result<Fragment> Parse();

 private:
  class Depth;

  Result<Fragment> ParseAnd();
  Result<Fragment> ParseNot();
  Result<Fragment> ParsePredicate();
  Result<Fragment> ParseIs(Fragment left);
  Result<Fragment> ParseBetween(Fragment left);
  Result<Fragment> ParseIn(Fragment left);
  Result<Fragment> ParseLike(Fragment left);
  Result<Fragment> ParseAdditive();
  Result<Fragment> ParseMultiplicative();
  Result<Fragment> ParseChain(std::string_view operators,
                              Result<Fragment> (ExpressionParser::*operand)());
  Result<Fragment> ParseUnary();
  Result<Fragment> ParsePrimary();
  Result<Fragment> ParseNumber();
  Result<Fragment> ParseCase();
  Result<Fragment> ParseCast();
  Result<Fragment> ParseTrim();
  Result<Fragment> ParseExtract();
  Result<Fragment> ParseCall();
  Result<std::vector<std::string>> ParseArguments();
  Result<Fragment> ParseField();
  Result<PathStep> ParseName();

  std::string Literal(decltype(Parameter::literal) value);
  std::string AddParameter(Parameter parameter);
  Result<Fragment> AddField(FieldPath path);
  bool TooLong() const { return produced_ > kMaxSql; }

  static constexpr int kMaxDepth = 64;
  static constexpr std::size_t kMaxFields = 1024;
  static constexpr std::size_t kMaxSql = 1024 * 1024;  ///< bytes of translated text, in total

  TokenStream& tokens_;
  Statement& statement_;
  const std::vector<std::string>& qualifiers_;
  int depth_ = 0;
  std::size_t produced_ = 0;
};

/// The steps `.name`, `[3]` and, with `each`, `[*]` that follow.
Result<std::vector<PathStep>> ParseSteps(TokenStream& tokens, bool each);

}  // namespace blobgate::query
