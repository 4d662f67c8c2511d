#include "model/volume.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

namespace blobgate::engine::model {
namespace {

std::string DirectoryOf(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? std::string() : path.substr(0, slash);
}

Volume::Area AreaOf(std::string_view path) {
  return path.find("/segments") != path.npos ? Volume::Area::kSegments : Volume::Area::kCatalog;
}

std::size_t SizeOfParts(std::span<const iovec> parts) {
  std::size_t size = 0;
  for (const iovec& part : parts) size += part.iov_len;
  return size;
}

bool ChangesSomething(Volume::Call call) {
  return call != Volume::Call::kOpen && call != Volume::Call::kRead;
}

bool NeedsRoom(Volume::Call call) {
  return call == Volume::Call::kWrite || call == Volume::Call::kCreate;
}

}  // namespace

/// Guarded by the volume's mutex.
class Volume::File {
 public:
  explicit File(Area area) : area_(area) {}

  Area area() const { return area_; }
  std::uint64_t size() const { return data_.size(); }
  std::string_view data() const { return data_; }

  void Write(std::uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    const std::uint64_t end = offset + bytes.size();
    SaveBefore(offset, end);
    if (end > data_.size()) data_.resize(end);
    std::memcpy(data_.data() + offset, bytes.data(), bytes.size());
    SetTaken(offset, end, true);
    NoLongerLost(offset, end);
  }

  void Punch(std::uint64_t offset, std::uint64_t length) {
    const std::uint64_t end = std::min<std::uint64_t>(offset + length, data_.size());
    if (offset >= end) return;
    SaveBefore(offset, end);
    NoLongerLost(offset, end);
    std::memset(data_.data() + offset, 0, end - offset);
    const std::uint64_t last = offset + length >= data_.size() ? PagesIn(end) : end / kPage;
    for (std::uint64_t page = PagesIn(offset); page < last; ++page) taken_[page] = false;
  }

  void Truncate(std::uint64_t size) {
    if (size < data_.size()) {
      SaveBefore(size, data_.size());
      NoLongerLost(size, data_.size());
    }
    data_.resize(size);
    taken_.resize(PagesIn(size));
  }

  void Sync() {
    std::erase_if(saved_, [this](const auto& entry) { return !lost_.contains(entry.first); });
    durable_size_ = data_.size();
  }
  /// The pages that should have become durable count as clean from now on, and are not.
  void FailSync() {
    for (std::uint64_t page = durable_size_ / kPage; page < PagesIn(data_.size()); ++page) {
      if (!saved_.contains(page)) saved_[page] = {PageWas(page), page * kPage < durable_size_};
    }
    for (const auto& [page, saved] : saved_) lost_.insert(page);
  }

  std::vector<std::uint64_t> TakenPages() const {
    std::vector<std::uint64_t> pages;
    for (std::uint64_t page = 0; page < taken_.size(); ++page) {
      if (taken_[page]) pages.push_back(page);
    }
    return pages;
  }

  /// How the pages that changed since the last sync come out of a power cut.
  enum class Rest : std::uint8_t { kLost, kKept, kSomePages, kTornPages, kUpToTheEnd };

  void Restore(Random& random, Rest rest) {
    if (!saved_.empty() || durable_size_ != data_.size()) {
      const std::uint64_t size = SizeAfter(random, rest);
      std::string result(size, '\0');
      std::vector<bool> taken(PagesIn(size));
      for (std::uint64_t page = 0; page < taken.size(); ++page) {
        RestorePage(page, random, rest, result, taken);
      }
      data_ = std::move(result);
      taken_ = std::move(taken);
    }
    lost_.clear();
    Sync();
  }

 private:
  struct Saved {
    std::string content;  ///< of the page, as far as the durable size reaches
    bool taken = false;
  };

  static std::uint64_t PagesIn(std::uint64_t size) { return (size + kPage - 1) / kPage; }

  // What the disk has of the pages of a range that is about to change.
  void SaveBefore(std::uint64_t begin, std::uint64_t end) {
    end = std::min(end, durable_size_);
    for (std::uint64_t page = begin / kPage; page * kPage < end; ++page) {
      if (saved_.contains(page)) continue;
      const std::uint64_t length = std::min<std::uint64_t>(kPage, durable_size_ - page * kPage);
      saved_[page] = {data_.substr(page * kPage, length), Taken(page)};
    }
  }

