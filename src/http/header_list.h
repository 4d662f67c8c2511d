// The fields of a response, rendered as they are set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace blobgate::http {

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

  void Add(std::string_view name, std::string_view value);
  template <class Predicate>
  void EraseIf(Predicate predicate) {
    HeaderList kept;
    for (const Field& field : *this) {
      if (!predicate(field)) kept.Add(field.first, field.second);
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
  struct Place {
    std::uint32_t name;   ///< where it begins
    std::uint32_t value;  ///< where it begins
    std::uint32_t end;    ///< of the value
  };
  std::string text_;
  std::vector<Place> places_;
};

}  // namespace blobgate::http
