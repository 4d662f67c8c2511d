// Which failures a session has to expect, and which it must not see.
#include <spdlog/fmt/fmt.h>
#include <utility>

#include "model/session.h"

namespace blobgate::engine::model {
namespace {

using Area = Volume::Area;
using Call = Volume::Call;

/// After it writing may fail, or end, at any later time of the run.
bool IsLasting(const Volume::Fault& fault) {
  return fault.area == Area::kCatalog || fault.call == Call::kSync;
}

bool GivesSpaceBack(Call call) {
  return call == Call::kOpen || call == Call::kPunch || call == Call::kTruncate ||
         call == Call::kRemove || call == Call::kSyncDirectory;
}

bool IsReading(Call call) {
  return call == Call::kOpen || call == Call::kRead;
}

}  // namespace

bool Session::sound() const {
  return !fired_ && !was_full_ && !read_only_ && !off();
}

void Session::NoteFault() {
  if (!armed_ || !machine_.volume().fault_fired()) return;
  Trace("  the fault happened");
  ++tally_.faults;
  fired_ = std::exchange(armed_, std::nullopt);
  fired_at_ = tally_.operations;
  lasting_ = lasting_ || IsLasting(*fired_);
  space_unknown_ = space_unknown_ || lasting_ || GivesSpaceBack(fired_->call);
}

const char* Session::Complaint(const Trouble& trouble) const {
  if (!machine_.is_local()) return "a memory engine has no disk";
  if (off()) return nullptr;
  const bool now = fired_ && fired_at_ == tally_.operations;
  const Errc code = trouble.error.code;
  if (code == Errc::kCorruption) return "nothing was damaged";
  if (trouble.reading) {
    return now && IsReading(fired_->call) ? nullptr : "reads go on, whatever happens to writes";
  }
  if (code == Errc::kReadOnly) {
    // A log that met the full disk cannot always be replaced while the store is open.
    return lasting_ || was_full_ ? nullptr : "nothing happened that should end writing";
  }
  if (read_only_) return "it was read-only before";
  if (code == Errc::kNoSpace && was_full_) return nullptr;
  return now || lasting_ ? nullptr : "nothing broke";
}

void Session::Check(const std::vector<Trouble>& troubles) {
  NoteFault();
  bool read_only = false;
  for (const Trouble& trouble : troubles) {
    if (const char* why = Complaint(trouble)) {
      Fail(fmt::format("{}: {} {} ({})", trouble.what, ErrcName(trouble.error.code),
                       trouble.error.detail, why));
    }
    read_only = read_only || trouble.error.code == Errc::kReadOnly;
  }
  if (read_only && !read_only_ && !off()) {
    read_only_ = true;
    ++tally_.read_only;
  }
}

bool Session::Allow(std::string what, const Error& error, bool reading) {
  Trace(fmt::format("  {}: {} {}", what, ErrcName(error.code), error.detail));
  if (!IsTrouble(error.code)) {
    Fail(fmt::format("{}: {} {}", what, ErrcName(error.code), error.detail));
  }
  Check({{std::move(what), error, reading}});
  return false;
}

void Session::CheckFigures() {
  const EngineStats stats = machine_.engine().Stats();
  const Status health = machine_.engine().Health();
  NoteFault();  // last: a thread of the engine's own may have met it just now
  if (stats.live_bytes != model_.live_bytes() && !off()) {
    Fail(fmt::format("{} live bytes, should be {}", stats.live_bytes, model_.live_bytes()));
  }
  if (stats.corruption_errors != 0) Fail("damage was counted");
  if (read_only_ && !(stats.read_only && !health)) Fail("read-only, but the engine denies it");
  if (sound() && !health) Fail("not healthy: " + health.error().detail);
}

}  // namespace blobgate::engine::model
