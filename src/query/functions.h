// The operators and functions of the query language, free of SQLite: what they are called in
// translated expressions, and what they do.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/time.h"
#include "query/value.h"

namespace blobgate::query {

/// What the evaluation of one record may cost, in bytes read or made; steps of LIKE count as bytes.
class Budget {
 public:
  static constexpr std::uint64_t kPerRecord = 64 * 1024 * 1024;

  void Refill() { left_ = kPerRecord; }
  /// False once it is used up.
  bool Take(std::uint64_t amount) {
    if (amount > left_) return false;
    left_ -= amount;
    return true;
  }
  std::uint64_t used() const { return kPerRecord - left_; }

 private:
  std::uint64_t left_ = kPerRecord;
};

/// One call. The result may point into `scratch`, or be an argument.
struct FunctionCall {
  std::span<const Value> arguments;
  Budget& budget;
  Time now;             ///< UTCNOW
  std::string scratch;  ///< the text that a function makes
};

struct Function {
  const char* name;  ///< in the translated SQL
  int arguments;     ///< count; -1: any
  /// Conditions give SQLite's own 0, 1 and NULL, the others values. Missing arguments come as Null.
  bool condition;
  OrError<Value> (*call)(FunctionCall&);
};

/// All of them. A NULL argument makes the result NULL unless the function says otherwise.
std::span<const Function> Functions();

/// T-SQL's LIKE: `%`, `_`, `[a-c]`, `[^x]`; `escape` (0: none) makes the next character plain.
/// Compares code points. kInvalidArgument for a set that is not closed, kTooMuchWork.
OrError<bool> Like(std::string_view text, std::string_view pattern, char32_t escape,
                   Budget& budget);

}  // namespace blobgate::query
