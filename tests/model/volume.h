// A file system in memory that knows what a power cut would leave of it.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/random.h"

namespace blobgate::engine::model {

/// Files are bytes; what was written is durable after Sync, what was created, removed or renamed
/// after SyncDirectory. A power cut keeps all that is durable and a random part of the rest: of a
/// file any of its changed pages, whole or torn between sectors, at its old size, its new one or
/// one between; of a directory some of the changes since its last sync, each whole.
///
/// Calls answer 0 or more, or -errno. Thread-safe.
class Volume {
 public:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kSector = 512;

  /// Which half of the engine a path belongs to, for faults and for what a power cut may do.
  enum class Area : std::uint8_t { kSegments, kCatalog };
  enum class Call : std::uint8_t {
    kOpen,
    kCreate,
    kRead,
    kWrite,
    kSync,
    kPunch,
    kTruncate,
    kRemove,
    kRename,
    kSyncDirectory,
  };
  static constexpr std::size_t kCalls = 10;

  /// One call that fails. What a failed sync should have kept stays lost: a later sync of the file
  /// reports success without having kept it.
  struct Fault {
    Area area = Area::kSegments;
    Call call = Call::kWrite;
    int error = 0;            ///< -errno
    std::uint64_t after = 0;  ///< so many such calls succeed before it
  };

  class File;
  using FilePtr = std::shared_ptr<File>;

  explicit Volume(std::uint64_t seed) : random_(seed) {}

  /// `create`: makes it if it is not there; `fresh`: an empty one takes the place of what is there.
  int Open(const std::string& path, bool create, bool fresh, FilePtr& file);
  int Write(File& file, std::span<const iovec> parts, std::uint64_t offset);
  int Append(File& file, std::string_view data);
  ssize_t Read(const File& file, void* data, std::size_t size, std::uint64_t offset);
  int Sync(File& file);
  int PunchHole(File& file, std::uint64_t offset, std::uint64_t length);
  int Truncate(File& file, std::uint64_t size);
  int Remove(const std::string& path);
  int Rename(const std::string& from, const std::string& to);
  int SyncDirectory(const std::string& path);
  bool Exists(const std::string& path) const;
  /// Bytes, or -ENOENT.
  std::int64_t SizeOf(const std::string& path) const;
  std::uint64_t SizeOf(const File& file) const;
  /// Names, without the directory.
  std::vector<std::string> List(const std::string& directory) const;
  /// Page numbers of `path` that take up space.
  std::vector<std::uint64_t> PagesOf(const std::string& path) const;

  /// The power goes after `calls` more calls that change something. The call it goes in fails, and
  /// may have done its work or not; all later ones do nothing but answer -EIO.
  void ArmPowerCut(std::uint64_t calls);
  void CutPower() { ArmPowerCut(0); }
  void DisarmPowerCut();
  bool off() const;
  /// What the disk has when the power comes back. REQUIRES: nothing uses a file any more.
  void Restore();

  /// From now on syncs of the area report success and keep nothing.
  void SyncsLie(Area area);

  void ArmFault(const Fault& fault);
  /// Every write that needs room fails with ENOSPC until it is set back.
  void SetFull(bool full);
  bool full() const;
  /// True when the armed fault has happened since it was armed.
  bool fault_fired() const;
  void DisarmFault();
  /// Faults that happened, full disks and power cuts since the start.
  std::uint64_t mishaps() const;

 private:
  struct Change {
    Call call = Call::kCreate;  ///< kCreate, kRemove or kRename
    std::string path;
    std::string to;  ///< kRename
    FilePtr file;    ///< kCreate
  };
  using Names = std::map<std::string, FilePtr>;

  /// 0 when the call may go on, else what it answers. `goes` is set when the power goes with it.
  int Begin(Area area, Call call, bool* goes = nullptr);
  void Note(Change change);
  static void Apply(const Change& change, Names& names);
  void WriteAt(File& file, std::span<const iovec> parts, std::uint64_t offset);
  void RestoreNames();
  void RestoreFile(File& file, std::string_view path);

  mutable std::mutex mutex_;
  Random random_;
  Names names_;                                         ///< as programs see them
  Names durable_;                                       ///< as of the last syncs of directories
  std::map<std::string, std::vector<Change>> changes_;  ///< since then, by directory
  bool off_ = false;
  std::optional<std::uint64_t> calls_left_;
  std::optional<Fault> fault_;
  bool fault_fired_ = false;
  bool full_ = false;
  std::optional<Area> lying_;
  std::uint64_t mishaps_ = 0;
};

}  // namespace blobgate::engine::model
