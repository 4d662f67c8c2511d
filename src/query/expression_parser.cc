#include "query/expression_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "query/timestamp.h"

namespace blobgate::query {
namespace {

/// Arguments of one call of SQLite's; longer lists become several.
constexpr std::size_t kMaxArguments = 100;

std::unexpected<Error> TooComplex() {
  return Fail(Errc::kInvalidArgument, "The expression is too complex.");
}

std::string Join(const std::vector<std::string>& parts, std::size_t first, std::size_t count) {
  std::string out;
  for (std::size_t i = first; i < first + count; ++i) {
    if (i > first) out += ',';
    out += parts[i];
  }
  return out;
}

std::string CallOf(std::string_view function, const std::vector<std::string>& arguments) {
  return std::string(function) + "(" + Join(arguments, 0, arguments.size()) + ")";
}

/// Functions that are called as they are written.
struct PlainFunction {
  std::string_view name;
  std::string_view sql;
  std::size_t least;
  std::size_t most;
  bool dated = false;  ///< the first argument is the name of a part of a date
};
constexpr std::array<PlainFunction, 11> kFunctions = {{
    {"CHAR_LENGTH", "char_length", 1, 1},
    {"CHARACTER_LENGTH", "char_length", 1, 1},
    {"LOWER", "lower_", 1, 1},
    {"UPPER", "upper_", 1, 1},
    {"SUBSTRING", "substring_", 2, 3},
    {"TO_STRING", "to_string", 2, 2},
    {"TO_TIMESTAMP", "cast_timestamp", 1, 1},
    {"DATE_ADD", "date_add", 3, 3, true},
    {"DATE_DIFF", "date_diff", 3, 3, true},
    {"UTCNOW", "utcnow", 0, 0},
    {"NULLIF", "nullif_", 2, 2},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kCasts = {{
    {"INT", "cast_int"},
    {"INTEGER", "cast_int"},
    {"FLOAT", "cast_float"},
    {"STRING", "cast_string"},
    {"TIMESTAMP", "cast_timestamp"},
    {"BOOL", "cast_bool"},
    {"BOOLEAN", "cast_bool"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kComparisons = {{
    {"=", "eq"},
    {"!=", "ne"},
    {"<>", "ne"},
    {"<", "lt"},
    {"<=", "le"},
    {">", "gt"},
    {">=", "ge"},
}};

}  // namespace

/// Bounds recursion, ours and SQLite's.
class ExpressionParser::Depth {
 public:
  explicit Depth(ExpressionParser& parser) : parser_(parser) { ++parser_.depth_; }
  ~Depth() { --parser_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
  bool too_deep() const { return parser_.depth_ > kMaxDepth; }

 private:
  ExpressionParser& parser_;
};

Result<Fragment> ExpressionParser::Parse() {
  const Depth depth(*this);
  if (depth.too_deep()) return TooComplex();
  BG_TRY(Fragment left, ParseAnd());
  if (!tokens_.IsWord("OR")) return left;
  std::string sql = "(" + left.AsCondition();
  while (tokens_.TakeWord("OR")) {
    BG_TRY(const Fragment right, ParseAnd());
    sql += " OR " + right.AsCondition();
  }
  produced_ += sql.size();
  if (TooLong()) return TooComplex();
  return Fragment{sql + ")", true, {}};
}

Result<Fragment> ExpressionParser::ParseAnd() {
  BG_TRY(Fragment left, ParseNot());
  if (!tokens_.IsWord("AND")) return left;
  std::string sql = "(" + left.AsCondition();
  while (tokens_.TakeWord("AND")) {
    BG_TRY(const Fragment right, ParseNot());
    sql += " AND " + right.AsCondition();
  }
  return Fragment{sql + ")", true, {}};
}

Result<Fragment> ExpressionParser::ParseNot() {
  bool negated = false;
  bool any = false;
  while (tokens_.TakeWord("NOT")) {
    negated = !negated;
    any = true;
  }
  BG_TRY(Fragment operand, ParsePredicate());
  if (!any) return operand;
  std::string sql = operand.AsCondition();
  return Fragment{negated ? "(NOT " + sql + ")" : sql, true, {}};
}

Result<Fragment> ExpressionParser::ParsePredicate() {
  BG_TRY(Fragment left, ParseAdditive());
  for (const auto& [symbol, function] : kComparisons) {
    if (!tokens_.TakeSymbol(symbol)) continue;
    BG_TRY(const Fragment right, ParseAdditive());
    return Fragment{CallOf(function, {left.AsValue(), right.AsValue()}), true, {}};
  }
  if (tokens_.TakeWord("IS")) return ParseIs(std::move(left));
  const bool negated =
      tokens_.IsWord("NOT") &&
      (tokens_.IsWord("BETWEEN", 1) || tokens_.IsWord("IN", 1) || tokens_.IsWord("LIKE", 1));
  if (negated) tokens_.Next();
  Result<Fragment> result = [&]() -> Result<Fragment> {
    if (tokens_.TakeWord("BETWEEN")) return ParseBetween(std::move(left));
    if (tokens_.TakeWord("IN")) return ParseIn(std::move(left));
    if (tokens_.TakeWord("LIKE")) return ParseLike(std::move(left));
    return std::move(left);
  }();
  if (result && negated) result->sql = "(NOT " + result->sql + ")";
  return result;
}

// `left` IS [NOT] NULL | MISSING
Result<Fragment> ExpressionParser::ParseIs(Fragment left) {
  const bool negated = tokens_.TakeWord("NOT");
  if (tokens_.TakeWord("NULL")) {
    return Fragment{"(" + left.AsValue() + (negated ? " IS NOT NULL)" : " IS NULL)"), true, {}};
  }
  if (!tokens_.IsWord("MISSING") || !left.field) return tokens_.Unexpected();
  tokens_.Next();
  Parameter present;
  present.kind = Parameter::Kind::kPresence;
  present.field = *left.field;
  const std::string parameter = AddParameter(std::move(present));
  return Fragment{negated ? "(" + parameter + "<>0)" : "(" + parameter + "=0)", true, {}};
}

Result<Fragment> ExpressionParser::ParseBetween(Fragment left) {
  BG_TRY(const Fragment low, ParseAdditive());
  BG_CHECK(tokens_.ExpectWord("AND"));
  BG_TRY(const Fragment high, ParseAdditive());
  return Fragment{CallOf("between_", {left.AsValue(), low.AsValue(), high.AsValue()}), true, {}};
}

Result<Fragment> ExpressionParser::ParseIn(Fragment left) {
  BG_CHECK(tokens_.ExpectSymbol("("));
  BG_TRY(const std::vector<std::string> list, ParseArguments());
  if (list.empty()) return tokens_.Unexpected();
  const std::string value = left.AsValue();
  std::string sql = "(";
  for (std::size_t i = 0; i < list.size(); i += kMaxArguments) {
    if (i > 0) sql += " OR ";
    sql += "in_(" + value + "," + Join(list, i, std::min(kMaxArguments, list.size() - i)) + ")";
    if (sql.size() > kMaxSql) return TooComplex();
  }
  produced_ += sql.size();
  if (TooLong()) return TooComplex();
  return Fragment{sql + ")", true, {}};
}

Result<Fragment> ExpressionParser::ParseLike(Fragment left) {
  BG_TRY(const Fragment pattern, ParseAdditive());
  std::vector<std::string> arguments = {left.AsValue(), pattern.AsValue()};
  if (tokens_.TakeWord("ESCAPE")) {
    BG_TRY(const Fragment escape, ParseAdditive());
    arguments.push_back(escape.AsValue());
  }
  return Fragment{CallOf("like_", arguments), true, {}};
}

Result<Fragment> ExpressionParser::ParseAdditive() {
  return ParseChain("+-", &ExpressionParser::ParseMultiplicative);
}

Result<Fragment> ExpressionParser::ParseMultiplicative() {
  return ParseChain("*/%", &ExpressionParser::ParseUnary);
}

// `a + b - c` is one call, arithmetic('+-', a, b, c), so that long sums do not nest.
Result<Fragment> ExpressionParser::ParseChain(std::string_view operators,
                                              Result<Fragment> (ExpressionParser::*operand)()) {
  BG_TRY(Fragment first, (this->*operand)());
  std::string signs;
  std::vector<std::string> operands;
  const auto take_operator = [&] {
    const Token& token = tokens_.Peek();
    if (token.kind != Token::Kind::kSymbol || token.text.size() != 1) return false;
    if (!operators.contains(token.text.front())) return false;
    signs += tokens_.Next().text;
    return true;
  };
  while (take_operator()) {
    BG_TRY(const Fragment next, (this->*operand)());
    operands.push_back(next.AsValue());
    if (operands.size() >= kMaxArguments) return TooComplex();
  }
  if (operands.empty()) return first;
  operands.insert(operands.begin(), {"'" + signs + "'", first.AsValue()});
  return Fragment{CallOf("arithmetic", operands), false, {}};
}

Result<Fragment> ExpressionParser::ParseUnary() {
  bool negative = false;
  bool any = false;
  while (tokens_.IsSymbol("-") || tokens_.IsSymbol("+")) {
    negative ^= tokens_.Next().text == "-";
    any = true;
  }
  if (negative && tokens_.IsSymbol("-")) return tokens_.Unexpected();
  BG_TRY(Fragment operand, ParsePrimary());
  if (!any) return operand;
  return Fragment{CallOf(negative ? "negate" : "number", {operand.AsValue()}), false, {}};
}

Result<Fragment> ExpressionParser::ParsePrimary() {
  const Token& token = tokens_.Peek();
  switch (token.kind) {
    case Token::Kind::kNumber:
      return ParseNumber();
    case Token::Kind::kText:
      return Fragment{Literal(tokens_.Next().text), false, {}};
    case Token::Kind::kQuotedName:
      return ParseField();
    case Token::Kind::kSymbol: {
      BG_CHECK(tokens_.ExpectSymbol("("));
      BG_TRY(Fragment inner, Parse());
      BG_CHECK(tokens_.ExpectSymbol(")"));
      return inner;
    }
    case Token::Kind::kEnd:
      return tokens_.Unexpected();
    case Token::Kind::kWord:
      break;
  }
  if (tokens_.TakeWord("NULL")) return Fragment{"NULL", false, {}};
  if (tokens_.TakeWord("TRUE")) return Fragment{Literal(true), false, {}};
  if (tokens_.TakeWord("FALSE")) return Fragment{Literal(false), false, {}};
  if (tokens_.IsWord("CASE")) return ParseCase();
  if (!tokens_.IsSymbol("(", 1)) return ParseField();
  if (tokens_.IsWord("CAST")) return ParseCast();
  if (tokens_.IsWord("TRIM")) return ParseTrim();
  if (tokens_.IsWord("EXTRACT")) return ParseExtract();
  return ParseCall();
}

Result<Fragment> ExpressionParser::ParseNumber() {
  const std::string& text = tokens_.Peek().text;
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(text.data(), end, whole);
      read.ec == std::errc() && read.ptr == end) {
    tokens_.Next();
    return Fragment{Literal(whole), false, {}};
  }
  double real = 0;
  const auto read = std::from_chars(text.data(), end, real);
  if (read.ec != std::errc() || read.ptr != end) return tokens_.Unexpected();
  tokens_.Next();
  return Fragment{Literal(real), false, {}};
}

Result<Fragment> ExpressionParser::ParseCase() {
  tokens_.Next();
  std::optional<std::string> subject;
  if (!tokens_.IsWord("WHEN")) {
    BG_TRY(const Fragment value, Parse());
    subject = value.AsValue();
  }
  std::string sql = "CASE";
  if (!tokens_.IsWord("WHEN")) return tokens_.Unexpected();
  while (tokens_.TakeWord("WHEN")) {
    BG_TRY(const Fragment when, Parse());
    BG_CHECK(tokens_.ExpectWord("THEN"));
    BG_TRY(const Fragment then, Parse());
    sql += " WHEN " + (subject ? CallOf("eq", {*subject, when.AsValue()}) : when.AsCondition());
    sql += " THEN " + then.AsValue();
    if (sql.size() > kMaxSql) return TooComplex();
  }
  if (tokens_.TakeWord("ELSE")) {
    BG_TRY(const Fragment otherwise, Parse());
    sql += " ELSE " + otherwise.AsValue();
  }
  BG_CHECK(tokens_.ExpectWord("END"));
  produced_ += sql.size();
  if (TooLong()) return TooComplex();
  return Fragment{"(" + sql + " END)", false, {}};
}

Result<Fragment> ExpressionParser::ParseCast() {
  tokens_.Next();
  BG_CHECK(tokens_.ExpectSymbol("("));
  BG_TRY(const Fragment operand, Parse());
  BG_CHECK(tokens_.ExpectWord("AS"));
  for (const auto& [type, function] : kCasts) {
    if (!tokens_.TakeWord(type)) continue;
    BG_CHECK(tokens_.ExpectSymbol(")"));
    return Fragment{CallOf(function, {operand.AsValue()}), false, {}};
  }
  return tokens_.Unexpected();
}

// TRIM([LEADING | TRAILING | BOTH] [characters] [FROM] text)
Result<Fragment> ExpressionParser::ParseTrim() {
  tokens_.Next();
  BG_CHECK(tokens_.ExpectSymbol("("));
  std::string side = "'b'";
  if (tokens_.TakeWord("LEADING")) {
    side = "'l'";
  } else if (tokens_.TakeWord("TRAILING")) {
    side = "'t'";
  } else {
    tokens_.TakeWord("BOTH");
  }
  std::string characters = "' '";
  std::string text;
  if (!tokens_.IsWord("FROM")) {
    BG_TRY(const Fragment first, Parse());
    text = first.AsValue();
  }
  if (tokens_.TakeWord("FROM")) {
    if (!text.empty()) characters = std::move(text);
    BG_TRY(const Fragment operand, Parse());
    text = operand.AsValue();
  }
  BG_CHECK(tokens_.ExpectSymbol(")"));
  return Fragment{CallOf("trim_", {side, characters, text}), false, {}};
}

// EXTRACT(part FROM timestamp)
Result<Fragment> ExpressionParser::ParseExtract() {
  tokens_.Next();
  BG_CHECK(tokens_.ExpectSymbol("("));
  const Token& part = tokens_.Peek();
  const bool named = part.kind == Token::Kind::kWord || part.kind == Token::Kind::kText;
  if (!named || !DatePartOf(part.text)) return tokens_.Unexpected();
  const std::string name = Literal(tokens_.Next().text);
  BG_CHECK(tokens_.ExpectWord("FROM"));
  BG_TRY(const Fragment operand, Parse());
  BG_CHECK(tokens_.ExpectSymbol(")"));
  return Fragment{CallOf("extract", {name, operand.AsValue()}), false, {}};
}

Result<Fragment> ExpressionParser::ParseCall() {
  const auto function = std::ranges::find_if(
      kFunctions, [&](const auto& f) { return EqualsIgnoreCase(f.name, tokens_.Peek().text); });
  const bool coalesce = tokens_.IsWord("COALESCE");
  if (function == kFunctions.end() && !coalesce) return tokens_.Unexpected();
  tokens_.Next();
  BG_CHECK(tokens_.ExpectSymbol("("));
  std::vector<std::string> arguments;
  const Token& part = tokens_.Peek();
  if (!coalesce && function->dated && part.kind == Token::Kind::kWord && DatePartOf(part.text) &&
      tokens_.IsSymbol(",", 1)) {
    arguments.push_back(Literal(tokens_.Next().text));
    tokens_.Next();
  }
  BG_TRY(const std::vector<std::string> more, ParseArguments());
  arguments.insert(arguments.end(), more.begin(), more.end());
  const std::size_t least = coalesce ? 1 : function->least;
  const std::size_t most = coalesce ? kMaxArguments : function->most;
  if (arguments.size() < least || arguments.size() > most) {
    return Fail(Errc::kInvalidArgument, "A function has the wrong number of arguments.");
  }
  if (!coalesce) return Fragment{CallOf(function->sql, arguments), false, {}};
  if (arguments.size() == 1) return Fragment{arguments.front(), false, {}};
  return Fragment{CallOf("coalesce", arguments), false, {}};
}

// Up to and with the closing parenthesis.
Result<std::vector<std::string>> ExpressionParser::ParseArguments() {
  std::vector<std::string> arguments;
  if (tokens_.TakeSymbol(")")) return arguments;
  do {
    BG_TRY(const Fragment argument, Parse());
    arguments.push_back(argument.AsValue());
  } while (tokens_.TakeSymbol(","));
  BG_CHECK(tokens_.ExpectSymbol(")"));
  return arguments;
}

Result<PathStep> ExpressionParser::ParseName() {
  const Token& token = tokens_.Peek();
  const bool quoted = token.kind == Token::Kind::kQuotedName;
  if (!quoted && (token.kind != Token::Kind::kWord || IsReserved(token.text))) {
    return tokens_.Unexpected();
  }
  PathStep step;
  step.name = tokens_.Next().text;
  step.quoted = quoted;
  return step;
}

Result<Fragment> ExpressionParser::ParseField() {
  BG_TRY(PathStep first, ParseName());
  FieldPath path{std::move(first)};
  BG_TRY(std::vector<PathStep> rest, ParseSteps(tokens_, false));
  path.insert(path.end(), std::make_move_iterator(rest.begin()),
              std::make_move_iterator(rest.end()));
  const bool qualified = path.size() > 1 && path[1].kind == PathStep::Kind::kName &&
                         std::ranges::any_of(qualifiers_, [&](const std::string& qualifier) {
                           return EqualsIgnoreCase(qualifier, path.front().name);
                         });
  if (qualified) path.erase(path.begin());
  return AddField(std::move(path));
}

std::string ExpressionParser::Literal(decltype(Parameter::literal) value) {
  Parameter parameter;
  parameter.kind = Parameter::Kind::kLiteral;
  parameter.literal = std::move(value);
  return AddParameter(std::move(parameter));
}

std::string ExpressionParser::AddParameter(Parameter parameter) {
  statement_.parameters.push_back(std::move(parameter));
  return "?" + std::to_string(statement_.parameters.size());
}

Result<Fragment> ExpressionParser::AddField(FieldPath path) {
  auto& fields = statement_.fields;
  const auto known = std::ranges::find(fields, path);
  const auto index = static_cast<std::size_t>(known - fields.begin());
  if (known == fields.end()) fields.push_back(std::move(path));
  if (fields.size() > kMaxFields) return TooComplex();
  auto& numbers = statement_.field_parameters;
  if (index == numbers.size()) {
    Parameter parameter;
    parameter.field = index;
    AddParameter(std::move(parameter));
    numbers.push_back(statement_.parameters.size());
  }
  return Fragment{"?" + std::to_string(numbers[index]), false, index};
}

Result<std::vector<PathStep>> ParseSteps(TokenStream& tokens, bool each) {
  std::vector<PathStep> steps;
  while (true) {
    PathStep step;
    if (tokens.TakeSymbol(".")) {
      const Token& name = tokens.Peek();
      step.quoted = name.kind == Token::Kind::kQuotedName;
      if (!step.quoted && name.kind != Token::Kind::kWord) return tokens.Unexpected();
      step.name = tokens.Next().text;
    } else if (tokens.TakeSymbol("[")) {
      if (each && tokens.TakeSymbol("*")) {
        step.kind = PathStep::Kind::kEach;
      } else {
        const auto index = ParseUnsigned(tokens.Peek().text);
        if (tokens.Peek().kind != Token::Kind::kNumber || !index) return tokens.Unexpected();
        tokens.Next();
        step.kind = PathStep::Kind::kIndex;
        step.index = *index;
      }
      BG_CHECK(tokens.ExpectSymbol("]"));
    } else {
      return steps;
    }
    steps.push_back(std::move(step));
  }
}

}  // namespace blobgate::query
