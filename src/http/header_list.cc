#include "http/header_list.h"

#include <algorithm>
#include <cstring>

namespace blobgate::http {
namespace {

// What most answers have.
constexpr std::size_t kUsualFields = 24;
constexpr std::size_t kUsualBytes = 1000;

constexpr std::string_view kColon = ": ";
constexpr std::string_view kLineEnd = "\r\n";

constexpr bool NeverInText(char c) {
  return c == '\r' || c == '\n' || c == '\0';
}

/// Is one of eight characters below 0x0e? All that NeverInText tells are.
bool HasLow(const char* eight) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::uint64_t word;
  std::memcpy(&word, eight, sizeof word);
  return ((word - kOnes * 0x0e) & ~word & kOnes * 0x80) != 0;
}

bool IsClean(std::string_view text) {
  constexpr std::size_t kWord = 8;
  if (text.size() < kWord) return std::ranges::none_of(text, NeverInText);
  bool low = HasLow(text.data() + text.size() - kWord);
  for (std::size_t at = 0; at + kWord < text.size(); at += kWord) low |= HasLow(text.data() + at);
  return !low || std::ranges::none_of(text, NeverInText);
}

}  // namespace

void HeaderList::Add(FieldName name, std::string_view value) {
  Append(name.text(), value);
}

void HeaderList::AddChecked(std::string_view name, std::string_view value) {
  if (FieldName::MayBeSet(name)) Append(name, value);
}

// REQUIRES: the name may be set.
void HeaderList::Append(std::string_view name, std::string_view value) {
  if (!IsClean(value)) {
    std::string text(value);
    std::erase_if(text, NeverInText);
    return Append(name, text);
  }
  if (places_.empty()) {
    places_.reserve(kUsualFields);
    text_.reserve(kUsualBytes);
  }
  const std::size_t at = text_.size();
  const std::size_t value_at = at + name.size() + kColon.size();
  const std::size_t end = value_at + value.size();
  const std::size_t size = end + kLineEnd.size();
  // libstdc++ 12 tells how much it has room for, which may be more than was asked for.
  text_.resize_and_overwrite(size, [&](char* text, std::size_t) {
    const auto put = [text](std::string_view piece, std::size_t to) {
      std::memcpy(text + to, piece.data(), piece.size());
    };
    put(name, at);
    put(kColon, value_at - kColon.size());
    put(value, value_at);
    put(kLineEnd, end);
    return size;
  });
  const auto small = [](std::size_t place) { return static_cast<std::uint32_t>(place); };
  places_.push_back({.name = small(at), .value = small(value_at), .end = small(end)});
}

HeaderList::Field HeaderList::operator[](std::size_t index) const {
  const Place& place = places_[index];
  const std::string_view text = text_;
  return {text.substr(place.name, place.value - kColon.size() - place.name),
          text.substr(place.value, place.end - place.value)};
}

}  // namespace blobgate::http
