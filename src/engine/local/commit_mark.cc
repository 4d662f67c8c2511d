#include "engine/local/commit_mark.h"

#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/buffer.h"
#include "base/crc64.h"

namespace blobgate::engine {
namespace {

constexpr std::size_t kSector = 512;
constexpr std::uint64_t kMagic = 0x31'4B'43'41'74'61'67'42;  // "BgatACK1"

struct Slot {
  std::uint64_t magic = kMagic;
  std::uint64_t sequence = 0;
  std::uint64_t check = 0;
};
static_assert(sizeof(Slot) == 24);

using File = std::array<std::byte, 2 * kSector>;

std::uint64_t CheckOf(const Slot& slot) {
  return Crc64({reinterpret_cast<const std::byte*>(&slot), offsetof(Slot, check)});
}

std::uint64_t SequenceAt(const File& file, std::size_t offset) {
  Slot slot;
  std::memcpy(&slot, file.data() + offset, sizeof(slot));
  return slot.magic == kMagic && slot.check == CheckOf(slot) ? slot.sequence : 0;
}

std::string PathIn(const std::string& directory) {
  return directory + "/ACKNOWLEDGED";
}

}  // namespace

CommitMark::CommitMark(Disk& disk, const std::string& directory)
    : disk_(disk), fd_(disk.Open(PathIn(directory), O_RDWR | O_CREAT)) {}

CommitMark::~CommitMark() {
  if (fd_ >= 0) disk_.Close(fd_);
}

std::uint64_t CommitMark::Read(Disk& disk, const std::string& directory) {
  const int fd = disk.Open(PathIn(directory), O_RDONLY);
  if (fd < 0) return 0;
  File file{};
  (void)disk.Read(fd, file.data(), file.size(), 0, 0);
  disk.Close(fd);
  return std::max(SequenceAt(file, 0), SequenceAt(file, kSector));
}

void CommitMark::Store(std::uint64_t sequence) {
  if (fd_ < 0) return;
  Slot slot;
  slot.sequence = sequence;
  slot.check = CheckOf(slot);
  File file{};
  std::memcpy(file.data(), &slot, sizeof(slot));
  std::memcpy(file.data() + kSector, &slot, sizeof(slot));
  iovec part{file.data(), file.size()};
  (void)disk_.WriteAll(fd_, &part, 1, 0);
}

void CommitMark::Sync() {
  if (fd_ >= 0) (void)disk_.Sync(fd_);
}

}  // namespace blobgate::engine
