#include "blob/append_overlay.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace blobgate::blob {
namespace {

constexpr char kKind = 'p';
constexpr std::size_t kDigits = 16;
constexpr std::string_view kHex = "0123456789abcdef";

void AppendHex(std::string& out, std::uint64_t value) {
  for (std::size_t i = kDigits; i-- > 0;) out += kHex[(value >> (4 * i)) & 0xF];
}

std::optional<std::uint64_t> ParseHex(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    const std::size_t digit = kHex.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 4 | digit;
  }
  return value;
}

struct Shown {
  std::uint64_t end = 0;
  std::size_t piece = 0;
};
/// By their first byte; they do not overlap.
using Intervals = std::map<std::uint64_t, Shown>;

/// Cuts what lies in [first, end) out of `shown`.
void Cut(Intervals& shown, std::uint64_t first, std::uint64_t end) {
  auto it = shown.lower_bound(first);
  if (it != shown.begin()) {
    const auto before = std::prev(it);
    const Shown old = before->second;
    if (old.end > first) {
      before->second.end = first;
      if (old.end > end) shown.emplace(end, old);
    }
  }
  it = shown.lower_bound(first);
  while (it != shown.end() && it->first < end) {
    const Shown old = it->second;
    it = shown.erase(it);
    if (old.end > end) shown.emplace(end, old);
  }
}

}  // namespace

std::string AppendPieceId(std::uint64_t position, std::uint64_t arrival) {
  std::string id(1, kKind);
  AppendHex(id, position);
  AppendHex(id, arrival);
  return id;
}

std::optional<AppendPiece> ParseAppendPieceId(std::string_view id) {
  if (id.size() != kAppendPieceIdLength || id.front() != kKind) return std::nullopt;
  const auto position = ParseHex(id.substr(1, kDigits));
  const auto arrival = ParseHex(id.substr(1 + kDigits));
  if (!position || !arrival) return std::nullopt;
  return AppendPiece{*position, *arrival, 0};
}

std::optional<std::vector<OverlayPart>> Overlay(const std::vector<AppendPiece>& pieces,
                                                std::uint64_t from, std::uint64_t to) {
  std::vector<std::size_t> order(pieces.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return pieces[i].arrival; });
  Intervals shown;
  for (const std::size_t i : order) {
    const AppendPiece& piece = pieces[i];
    const std::uint64_t first = std::max(piece.position, from);
    const std::uint64_t end = std::min(piece.position + piece.length, to);
    if (piece.position + piece.length < piece.position || first >= end) continue;
    Cut(shown, first, end);
    shown.emplace(first, Shown{end, i});
  }
  std::vector<OverlayPart> parts;
  std::uint64_t at = from;
  for (const auto& [first, interval] : shown) {
    if (first != at) return std::nullopt;
    parts.push_back(
        {interval.piece, first - pieces[interval.piece].position, interval.end - first});
    at = interval.end;
  }
  if (at != to) return std::nullopt;
  return parts;
}

}  // namespace blobgate::blob
