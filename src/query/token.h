// The words of a query.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace blobgate::query {

struct Token {
  enum class Kind : std::uint8_t {
    kEnd,
    kWord,        ///< unquoted: a keyword or a name
    kQuotedName,  ///< "in double quotes"; `text` without them
    kText,        ///< 'in single quotes'; `text` without them
    kNumber,      ///< 12, 1.5, 2e3
    kSymbol,      ///< = != <> < <= > >= + - * / % ( ) , . [ ] ;
  };
  Kind kind = Kind::kEnd;
  std::string text;
  std::size_t position = 0;  ///< byte of the query
};

/// Ends with a token of kind kEnd. kInvalidArgument, with the place: a character that begins
/// nothing, quotes that are not closed, a number that runs into a letter, NUL.
Result<std::vector<Token>> Tokenize(std::string_view sql);

/// Walks over tokens, the last of which is kEnd.
class TokenStream {
 public:
  TokenStream(const std::vector<Token>& tokens, std::size_t at) : tokens_(tokens), at_(at) {}

  const Token& Peek(std::size_t ahead = 0) const;
  const Token& Next();
  std::size_t at() const { return at_; }

  /// A word, compared without case. `ahead`: of the next token.
  bool IsWord(std::string_view word, std::size_t ahead = 0) const;
  bool IsSymbol(std::string_view symbol, std::size_t ahead = 0) const;
  /// True, and the token is taken, when it is next.
  bool TakeWord(std::string_view word);
  bool TakeSymbol(std::string_view symbol);
  /// kInvalidArgument when it is not next.
  Status ExpectWord(std::string_view word);
  Status ExpectSymbol(std::string_view symbol);

  /// "Syntax error near 'x' at 12." as kInvalidArgument.
  std::unexpected<Error> Unexpected() const;

 private:
  const std::vector<Token>& tokens_;
  std::size_t at_;
};

/// May not be the name of a field unless in double quotes.
bool IsReserved(std::string_view word);

}  // namespace blobgate::query
