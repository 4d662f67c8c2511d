#include "server/account_encryption.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace blobgate::server {
namespace {

using Clock = std::chrono::steady_clock;

/// From one try to the next.
constexpr std::chrono::seconds kPause{15};
/// So long one pass starts commands: a start must not wait for ever for a vault.
constexpr std::chrono::seconds kLongestPass{30};

std::string Quoted(std::string_view master) {
  return "master key \"" + std::string(master) + "\"";
}

blob::ContentKeyPtr RandomKey() {
  std::string bytes = RandomBytes(SecretKey::kSize);
  auto key = blob::NewAccountEncryptionKey(AsBytes(bytes));
  Wipe({reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
  return key;
}

}  // namespace

/// One round over all keys that are missing: it does not wait again for what did not answer.
class AccountEncryption::Pass {
 public:
  bool MayAsk(const std::string& master) const {
    return Clock::now() < end_ && !silent_.contains(master);
  }
  void Note(const std::string& master, const Status& done) {
    if (!done && done.error().code == Errc::kTimeout) silent_.insert(master);
  }

 private:
  const Clock::time_point end_ = Clock::now() + kLongestPass;
  std::set<std::string> silent_;
};

AccountEncryption::AccountEncryption(std::string data_dir,
                                     std::shared_ptr<operations::EncryptionScopes> scopes)
    : file_(EncryptionKeyFileOf(data_dir)), scopes_(std::move(scopes)) {}

AccountEncryption::~AccountEncryption() {
  Stop();
}

// REQUIRES: the lock, here and in all private functions.
const WrappedKey* AccountEncryption::Stored(std::string_view account) const {
  const auto found = stored_.find(account);
  return found == stored_.end() ? nullptr : &found->second;
}

Result<const MasterKey*> AccountEncryption::MasterOf(const MasterKeys& masters,
                                                     std::string_view name) const {
  const auto found = masters.find(name);
  if (found != masters.end()) return found->second.get();
  return Fail(Errc::kInvalidArgument, Quoted(name) + " is not configured");
}

// What nobody can unwrap must not wrap the key of data: it is asked for the key back first.
Result<WrappedKey> AccountEncryption::Wrap(const MasterKeys& masters, std::string_view master,
                                           std::string_view account, const blob::ContentKey& key) {
  BG_TRY(const MasterKey* const by, MasterOf(masters, master));
  auto wrapped = by->Wrap(account, key, stop_.get_token());
  if (!wrapped) {
    return Fail(wrapped.error().code, Quoted(master) + ": " + wrapped.error().detail);
  }
  WrappedKey out{std::string(master), key.identity.key_sha256, std::move(*wrapped)};
  BG_CHECK(Unwrap(masters, account, out));
  return out;
}

Result<blob::ContentKeyPtr> AccountEncryption::Unwrap(const MasterKeys& masters,
                                                      std::string_view account,
                                                      const WrappedKey& stored) {
  BG_TRY(const MasterKey* const by, MasterOf(masters, stored.master_key));
  auto key = by->Unwrap(account, stored.wrapped, stop_.get_token());
  if (!key) {
    return Fail(key.error().code, Quoted(stored.master_key) + ": " + key.error().detail);
  }
  if ((*key)->identity.key_sha256 != stored.sha256) {
    return Fail(Errc::kInvalidArgument, Quoted(stored.master_key) + ": unwraps another key");
  }
  return std::move(*key);
}

Status AccountEncryption::Keep(const std::string& account, WrappedKey key) {
  WrappedKeys next = stored_;
  next[account] = std::move(key);
  BG_CHECK(SaveEncryptionKeyFile(file_, next));
  stored_ = std::move(next);
  return {};
}

Status AccountEncryption::Make(const Plan& plan, const std::string& account) {
  const std::string& master = plan.accounts.at(account).master_key;
  blob::ContentKeyPtr key = RandomKey();
  BG_TRY(WrappedKey wrapped, Wrap(plan.masters, master, account, *key));
  BG_CHECK(Keep(account, std::move(wrapped)));
  keys_[account] = std::move(key);
  spdlog::info("account {}: new encryption key, wrapped by {}", account, Quoted(master));
  return {};
}

Result<AccountEncryption::Plan> AccountEncryption::Prepare(const config::Config& config) {
  Plan plan;
  BG_TRY(plan.masters, MasterKeysOf(config));
  for (const auto& account : config.accounts) {
    const config::MasterKeyConfig* const master = config::MasterKeyOf(config, account);
    plan.accounts[account.name] = {account.encryption.enabled, master ? master->name : ""};
  }
  const std::lock_guard lock(mutex_);
  if (!begun_) return plan;
  for (const auto& [account, wanted] : plan.accounts) {
    if (!wanted.enabled || Stored(account) != nullptr || failures_.contains(account)) continue;
    if (Status made = Make(plan, account); !made) {
      return Fail(made.error().code, "account \"" + account + "\": " + made.error().detail);
    }
  }
  return plan;
}

void AccountEncryption::Use(Plan plan) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
  if (!begun_) return;
  ObtainMissing();
  WarnOfLostMasters();
}

Status AccountEncryption::Begin() {
  const std::lock_guard lock(mutex_);
  BG_TRY(stored_, LoadEncryptionKeyFile(file_));
  begun_ = true;
  ObtainMissing();
  retrying_ = std::jthread([this] { Retry(stop_.get_token()); });
  return {};
}

bool AccountEncryption::IsMissing(const std::string& account, const Plan::Account& wanted) const {
  return !keys_.contains(account) && (wanted.enabled || Stored(account) != nullptr);
}

Status AccountEncryption::Obtain(const std::string& account, Pass& pass) {
  const WrappedKey* const stored = Stored(account);
  const std::string master = stored ? stored->master_key : plan_.accounts.at(account).master_key;
  if (!pass.MayAsk(master)) {
    return Fail(Errc::kUnavailable, Quoted(master) + " does not answer in time");
  }
  Status done;
  if (stored == nullptr) {
    done = Make(plan_, account);
  } else if (auto key = Unwrap(plan_.masters, account, *stored); key) {
    keys_[account] = std::move(*key);
  } else {
    done = std::unexpected(std::move(key).error());
  }
  pass.Note(master, done);
  return done;
}

/// Once for each failure of an account, until it fails otherwise.
void AccountEncryption::Note(const std::string& account, const Status& done) {
  if (done) {
    if (failures_.erase(account) > 0) {
      spdlog::info("account {}: its encryption key is available", account);
    }
    return;
  }
  std::string& known = failures_[account];
  if (known == done.error().detail) return;
  known = done.error().detail;
  spdlog::error(
      "account {}: its encryption key is not available: {}. What is encrypted under it, and writes "
      "while encryption is on, answer 500; it is tried again every {} seconds",
      account, known, kPause.count());
}

void AccountEncryption::ObtainMissing() {
  Pass pass;
  for (const auto& [account, wanted] : plan_.accounts) {
    if (!IsMissing(account, wanted)) continue;
    const Status done = Obtain(account, pass);
    if (stop_.stop_requested()) return;
    Note(account, done);
  }
  std::erase_if(failures_, [this](const auto& failure) {
    const auto account = plan_.accounts.find(failure.first);
    return account == plan_.accounts.end() || !IsMissing(failure.first, account->second);
  });
  Publish();
}

void AccountEncryption::WarnOfLostMasters() const {
  for (const auto& [account, key] : stored_) {
    if (!plan_.accounts.contains(account) || plan_.masters.contains(key.master_key)) continue;
    if (!keys_.contains(account)) continue;  // an error was logged
    spdlog::warn(
        "account {}: {}, which wraps its encryption key, is configured no more: rewrap the key "
        "before the next start, which cannot read what is encrypted under it",
        account, Quoted(key.master_key));
  }
}

void AccountEncryption::Publish() {
  operations::AccountKeys keys;
  Shown shown;
  for (const auto& [account, wanted] : plan_.accounts) {
    const WrappedKey* const stored = Stored(account);
    if (stored == nullptr && !wanted.enabled) continue;
    const auto key = keys_.find(account);
    if (key != keys_.end()) keys.insert(*key);
    shown[account] = {stored ? stored->master_key : "", key != keys_.end()};
  }
  scopes_->ReplaceAccountKeys(std::move(keys));
  shown_.Set(std::make_shared<const Shown>(std::move(shown)));
}

void AccountEncryption::Retry(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, kPause, [] { return false; });
    if (!stop.stop_requested() && !failures_.empty()) ObtainMissing();
  }
}

