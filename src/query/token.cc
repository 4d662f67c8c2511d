#include "query/token.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"

namespace blobgate::query {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
// Bytes of UTF-8 beyond ASCII are letters.
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsNamePart(char c) {
  return IsNameStart(c) || IsDigit(c);
}

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view sql) : sql_(sql) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    while (SkipBlanks()) {
      BG_TRY(Token token, Next());
      tokens.push_back(std::move(token));
    }
    tokens.push_back({Token::Kind::kEnd, {}, sql_.size()});
    return tokens;
  }

 private:
  bool SkipBlanks() {
    at_ = std::min(sql_.find_first_not_of(kBlanks, at_), sql_.size());
    return at_ < sql_.size();
  }

  Result<Token> Next() {
    const char c = sql_[at_];
    if (c == '\'') return Quoted(Token::Kind::kText);
    if (c == '"') return Quoted(Token::Kind::kQuotedName);
    if (IsNameStart(c)) return Word();
    if (IsDigit(c) || (c == '.' && at_ + 1 < sql_.size() && IsDigit(sql_[at_ + 1]))) {
      return Number();
    }
    return Symbol();
  }

  Token Take(Token::Kind kind, std::size_t size) {
    Token token{kind, std::string(sql_.substr(at_, size)), at_};
    at_ += size;
    return token;
  }

  std::unexpected<Error> Failure(std::string_view what) const {
    return Fail(Errc::kInvalidArgument, std::string(what) + " at " + std::to_string(at_) + ".");
  }

  // A quote inside is doubled.
  Result<Token> Quoted(Token::Kind kind) {
    const char quote = sql_[at_];
    Token token{kind, {}, at_};
    for (std::size_t i = at_ + 1; i < sql_.size(); ++i) {
      if (sql_[i] != quote) {
        token.text += sql_[i];
      } else if (i + 1 < sql_.size() && sql_[i + 1] == quote) {
        token.text += sql_[i++];
      } else {
        at_ = i + 1;
        return token;
      }
    }
    return Failure("Unclosed quote");
  }

  Result<Token> Word() {
    std::size_t size = 1;
    while (at_ + size < sql_.size() && IsNamePart(sql_[at_ + size])) ++size;
    return Take(Token::Kind::kWord, size);
  }

  std::size_t SkipDigits(std::size_t from) const {
    while (from < sql_.size() && IsDigit(sql_[from])) ++from;
    return from;
  }

  Result<Token> Number() {
    std::size_t end = SkipDigits(at_);
    if (end < sql_.size() && sql_[end] == '.') end = SkipDigits(end + 1);
    if (end < sql_.size() && (sql_[end] == 'e' || sql_[end] == 'E')) {
      std::size_t digits = end + 1;
      if (digits < sql_.size() && (sql_[digits] == '+' || sql_[digits] == '-')) ++digits;
      const std::size_t past = SkipDigits(digits);
      if (past == digits) return Failure("Malformed number");
      end = past;
    }
    if (end < sql_.size() && IsNamePart(sql_[end])) return Failure("Malformed number");
    return Take(Token::Kind::kNumber, end - at_);
  }

  Result<Token> Symbol() {
    constexpr std::array<std::string_view, 4> kPairs = {"!=", "<>", "<=", ">="};
    if (std::ranges::find(kPairs, sql_.substr(at_, 2)) != kPairs.end()) {
      return Take(Token::Kind::kSymbol, 2);
    }
    constexpr std::string_view kSingles = "=<>+-*/%(),.[];";
    if (kSingles.contains(sql_[at_])) return Take(Token::Kind::kSymbol, 1);
    return Failure("Unexpected character");
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Token>> Tokenize(std::string_view sql) {
  if (sql.contains('\0')) return Fail(Errc::kInvalidArgument, "NUL in the expression.");
  return Tokenizer(sql).Run();
}

const Token& TokenStream::Peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

const Token& TokenStream::Next() {
  const Token& token = Peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool TokenStream::IsWord(std::string_view word, std::size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == Token::Kind::kWord && EqualsIgnoreCase(token.text, word);
}

bool TokenStream::IsSymbol(std::string_view symbol, std::size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == Token::Kind::kSymbol && token.text == symbol;
}

bool TokenStream::TakeWord(std::string_view word) {
  if (!IsWord(word)) return false;
  Next();
  return true;
}

bool TokenStream::TakeSymbol(std::string_view symbol) {
  if (!IsSymbol(symbol)) return false;
  Next();
  return true;
}

Status TokenStream::ExpectWord(std::string_view word) {
  if (!TakeWord(word)) return Unexpected();
  return {};
}

Status TokenStream::ExpectSymbol(std::string_view symbol) {
  if (!TakeSymbol(symbol)) return Unexpected();
  return {};
}

std::unexpected<Error> TokenStream::Unexpected() const {
  constexpr std::size_t kShown = 40;
  const Token& token = Peek();
  const std::string near =
      token.kind == Token::Kind::kEnd ? "the end" : token.text.substr(0, kShown);
  return Fail(Errc::kInvalidArgument,
              "Syntax error near '" + near + "' at " + std::to_string(token.position) + ".");
}

bool IsReserved(std::string_view word) {
  constexpr std::array<std::string_view, 29> kWords = {
      "and",   "as",   "between", "by",     "case", "cast", "distinct", "else", "end",   "escape",
      "false", "from", "group",   "having", "in",   "is",   "join",     "like", "limit", "not",
      "null",  "or",   "order",   "select", "then", "true", "union",    "when", "where"};
  return std::ranges::any_of(kWords, [&](auto known) { return EqualsIgnoreCase(known, word); });
}

}  // namespace blobgate::query
