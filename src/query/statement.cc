#include "query/statement.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "query/expression_parser.h"
#include "query/token.h"

namespace blobgate::query {
namespace {

constexpr std::array<std::pair<std::string_view, Aggregate>, 6> kAggregates = {{
    {"COUNT", Aggregate::kCount},
    {"SUM", Aggregate::kSum},
    {"AVG", Aggregate::kAverage},
    {"AVERAGE", Aggregate::kAverage},
    {"MIN", Aggregate::kMin},
    {"MAX", Aggregate::kMax},
}};

constexpr const char* kNoPaths = "Only JSON has paths.";

std::unexpected<Error> Refuse(std::string text) {
  return Fail(Errc::kInvalidArgument, std::move(text));
}

/// Index of the FROM of the statement itself; that of TRIM and EXTRACT is in parentheses.
Result<std::size_t> FindFrom(const std::vector<Token>& tokens) {
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const TokenStream here(tokens, i);
    if (here.IsSymbol("(")) ++depth;
    if (here.IsSymbol(")")) --depth;
    if (depth == 0 && here.IsWord("FROM")) return i;
  }
  return Refuse("Syntax error: there is no FROM.");
}

class StatementParser {
 public:
  StatementParser(const std::vector<Token>& tokens, InputKind input, bool has_headers)
      : tokens_(tokens), input_(input), has_headers_(has_headers) {}

  Result<Statement> Run() {
    BG_TRY(const std::size_t from, FindFrom(tokens_));
    TokenStream table(tokens_, from + 1);
    BG_CHECK(ParseTable(table));
    TokenStream head(tokens_, 0);
    BG_CHECK(ParseSelect(head));
    if (head.at() != from) return head.Unexpected();
    std::optional<std::string> where;
    if (table.TakeWord("WHERE")) {
      ExpressionParser parser(table, statement_, qualifiers_);
      BG_TRY(const Fragment condition, parser.Parse());
      where = condition.AsCondition();
    }
    BG_CHECK(ParseEnd(table));
    if (statement_.split_size && (where || statement_.limit)) {
      return Refuse("sys.split takes neither WHERE nor LIMIT.");
    }
    BG_CHECK(CheckFields());
    WriteSql(where);
    return std::move(statement_);
  }

 private:
  // BlobStorage[[*] steps] [[AS] alias]
  Status ParseTable(TokenStream& tokens) {
    if (!tokens.TakeWord("BlobStorage")) return tokens.Unexpected();
    qualifiers_.emplace_back("BlobStorage");
    BG_TRY(auto steps, ParseSteps(tokens, true));
    if (!steps.empty()) {
      if (steps.front().kind != PathStep::Kind::kEach) {
        return Refuse("A path must begin with BlobStorage[*].");
      }
      steps.erase(steps.begin());
    }
    if (!steps.empty() && input_ != InputKind::kJson) return Refuse(kNoPaths);
    statement_.table_path = std::move(steps);
    const bool named = tokens.TakeWord("AS");
    const Token& alias = tokens.Peek();
    if (alias.kind == Token::Kind::kQuotedName ||
        (alias.kind == Token::Kind::kWord && !IsReserved(alias.text))) {
      qualifiers_.push_back(tokens.Next().text);
    } else if (named) {
      return tokens.Unexpected();
    }
    return {};
  }

  Status ParseSelect(TokenStream& tokens) {
    BG_CHECK(tokens.ExpectWord("SELECT"));
    if (tokens.TakeSymbol("*")) {
      statement_.everything = true;
      return {};
    }
    if (tokens.IsWord("sys") && tokens.IsSymbol(".", 1)) return ParseSplit(tokens);
    ExpressionParser parser(tokens, statement_, qualifiers_);
    do {
      BG_CHECK(ParseColumn(tokens, parser));
      if (statement_.columns.size() > kMaxColumns) return Refuse("More than 49 columns.");
      if (statement_.aggregate && statement_.columns.size() > 1) {
        return Refuse("An aggregate must be the only column.");
      }
    } while (tokens.TakeSymbol(","));
    return {};
  }

  // sys.split(bytes)
  Status ParseSplit(TokenStream& tokens) {
    tokens.Next();
    tokens.Next();
    BG_CHECK(tokens.ExpectWord("split"));
    BG_CHECK(tokens.ExpectSymbol("("));
    const auto size = ParseUnsigned(tokens.Peek().text);
    if (tokens.Peek().kind != Token::Kind::kNumber || !size) return tokens.Unexpected();
    tokens.Next();
    BG_CHECK(tokens.ExpectSymbol(")"));
    if (*size < kMinSplit) return Refuse("sys.split takes at least 10485760 bytes.");
    if (input_ != InputKind::kDelimited) return Refuse("sys.split is for delimited text.");
    statement_.split_size = *size;
    return {};
  }