  // Changed pages go to the disk with the next sync, whatever became of them before.
  void NoLongerLost(std::uint64_t begin, std::uint64_t end) {
    if (lost_.empty()) return;
    lost_.erase(lost_.lower_bound(begin / kPage), lost_.lower_bound(PagesIn(end)));
  }

  bool Taken(std::uint64_t page) const { return page < taken_.size() && taken_[page]; }
  void SetTaken(std::uint64_t begin, std::uint64_t end, bool taken) {
    taken_.resize(std::max<std::size_t>(taken_.size(), PagesIn(data_.size())));
    for (std::uint64_t page = begin / kPage; page * kPage < end; ++page) taken_[page] = taken;
  }

  std::uint64_t SizeAfter(Random& random, Rest rest) const {
    const std::uint64_t was = durable_size_, is = data_.size();
    if (rest == Rest::kLost) return was;
    if (rest == Rest::kKept) return is;
    if (is <= was) return random.OneIn(2) ? was : is;
    switch (random.Below(4)) {
      case 0:
        return is;
      case 1:
        return random.Between(was, is);
      case 2:
        return std::min(is, PagesIn(random.Between(was, is)) * kPage);
      default:
        return std::min(is, (random.Between(was, is) + kSector - 1) / kSector * kSector);
    }
  }

  std::string PageWas(std::uint64_t page) const {
    const auto saved = saved_.find(page);
    std::string content;
    if (saved != saved_.end()) {
      content = saved->second.content;
    } else if (page * kPage < durable_size_) {
      content =
          data_.substr(page * kPage, std::min<std::uint64_t>(kPage, durable_size_ - page * kPage));
    }
    content.resize(kPage);
    return content;
  }
  std::string PageIs(std::uint64_t page) const {
    std::string content;
    if (page * kPage < data_.size()) content = data_.substr(page * kPage, kPage);
    content.resize(kPage);
    return content;
  }

  void RestorePage(std::uint64_t page, Random& random, Rest rest, std::string& result,
                   std::vector<bool>& taken) const {
    std::string content = PageIs(page);
    bool takes = Taken(page);
    const bool changed = saved_.contains(page) || (page + 1) * kPage > durable_size_;
    if (changed && rest != Rest::kKept && rest != Rest::kUpToTheEnd) {
      const std::string was = PageWas(page);
      const auto saved = saved_.find(page);
      const bool took =
          saved != saved_.end() ? saved->second.taken : page * kPage < durable_size_ && takes;
      if (rest == Rest::kTornPages && random.OneIn(2)) {
        for (std::size_t at = 0; at < kPage; at += kSector) {
          if (random.OneIn(2)) content.replace(at, kSector, was, at, kSector);
        }
        takes = takes || took;
      } else if (rest == Rest::kLost || random.OneIn(2)) {
        content = was;
        takes = took;
      }
    }
    const std::uint64_t at = page * kPage;
    const std::size_t length = std::min<std::size_t>(kPage, result.size() - at);
    std::memcpy(result.data() + at, content.data(), length);
    taken[page] = takes;
  }

