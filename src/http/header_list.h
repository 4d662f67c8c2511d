// The fields of a response, rendered as they are set.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "http/token.h"

namespace blobgate::http {

/// The name of a field that the code itself sets, checked when it is compiled. From a literal only,
/// which outlives everything.
class FieldName {
 public:
  template <std::size_t N>
  consteval explicit(false) FieldName(const char (&name)[N]) : text_(name, N - 1) {
    if (!MayBeSet(text_)) throw "no field's name, or one of the connection's";
  }
  constexpr std::string_view text() const { return text_; }

  /// Is it a token (RFC 9110 section 5.6.2), and not for the connection to set?
  static constexpr bool MayBeSet(std::string_view name) {
    bool token = !name.empty();
    for (const char c : name) token &= IsTokenChar(c);  // without a branch for each
    return token && !IsOfTheConnection(name);
  }

 private:
  static constexpr bool IsOfTheConnection(std::string_view name) {
    constexpr std::array<std::string_view, 3> kNames{"connection", "content-length",
                                                     "transfer-encoding"};
    return std::ranges::any_of(kNames, [name](std::string_view own) {
      return own.size() == name.size() && std::ranges::equal(own, name, {}, {}, LowerOf);
    });
  }

  std::string_view text_;
};

/// Header fields in the order set, in one piece of memory. What could change where the head or the
/// message ends never gets in: names that are none, the fields that are the connection's
/// (Connection, Content-Length, Transfer-Encoding), and CR, LF and NUL in values. Views are good
/// until the next change.
class HeaderList {
 public:
  using Field = std::pair<std::string_view, std::string_view>;

  class Iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const HeaderList& list, std::size_t index) : list_(&list), index_(index) {}
    Field operator*() const { return (*list_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++index_;
      return before;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const HeaderList* list_ = nullptr;
    std::size_t index_ = 0;
  };

  void Add(FieldName name, std::string_view value);
  /// A name that is known at run time only.
  void AddChecked(std::string_view name, std::string_view value);
  template <class Predicate>
  void EraseIf(Predicate predicate) {
    HeaderList kept;
    for (const Field& field : *this) {
      if (!predicate(field)) kept.Append(field.first, field.second);
    }
    *this = std::move(kept);
  }

  Field operator[](std::size_t index) const;
  std::size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }
  /// All of them as they go out: "Name: value", each ended by CR LF.
  std::string_view text() const { return text_; }

 private:
  void Append(std::string_view name, std::string_view value);

  struct Place {
    std::uint32_t name;   ///< where it begins
    std::uint32_t value;  ///< where it begins
    std::uint32_t end;    ///< of the value
  };
  std::string text_;
  std::vector<Place> places_;
};

}  // namespace blobgate::http
