// The bytes that a reader has and has not used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace blobgate::query {

class InputBuffer {
 public:
  /// Bytes before the cursor go; views and places become invalid.
  void Feed(std::string_view bytes) {
    base_ += cursor_;
    text_.erase(0, cursor_);
    cursor_ = 0;
    text_ += bytes;
  }
  void Finish() { finished_ = true; }

  bool finished() const { return finished_; }
  std::size_t size() const { return text_.size(); }
  std::size_t cursor() const { return cursor_; }
  void MoveTo(std::size_t place) { cursor_ = place; }
  char operator[](std::size_t place) const { return text_[place]; }
  char& operator[](std::size_t place) { return text_[place]; }
  std::string_view Slice(std::size_t from, std::size_t to) const {
    return std::string_view(text_).substr(from, to - from);
  }
  bool Has(std::size_t place, std::string_view what) const {
    return std::string_view(text_).substr(place).starts_with(what);
  }
  /// Of a place in the blob.
  std::uint64_t OffsetOf(std::size_t place) const { return base_ + place; }

 private:
  std::string text_;
  std::size_t cursor_ = 0;
  std::uint64_t base_ = 0;
  bool finished_ = false;
};

}  // namespace blobgate::query
