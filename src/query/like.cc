#include <optional>

#include "query/functions.h"
#include "query/utf8.h"

namespace blobgate::query {
namespace {

/// What one place of the pattern asks for.
struct Element {
  enum class Kind : std::uint8_t { kEnd, kAny, kMany, kCharacter, kSet };
  Kind kind = Kind::kEnd;
  char32_t character = 0;  ///< kCharacter
  std::string_view set;    ///< kSet: what is between the brackets, without `^`
  bool negated = false;    ///< kSet
};

class Pattern {
 public:
  Pattern(std::string_view text, char32_t escape) : text_(text), escape_(escape) {}

  /// The element at `at`, and where the next one begins. nullopt: a set that is not closed.
  std::optional<Element> At(std::size_t at, std::size_t& next) const {
    Element element;
    next = at;
    if (at == text_.size()) return element;
    char32_t c = NextCharacter(text_, next);
    element.kind = Element::Kind::kCharacter;
    if (escape_ != 0 && c == escape_ && next < text_.size()) {
      c = NextCharacter(text_, next);
    } else if (c == U'%') {
      element.kind = Element::Kind::kMany;
    } else if (c == U'_') {
      element.kind = Element::Kind::kAny;
    } else if (c == U'[') {
      return SetAt(next);
    }
    element.character = c;
    return element;
  }

 private:
  std::optional<Element> SetAt(std::size_t& next) const {
    Element element;
    element.kind = Element::Kind::kSet;
    if (next < text_.size() && text_[next] == '^') {
      element.negated = true;
      ++next;
    }
    // A `]` that comes first is in the set.
    const std::size_t end = text_.find(']', next + 1);
    if (end == std::string_view::npos) return std::nullopt;
    element.set = text_.substr(next, end - next);
    next = end + 1;
    return element;
  }

  std::string_view text_;
  char32_t escape_;
};

bool InSet(std::string_view set, char32_t c) {
  std::size_t at = 0;
  while (at < set.size()) {
    const char32_t first = NextCharacter(set, at);
    char32_t last = first;
    if (at + 1 < set.size() && set[at] == '-') {
      ++at;
      last = NextCharacter(set, at);
    }
    if (c >= first && c <= last) return true;
  }
  return false;
}

bool Matches(const Element& element, char32_t c) {
  switch (element.kind) {
    case Element::Kind::kAny:
      return true;
    case Element::Kind::kCharacter:
      return c == element.character;
    case Element::Kind::kSet:
      return InSet(element.set, c) != element.negated;
    default:
      return false;
  }
}

}  // namespace

// Goes back to the last `%` only: what an earlier one could take, the later one can leave.
OrError<bool> Like(std::string_view text, std::string_view pattern_text, char32_t escape,
                   Budget& budget) {
  const Pattern pattern(pattern_text, escape);
  std::size_t at = 0;
  std::size_t in_pattern = 0;
  std::optional<std::size_t> many;  ///< place in the pattern behind the last `%`
  std::size_t resume = 0;           ///< place in the text that this `%` has taken up to
  while (true) {
    std::size_t next = 0;
    const auto element = pattern.At(in_pattern, next);
    if (!element) return std::unexpected(kInvalidArgument);
    if (!budget.Take(1 + element->set.size())) return std::unexpected(kTooMuchWork);
    if (element->kind == Element::Kind::kMany) {
      many = in_pattern = next;
      resume = at;
      continue;
    }
    if (element->kind == Element::Kind::kEnd && at == text.size()) return true;
    if (at < text.size()) {
      std::size_t after = at;
      if (Matches(*element, NextCharacter(text, after))) {
        at = after;
        in_pattern = next;
        continue;
      }
    }
    if (!many || resume == text.size()) return false;
    NextCharacter(text, resume);
    at = resume;
    in_pattern = *many;
  }
}

}  // namespace blobgate::query
