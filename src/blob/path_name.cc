#include "blob/path_name.h"

#include <algorithm>

namespace blobgate::blob {
namespace {

/// UTF-16 units of well-formed UTF-8: one a character, two above U+FFFF (four bytes).
std::size_t Utf16Units(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

bool IsName(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && Utf16Units(name) <= kMaxPathSegment;
}

}  // namespace

bool PathComesBefore(std::string_view path, std::string_view other) {
  // Nothing in a name sorts before its end.
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c); };
  return std::ranges::lexicographical_compare(path, other, {}, rank, rank);
}

std::string_view TrimSlashes(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

azure::Outcome<std::vector<std::string_view>> SplitPath(std::string_view path) {
  std::vector<std::string_view> names;
  path = TrimSlashes(path);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    if (!IsName(name) || names.size() == kMaxPathLevels) {
      return azure::Fail(azure::ErrorCode::kInvalidUri);
    }
    names.push_back(name);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return names;
}

}  // namespace blobgate::blob