Result<ShownKey> AccountEncryption::Rewrap(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const std::string account(name);
  const WrappedKey* const stored = Stored(account);
  const auto wanted = plan_.accounts.find(account);
  if (stored == nullptr || wanted == plan_.accounts.end()) {
    return Fail(Errc::kNotFound, "account \"" + account + "\" has no encryption key");
  }
  const ShownKey before{stored->master_key, keys_.contains(account)};
  if (!before.available) {
    BG_TRY(keys_[account], Unwrap(plan_.masters, account, *stored));
  }
  BG_TRY(WrappedKey wrapped,
         Wrap(plan_.masters, wanted->second.master_key, account, *keys_.at(account)));
  BG_CHECK(Keep(account, std::move(wrapped)));
  spdlog::info("account {}: encryption key rewrapped, by {} before and {} now", account,
               Quoted(before.master_key), Quoted(wanted->second.master_key));
  Note(account, {});
  Publish();
  return before;
}

std::optional<ShownKey> AccountEncryption::Find(std::string_view account) const {
  const auto shown = shown_.Get();
  const auto found = shown->find(account);
  if (found == shown->end()) return std::nullopt;
  return found->second;
}

std::size_t AccountEncryption::unavailable() const {
  const auto shown = shown_.Get();
  return static_cast<std::size_t>(
      std::ranges::count_if(*shown, [](const auto& key) { return !key.second.available; }));
}

}  // namespace blobgate::server
