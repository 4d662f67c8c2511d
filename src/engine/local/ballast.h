// Blocks set aside for the moment when the disk has none left.
#pragma once

#include <cstdint>
#include <string>

namespace blobgate::engine {

/// The file DATA_DIR/BALLAST, which holds nothing but its blocks. Opening a catalog writes, and so
/// does every delete; if others have taken the last block of the disk, the file is cut shorter
/// instead of failing. It grows again when there is room. What it has now is its size. Errors of
/// the file system are only logged: a store without ballast works until the disk is full. One
/// thread at a time.
class Ballast {
 public:
  /// `size`: what it should have, bytes; 0 turns it off (a file that is there is removed).
  Ballast(std::string path, std::uint64_t size);
  ~Ballast();
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;

  /// Gives up as much as is missing between `free` and `wanted` bytes, or what there is.
  void Release(std::uint64_t free, std::uint64_t wanted);
  /// Grows to full size if that leaves `keep` of the `free` bytes.
  void Refill(std::uint64_t free, std::uint64_t keep);
  bool IsFull() const { return fd_ < 0 || now_ >= size_; }

 private:
  const std::string path_;
  const std::uint64_t size_;
  std::uint64_t now_ = 0;
  int fd_ = -1;
};

}  // namespace blobgate::engine