  const Area area_;
  std::string data_;         ///< as programs see it
  std::vector<bool> taken_;  ///< by page: it takes up space
  std::uint64_t durable_size_ = 0;
  std::map<std::uint64_t, Saved> saved_;  ///< durable pages that were changed since
  std::set<std::uint64_t> lost_;          ///< of those, the ones no sync will make durable
};

int Volume::Begin(Area area, Call call, bool* goes) {
  if (off_) return -EIO;
  if (ChangesSomething(call) && calls_left_) {
    if (*calls_left_ == 0) {
      off_ = true;
      ++mishaps_;
      if (goes == nullptr) return -EIO;
      *goes = true;
      return 0;
    }
    --*calls_left_;
  }
  if (full_ && NeedsRoom(call)) return -ENOSPC;
  if (fault_ && fault_->area == area && fault_->call == call) {
    if (fault_->after == 0) {
      const int error = fault_->error;
      fault_.reset();
      fault_fired_ = true;
      ++mishaps_;
      return error;
    }
    --fault_->after;
  }
  return 0;
}

void Volume::Note(Change change) {
  Apply(change, names_);
  changes_[DirectoryOf(change.path)].push_back(std::move(change));
}

void Volume::Apply(const Change& change, Names& names) {
  if (change.call == Call::kCreate) {
    names[change.path] = change.file;
  } else if (change.call == Call::kRemove) {
    names.erase(change.path);
  } else if (const auto found = names.find(change.path); found != names.end()) {
    FilePtr file = found->second;
    names.erase(found);
    names[change.to] = std::move(file);
  }
}

int Volume::Open(const std::string& path, bool create, bool fresh, FilePtr& file) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  const bool makes = create && (found == names_.end() || fresh);
  const Area area = AreaOf(path);
  bool goes = false;
  if (const int error = Begin(area, makes ? Call::kCreate : Call::kOpen, &goes)) return error;
  if (!makes) {
    if (found == names_.end()) return -ENOENT;
    file = found->second;
    return 0;
  }
  file = std::make_shared<File>(area);
  Note({Call::kCreate, path, {}, file});
  return goes ? -EIO : 0;
}

void Volume::WriteAt(File& file, std::span<const iovec> parts, std::uint64_t offset) {
  for (const iovec& part : parts) {
    file.Write(offset, {static_cast<const char*>(part.iov_base), part.iov_len});
    offset += part.iov_len;
  }
}

int Volume::Write(File& file, std::span<const iovec> parts, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  bool goes = false;
  if (const int error = Begin(file.area(), Call::kWrite, &goes)) {
    // What fails half way leaves its beginning.
    if (!off_ && SizeOfParts(parts) > 0 && random_.OneIn(2)) WriteAt(file, parts.first(1), offset);
    return error;
  }
  WriteAt(file, parts, offset);
  return goes ? -EIO : 0;
}

int Volume::Append(File& file, std::string_view data) {
  const std::lock_guard lock(mutex_);
  bool goes = false;
  const std::uint64_t end = file.size();
  if (const int error = Begin(file.area(), Call::kWrite, &goes)) {
    if (!off_) file.Write(end, data.substr(0, random_.Below(data.size() + 1)));
    return error;
  }
  file.Write(end, data);
  return goes ? -EIO : 0;
}

ssize_t Volume::Read(const File& file, void* data, std::size_t size, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  if (const int error = Begin(file.area(), Call::kRead)) return error;
  if (offset >= file.size()) return 0;
  const std::string_view part = file.data().substr(offset, size);
  std::memcpy(data, part.data(), part.size());
  return static_cast<ssize_t>(part.size());
}

int Volume::Sync(File& file) {
  const std::lock_guard lock(mutex_);
  const bool was_off = off_;
  bool goes = false;
  if (const int error = Begin(file.area(), Call::kSync, &goes)) {
    if (!was_off) file.FailSync();
    return error;
  }
  if (lying_ == file.area()) return goes ? -EIO : 0;
  if (!goes) {
    file.Sync();
    return 0;
  }
  if (random_.OneIn(2)) file.Sync();
  return -EIO;
}

int Volume::PunchHole(File& file, std::uint64_t offset, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  bool goes = false;
  if (const int error = Begin(file.area(), Call::kPunch, &goes)) return error;
  file.Punch(offset, length);
  return goes ? -EIO : 0;
}

int Volume::Truncate(File& file, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  bool goes = false;
  if (const int error = Begin(file.area(), Call::kTruncate, &goes)) return error;
  file.Truncate(size);
  return goes ? -EIO : 0;
}

int Volume::Remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  bool goes = false;
  if (const int error = Begin(AreaOf(path), Call::kRemove, &goes)) return error;
  if (!names_.contains(path)) return -ENOENT;
  Note({Call::kRemove, path, {}, nullptr});
  return goes ? -EIO : 0;
}

