#include <utility>

#include "query/parquet/bytes.h"
#include "query/parquet/value_decoder.h"

namespace blobgate::query::parquet {

Outcome<Dictionary> Dictionary::Open(const ColumnType& type, std::string page,
                                     std::uint64_t count) {
  if (type.physical == Physical::kBool) return Malformed("There is a dictionary of booleans.");
  Dictionary dictionary(type, std::move(page));
  dictionary.count_ = count;
  if (type.length > 0) {
    if (dictionary.page_.size() / type.length < count) return Malformed("A dictionary is cut off.");
    return dictionary;
  }
  Cursor input(dictionary.page_);
  // Each has a length in front of it, so that a count that was not checked reserves nothing large.
  if (dictionary.page_.size() / sizeof(std::uint32_t) < count) {
    return Malformed("A dictionary is cut off.");
  }
  dictionary.ends_.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto length = input.Number<std::uint32_t>();
    if (!length || !input.Take(*length)) return Malformed("A dictionary is cut off.");
    dictionary.ends_.push_back(
        static_cast<std::uint32_t>(dictionary.page_.size() - input.rest().size()));
  }
  return dictionary;
}

std::optional<Stored> Dictionary::At(std::uint32_t index) const {
  if (index >= count_) return std::nullopt;
  const std::string_view page = page_;
  if (type_.length > 0) {
    return FromBytes(type_.physical, page.substr(std::size_t{index} * type_.length, type_.length));
  }
  const std::size_t begin = (index == 0 ? 0 : ends_[index - 1]) + sizeof(std::uint32_t);
  return Stored{0, page.substr(begin, ends_[index] - begin)};
}

}  // namespace blobgate::query::parquet
