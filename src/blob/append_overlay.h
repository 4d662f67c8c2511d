// Pieces that were appended to a file in any order, laid over each other (operations.md 3.2, Flush
// File). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace blobgate::blob {

/// Where a piece belongs, and when it came: what the id of its uncommitted block says.
struct AppendPiece {
  std::uint64_t position = 0;  ///< bytes from the start of the file
  std::uint64_t arrival = 0;   ///< later pieces have greater ones
  std::uint64_t length = 0;    ///< bytes; not in the id

  bool operator==(const AppendPiece&) const = default;
};

/// No id of Put Block has this length: theirs is a multiple of four.
inline constexpr std::size_t kAppendPieceIdLength = 33;
std::string AppendPieceId(std::uint64_t position, std::uint64_t arrival);
/// nullopt for any other form.
std::optional<AppendPiece> ParseAppendPieceId(std::string_view id);

/// A part of a piece that shows.
struct OverlayPart {
  std::size_t piece = 0;     ///< index
  std::uint64_t offset = 0;  ///< bytes into the piece
  std::uint64_t length = 0;  ///< bytes

  bool operator==(const OverlayPart&) const = default;
};

/// The parts that make up bytes [from, to) of the file, in order; where pieces overlap the later
/// one shows. nullopt when they leave a gap. Costs n log n.
std::optional<std::vector<OverlayPart>> Overlay(const std::vector<AppendPiece>& pieces,
                                                std::uint64_t from, std::uint64_t to);

}  // namespace blobgate::blob