int Volume::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  bool goes = false;
  if (const int error = Begin(AreaOf(from), Call::kRename, &goes)) return error;
  if (!names_.contains(from)) return -ENOENT;
  Note({Call::kRename, from, to, nullptr});
  return goes ? -EIO : 0;
}

int Volume::SyncDirectory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  bool goes = false;
  if (const int error = Begin(AreaOf(path), Call::kSyncDirectory, &goes)) return error;
  if (!goes || random_.OneIn(2)) {
    for (const Change& change : changes_[path]) Apply(change, durable_);
    changes_[path].clear();
  }
  return goes ? -EIO : 0;
}

bool Volume::Exists(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return names_.contains(path);
}

std::int64_t Volume::SizeOf(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  return found == names_.end() ? -ENOENT : static_cast<std::int64_t>(found->second->size());
}

std::uint64_t Volume::SizeOf(const File& file) const {
  const std::lock_guard lock(mutex_);
  return file.size();
}

std::vector<std::string> Volume::List(const std::string& directory) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  const std::string prefix = directory + "/";
  for (auto it = names_.lower_bound(prefix); it != names_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    names.push_back(it->first.substr(prefix.size()));
  }
  return names;
}

std::vector<std::uint64_t> Volume::PagesOf(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  if (found == names_.end()) return {};
  return found->second->TakenPages();
}

void Volume::ArmPowerCut(std::uint64_t calls) {
  const std::lock_guard lock(mutex_);
  calls_left_ = calls;
  if (calls == 0 && !off_) {
    off_ = true;
    ++mishaps_;
  }
}

void Volume::DisarmPowerCut() {
  const std::lock_guard lock(mutex_);
  calls_left_.reset();
}

bool Volume::off() const {
  const std::lock_guard lock(mutex_);
  return off_;
}

void Volume::Restore() {
  const std::lock_guard lock(mutex_);
  RestoreNames();
  std::set<File*> done;
  for (const auto& [path, file] : names_) {
    if (done.insert(file.get()).second) RestoreFile(*file, path);
  }
  off_ = false;
  calls_left_.reset();
  fault_.reset();
}

// Of the changes to a directory the first ones, or any: file systems without a journal promise no
// order. RocksDB counts on it: it syncs the directory once, behind the rename of CURRENT, for the
// tables that the new manifest names as well.
void Volume::RestoreNames() {
  for (auto& [directory, changes] : changes_) {
    const bool in_order = AreaOf(directory) == Area::kCatalog || random_.OneIn(2);
    const std::uint64_t kept = random_.Below(changes.size() + 1);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (in_order ? i < kept : random_.OneIn(2)) Apply(changes[i], durable_);
    }
    changes.clear();
  }
  names_ = durable_;
}

void Volume::RestoreFile(File& file, std::string_view path) {
  using Rest = File::Rest;
  constexpr Rest kAny[] = {Rest::kLost, Rest::kKept, Rest::kSomePages, Rest::kTornPages,
                           Rest::kUpToTheEnd};
  constexpr Rest kInOrder[] = {Rest::kLost, Rest::kKept, Rest::kUpToTheEnd};
  // RocksDB takes a manifest whose last record has a hole for damage, not for a torn end.
  const bool any = file.area() == Area::kSegments || path.ends_with(".log");
  const Rest rest = any ? kAny[random_.Below(5)] : kInOrder[random_.Below(3)];
  file.Restore(random_, rest);
}

void Volume::SyncsLie(Area area) {
  const std::lock_guard lock(mutex_);
  lying_ = area;
}

void Volume::ArmFault(const Fault& fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  fault_fired_ = false;
}

void Volume::SetFull(bool full) {
  const std::lock_guard lock(mutex_);
  full_ = full;
  if (full) ++mishaps_;
}

bool Volume::full() const {
  const std::lock_guard lock(mutex_);
  return full_;
}

bool Volume::fault_fired() const {
  const std::lock_guard lock(mutex_);
  return fault_fired_;
}

void Volume::DisarmFault() {
  const std::lock_guard lock(mutex_);
  fault_.reset();
}

std::uint64_t Volume::mishaps() const {
  const std::lock_guard lock(mutex_);
  return mishaps_;
}

}  // namespace blobgate::engine::model
