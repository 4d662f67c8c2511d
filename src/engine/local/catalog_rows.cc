#include "engine/local/catalog_rows.h"

#include <bit>
#include <cstring>

namespace blobgate::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "stored numbers are little endian");

void PutNumber(std::string& out, std::uint64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::uint64_t NumberAt(std::string_view in, std::size_t index) {
  std::uint64_t value;
  std::memcpy(&value, in.data() + index, sizeof(value));
  return value;
}

}  // namespace

std::string EncodeBigEndian(std::uint64_t value) {
  std::string out;
  PutNumber(out, __builtin_bswap64(value));
  return out;
}

std::uint64_t DecodeBigEndian(std::string_view in) {
  return __builtin_bswap64(NumberAt(in, 0));
}

std::string PartitionKey(std::string_view name_space) {
  return std::string(kPartitionPrefix).append(name_space);
}

std::string SegmentKey(std::uint64_t segment) {
  return std::string(kSegmentPrefix).append(EncodeBigEndian(segment));
}

std::string MovedKey(const Place& place) {
  return std::string(kMovedPrefix).append(PlaceKey(place));
}

std::string LoggedKey(const Place& place) {
  return std::string(kLoggedPrefix) + PlaceKey(place);
}

std::string SegmentRow::Encode() const {
  std::string out(1, static_cast<char>(state));
  PutNumber(out, live);
  PutNumber(out, end);
  return out;
}

std::optional<SegmentRow> SegmentRow::Decode(std::string_view in) {
  if (in.size() != 17) return std::nullopt;
  const auto state = static_cast<State>(in[0]);
  if (state < State::kActive || state > State::kEmptying) return std::nullopt;
  return SegmentRow{state, NumberAt(in, 1), NumberAt(in, 9)};
}

std::string RowKey(std::uint64_t partition, std::string_view key) {
  std::string out;
  out.reserve(8 + key.size());
  PutNumber(out, __builtin_bswap64(partition));
  return out.append(key);
}

std::string RowsEnd(std::uint64_t partition) {
  return EncodeBigEndian(partition + 1);
}

std::string EncodeRow(RowVersion version, std::string_view value) {
  std::string out;
  out.reserve(8 + value.size());
  PutNumber(out, version);
  return out.append(value);
}

std::optional<RowView> DecodeRow(std::string_view in) {
  if (in.size() < 8) return std::nullopt;
  return RowView{NumberAt(in, 0), in.substr(8)};
}

std::string PlaceKey(const Place& place) {
  return EncodeBigEndian(place.segment) + EncodeBigEndian(place.position);
}

std::optional<Place> DecodePlaceKey(std::string_view in) {
  if (in.size() != 16) return std::nullopt;
  return Place{DecodeBigEndian(in), DecodeBigEndian(in.substr(8))};
}

std::string ExtentRow::Encode() const {
  std::string out;
  PutNumber(out, references);
  PutNumber(out, length);
  PutNumber(out, check);
  if (moved) {
    PutNumber(out, moved->segment);
    PutNumber(out, moved->position);
  }
  return out;
}

std::optional<ExtentRow> ExtentRow::Decode(std::string_view in) {
  if (in.size() != 24 && in.size() != 40) return std::nullopt;
  ExtentRow row{NumberAt(in, 0), NumberAt(in, 8), NumberAt(in, 16), std::nullopt};
  if (in.size() == 40) row.moved = Place{NumberAt(in, 24), NumberAt(in, 32)};
  return row;
}

std::string MovedRow::Encode() const {
  std::string out;
  PutNumber(out, birth.segment);
  PutNumber(out, birth.position);
  PutNumber(out, stored);
  return out;
}

std::optional<MovedRow> MovedRow::Decode(std::string_view in) {
  if (in.size() != 24) return std::nullopt;
  return MovedRow{{NumberAt(in, 0), NumberAt(in, 8)}, NumberAt(in, 16)};
}

std::string EncodeLength(std::uint64_t stored) {
  std::string out;
  PutNumber(out, stored);
  return out;
}

std::optional<std::uint64_t> DecodeLength(std::string_view in) {
  if (in.size() != 8) return std::nullopt;
  return NumberAt(in, 0);
}

}  // namespace blobgate::engine
