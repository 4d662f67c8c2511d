#include "server/master_key.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "server/key_file.h"
#include "server/run_command.h"

namespace blobgate::server {
namespace {

constexpr std::size_t kSalt = 32;

std::unexpected<Error> Bad(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

MutableBytes Mutable(std::string& text) {
  return {reinterpret_cast<std::byte*>(text.data()), text.size()};
}

/// Text that is wiped when it goes.
struct SecretText {
  std::string text;
  explicit SecretText(std::string secret) : text(std::move(secret)) {}
  SecretText(const SecretText&) = delete;
  ~SecretText() { Wipe(Mutable(text)); }
};

class FileKey final : public MasterKey {
 public:
  explicit FileKey(Bytes master) : master_(master) {}

  Result<std::string> Wrap(std::string_view account, const blob::ContentKey& key,
                           const std::stop_token&) const override {
    const std::string salt = RandomBytes(kSalt);
    const Derived derived(master_, salt, account);
    return Base64Encode(salt + SealText(derived.bytes, AsChars(key.key.bytes())));
  }

  Result<blob::ContentKeyPtr> Unwrap(std::string_view account, std::string_view wrapped,
                                     const std::stop_token&) const override {
    const auto bytes = Base64Decode(wrapped);
    if (bytes && bytes->size() > kSalt) {
      const Derived derived(master_, bytes->substr(0, kSalt), account);
      auto opened = OpenText(derived.bytes, std::string_view(*bytes).substr(kSalt));
      if (opened) {
        const SecretText key(std::move(*opened));
        if (key.text.size() == SecretKey::kSize)
          return blob::NewAccountEncryptionKey(AsBytes(key.text));
      }
    }
    return Bad("it was not wrapped with this master key");
  }

 private:
  struct Derived {
    std::array<std::byte, SecretKey::kSize> bytes;

    Derived(const SecretKey& master, std::string_view salt, std::string_view account) {
      const std::string info = "blobgate encryption key of " + std::string(account);
      DeriveKey(master.bytes(), AsBytes(salt), info, bytes);
    }
    Derived(const Derived&) = delete;
    ~Derived() { Wipe(bytes); }
  };

  const SecretKey master_;
};

/// Without the line end, which most programs write.
std::string_view Line(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

class CommandKey final : public MasterKey {
 public:
  explicit CommandKey(const config::MasterKeyConfig& config)
      : argv_(config.command), time_(config.command_timeout) {}

  Result<std::string> Wrap(std::string_view account, const blob::ContentKey& key,
                           const std::stop_token& stop) const override {
    const SecretText plain(Base64Encode(key.key.bytes()) + "\n");
    BG_TRY(const std::string answer, Run("wrap", account, plain.text, stop));
    const std::string_view wrapped = Line(answer);
    const bool printable =
        std::ranges::all_of(wrapped, [](char c) { return c >= ' ' && c <= '~'; });
    if (wrapped.empty() || wrapped.size() > kMostWrapped || !printable) {
      return Bad(argv_.front() + " wrap: must answer a line of printable ASCII, at most " +
                 std::to_string(kMostWrapped) + " bytes");
    }
    return std::string(wrapped);
  }

  Result<blob::ContentKeyPtr> Unwrap(std::string_view account, std::string_view wrapped,
                                     const std::stop_token& stop) const override {
    BG_TRY(std::string answer, Run("unwrap", account, std::string(wrapped) + "\n", stop));
    const SecretText plain(std::move(answer));
    auto decoded = Base64Decode(Line(plain.text));
    const SecretText key(decoded ? std::move(*decoded) : std::string());
    if (key.text.size() != SecretKey::kSize) {
      return Bad(argv_.front() + " unwrap: must answer a line with base64 of 32 bytes");
    }
    return blob::NewAccountEncryptionKey(AsBytes(key.text));
  }

 private:
  Result<std::string> Run(const char* verb, std::string_view account, std::string_view input,
                          const std::stop_token& stop) const {
    CommandRun run{.argv = argv_, .time = time_, .most_output = kMostWrapped + 2};
    run.argv.emplace_back(verb);
    run.environment.push_back("BLOBGATE_ACCOUNT=" + std::string(account));
    return RunCommand(run, input, stop);
  }

  const std::vector<std::string> argv_;
  const std::chrono::milliseconds time_;
};

}  // namespace

std::shared_ptr<const MasterKey> MasterKeyOfBytes(Bytes master) {
  return std::make_shared<FileKey>(master);
}

std::shared_ptr<const MasterKey> MasterKeyOfCommand(const config::MasterKeyConfig& config) {
  return std::make_shared<CommandKey>(config);
}

Result<MasterKeys> MasterKeysOf(const config::Config& config) {
  MasterKeys keys;
  for (const auto& key : config.master_keys) {
    if (!key.command.empty()) {
      keys.emplace(key.name, MasterKeyOfCommand(key));
      continue;
    }
    BG_TRY(std::string read, ReadKeyFile(key.key_file));
    const SecretText bytes(std::move(read));
    keys.emplace(key.name, MasterKeyOfBytes(AsBytes(bytes.text)));
  }
  return keys;
}

}  // namespace blobgate::server
