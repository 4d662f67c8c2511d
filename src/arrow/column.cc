#include "arrow/column.h"

#include <array>
#include <bit>

namespace blobgate::arrow {
namespace {

static_assert(std::endian::native == std::endian::little);  // the schema says so

void AddBit(std::string& bits, std::int64_t index, bool value) {
  if (index % 8 == 0) bits += '\0';
  if (value) bits.back() = static_cast<char>(bits.back() | 1 << index % 8);
}

}  // namespace

Column::Column(Kind kind) : kind_(kind) {
  if (kind == Kind::kTextMap) {
    keys_ = std::make_unique<Column>(Kind::kText);
    values_ = std::make_unique<Column>(Kind::kText);
  }
  Clear();
}

void Column::Clear() {
  length_ = nulls_ = 0;
  validity_.clear();
  offsets_.clear();
  data_.clear();
  if (kind_ == Kind::kText || kind_ == Kind::kTextMap) AddOffset(0);
  if (keys_) {
    keys_->Clear();
    values_->Clear();
  }
}

void Column::AddValidity(bool valid) {
  AddBit(validity_, length_, valid);
  ++length_;
  if (!valid) ++nulls_;
}

void Column::AddOffset(std::size_t end) {
  const auto offset = std::bit_cast<std::array<char, 4>>(static_cast<std::int32_t>(end));
  offsets_.append(offset.data(), offset.size());
}

template <class T>
void Column::AddFixed(const T& value) {
  const auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
  data_.append(bytes.data(), bytes.size());
  AddValidity(true);
}

void Column::AddNull() {
  switch (kind_) {
    case Kind::kText:
      AddOffset(data_.size());
      break;
    case Kind::kTextMap:
      AddOffset(static_cast<std::size_t>(keys_->length()));
      break;
    case Kind::kBool:
      AddBit(data_, length_, false);
      break;
    case Kind::kDecimal128:
      data_.append(16, '\0');
      break;
    default:
      data_.append(8, '\0');
  }
  AddValidity(false);
}

void Column::AddInt(std::int64_t value) {
  AddFixed(value);
}

void Column::AddDouble(double value) {
  AddFixed(value);
}

void Column::AddDecimal(Int128 unscaled) {
  AddFixed(unscaled);
}

void Column::AddBool(bool value) {
  AddBit(data_, length_, value);
  AddValidity(true);
}

void Column::AddText(std::string_view text) {
  data_ += text;
  AddOffset(data_.size());
  AddValidity(true);
}

void Column::AddEntry(std::string_view key, std::string_view value) {
  keys_->AddText(key);
  values_->AddText(value);
}

void Column::AddMap() {
  AddOffset(static_cast<std::size_t>(keys_->length()));
  AddValidity(true);
}

std::size_t Column::size() const {
  const std::size_t own = validity_.size() + offsets_.size() + data_.size();
  return keys_ ? own + keys_->size() + values_->size() : own;
}

void Column::AppendNodes(std::vector<Node>& nodes) const {
  nodes.push_back({length_, nulls_});
  if (!keys_) return;
  nodes.push_back({keys_->length(), 0});  // the structures that hold key and value
  keys_->AppendNodes(nodes);
  values_->AppendNodes(nodes);
}

// A column without nulls needs no bits of validity.
void Column::AppendBuffers(std::vector<std::string_view>& buffers) const {
  buffers.push_back(nulls_ > 0 ? std::string_view(validity_) : std::string_view());
  if (kind_ == Kind::kText || kind_ == Kind::kTextMap) buffers.push_back(offsets_);
  if (kind_ != Kind::kTextMap) return buffers.push_back(data_);
  buffers.emplace_back();
  keys_->AppendBuffers(buffers);
  values_->AppendBuffers(buffers);
}

}  // namespace blobgate::arrow