  Status ParseColumn(TokenStream& tokens, ExpressionParser& parser) {
    Column column;
    if (const auto aggregate = AggregateAt(tokens)) {
      statement_.aggregate = aggregate;
      tokens.Next();
      tokens.Next();
      if (aggregate == Aggregate::kCount && tokens.TakeSymbol("*")) {
        statement_.counts_records = true;
      } else {
        BG_TRY(const Fragment argument, parser.Parse());
        AddExpression(column, argument);
      }
      BG_CHECK(tokens.ExpectSymbol(")"));
    } else {
      BG_TRY(const Fragment value, parser.Parse());
      column.field = value.field;
      if (!value.field) AddExpression(column, value);
    }
    BG_TRY(column.name, ParseAlias(tokens));
    if (column.name.empty() && column.field) column.name = NameOf(statement_.fields[*column.field]);
    statement_.columns.push_back(std::move(column));
    return {};
  }

  static std::optional<Aggregate> AggregateAt(const TokenStream& tokens) {
    if (!tokens.IsSymbol("(", 1)) return std::nullopt;
    for (const auto& [name, aggregate] : kAggregates) {
      if (tokens.IsWord(name)) return aggregate;
    }
    return std::nullopt;
  }

  void AddExpression(Column& column, const Fragment& value) {
    column.expression = expressions_.size();
    expressions_.push_back(value.AsValue());
  }

  static Result<std::string> ParseAlias(TokenStream& tokens) {
    const bool named = tokens.TakeWord("AS");
    const Token& alias = tokens.Peek();
    if (alias.kind == Token::Kind::kQuotedName ||
        (alias.kind == Token::Kind::kWord && !IsReserved(alias.text))) {
      return tokens.Next().text;
    }
    if (named) return tokens.Unexpected();
    return std::string();
  }

  // The last name of a path; fields that go by a number have none.
  std::string NameOf(const FieldPath& path) const {
    if (input_ != InputKind::kJson && OrdinalOf(path)) return {};
    return path.back().kind == PathStep::Kind::kName ? path.back().name : std::string();
  }

  Status ParseEnd(TokenStream& tokens) {
    if (tokens.TakeWord("LIMIT")) {
      const auto limit = ParseUnsigned(tokens.Peek().text);
      if (tokens.Peek().kind != Token::Kind::kNumber || !limit) return tokens.Unexpected();
      tokens.Next();
      statement_.limit = *limit;
    }
    tokens.TakeSymbol(";");
    if (tokens.Peek().kind != Token::Kind::kEnd) return tokens.Unexpected();
    return {};
  }

  Status CheckFields() const {
    if (input_ == InputKind::kJson) return {};
    const bool named = has_headers_ || input_ == InputKind::kParquet;
    for (const FieldPath& path : statement_.fields) {
      if (path.size() > 1) return Refuse(kNoPaths);
      if (!named && !OrdinalOf(path)) {
        return Refuse("Without headers a column is named by its place, as in _1.");
      }
    }
    return {};
  }

  void WriteSql(const std::optional<std::string>& where) {
    if (expressions_.empty() && !where) return;
    std::string& sql = statement_.sql;
    sql = "SELECT ";
    if (expressions_.empty()) sql += '1';
    for (std::size_t i = 0; i < expressions_.size(); ++i) {
      if (i > 0) sql += ',';
      sql += expressions_[i];
    }
    if (where) sql += " WHERE " + *where;
  }

  const std::vector<Token>& tokens_;
  const InputKind input_;
  const bool has_headers_;
  Statement statement_;
  std::vector<std::string> qualifiers_;
  std::vector<std::string> expressions_;
};

}  // namespace

std::optional<std::size_t> OrdinalOf(const FieldPath& path) {
  const PathStep& step = path.front();
  if (path.size() > 1 || step.kind != PathStep::Kind::kName || step.quoted) return std::nullopt;
  const std::string_view name = step.name;
  if (name.size() < 2 || name[0] != '_' || name[1] == '0') return std::nullopt;
  const auto number = ParseUnsigned(name.substr(1));
  if (!number) return std::nullopt;
  return *number;
}

Result<Statement> ParseStatement(std::string_view sql, InputKind input, bool has_headers) {
  BG_TRY(const std::vector<Token> tokens, Tokenize(sql));
  return StatementParser(tokens, input, has_headers).Run();
}

}  // namespace blobgate::query
