#include "auth/sas_common.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "auth/failure.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

struct FieldName {
  std::string_view name;
  std::string_view SasFields::* field;
};

constexpr FieldName kFieldNames[] = {{"sv", &SasFields::sv},
                                     {"ss", &SasFields::ss},
                                     {"srt", &SasFields::srt},
                                     {"sr", &SasFields::sr},
                                     {"sp", &SasFields::sp},
                                     {"st", &SasFields::st},
                                     {"se", &SasFields::se},
                                     {"sip", &SasFields::sip},
                                     {"spr", &SasFields::spr},
                                     {"ses", &SasFields::ses},
                                     {"si", &SasFields::si},
                                     {"sdd", &SasFields::sdd},
                                     {"sig", &SasFields::sig},
                                     {"rscc", &SasFields::rscc},
                                     {"rscd", &SasFields::rscd},
                                     {"rsce", &SasFields::rsce},
                                     {"rscl", &SasFields::rscl},
                                     {"rsct", &SasFields::rsct},
                                     {"snapshot", &SasFields::snapshot},
                                     {"versionid", &SasFields::versionid},
                                     {"skoid", &SasFields::skoid},
                                     {"sktid", &SasFields::sktid},
                                     {"skt", &SasFields::skt},
                                     {"ske", &SasFields::ske},
                                     {"sks", &SasFields::sks},
                                     {"skv", &SasFields::skv},
                                     {"skdutid", &SasFields::skdutid},
                                     {"sduoid", &SasFields::sduoid},
                                     {"saoid", &SasFields::saoid},
                                     {"suoid", &SasFields::suoid},
                                     {"scid", &SasFields::scid},
                                     {"srh", &SasFields::srh},
                                     {"srq", &SasFields::srq}};

/// The first eight characters of a name in lower case, as a number.
constexpr std::uint64_t Packed(std::string_view name) {
  std::uint64_t packed = 0;
  for (const char c : name.substr(0, 8)) {
    packed = packed << 8 | static_cast<unsigned char>(LowerOf(c));
  }
  return packed;
}

constexpr auto kPackedNames = [] {
  std::array<std::uint64_t, std::size(kFieldNames)> packed{};
  for (std::size_t i = 0; i < packed.size(); ++i) packed[i] = Packed(kFieldNames[i].name);
  return packed;
}();

bool HasControl(std::string_view text) {
  bool control = false;  // without a branch for each: many characters at a time
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    control |= byte < 0x20 || byte == 0x7f;
  }
  return control;
}

// An address as 16 bytes; IPv4 is mapped into IPv6, so that both spellings are the same address.
using Address = std::array<unsigned char, 16>;

constexpr Address kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
constexpr std::size_t kMappedPrefix = 12;

std::optional<Address> ParseAddress(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.empty() || text.size() >= sizeof(terminated) || text.find('\0') != text.npos) {
    return std::nullopt;
  }
  std::memcpy(terminated, text.data(), text.size());
  Address address = kMapped;
  if (inet_pton(AF_INET, terminated, address.data() + kMappedPrefix) == 1) return address;
  if (inet_pton(AF_INET6, terminated, address.data()) == 1) return address;
  return std::nullopt;
}

bool IsV4(const Address& address) {
  return std::equal(kMapped.begin(), kMapped.begin() + kMappedPrefix, address.begin());
}

azure::Error SourceIpMismatch(std::string_view peer) {
  std::string message =
      "This request is not authorized to perform this operation using this source IP ";
  message += peer;
  message += '.';
  return azure::Error(azure::ErrorCode::kAuthorizationSourceIPMismatch)
      .WithMessage(std::move(message))
      .WithDetail("SourceIP", std::string(peer));
}

std::string DateOrNothing(const std::optional<Time>& t) {
  return t ? FormatHttpDate(*t) : "";
}

azure::Error OutsideTimeWindow(const std::optional<Time>& start, const std::optional<Time>& expiry,
                               Time now) {
  return AuthenticationFailed("Signature not valid in the specified time frame: Start [" +
                              DateOrNothing(start) + "] - Expiry [" + DateOrNothing(expiry) +
                              "] - Current [" + FormatHttpDate(now) + "]");
}

}  // namespace

std::optional<SasFields> SasFields::Read(const http::Query& query) {
  SasFields fields;
  std::uint64_t seen = 0;
  static_assert(std::size(kFieldNames) <= 64);
  for (const auto& [name, value] : query.params()) {
    const auto found = std::ranges::find(kPackedNames, Packed(name));
    if (found == kPackedNames.end()) continue;
    const auto i = static_cast<std::size_t>(found - kPackedNames.begin());
    if (!EqualsIgnoreCase(name, kFieldNames[i].name)) continue;  // of a longer one the rest
    const std::uint64_t bit = std::uint64_t{1} << i;
    if ((seen & bit) != 0 || HasControl(value)) return std::nullopt;
    seen |= bit;
    fields.*kFieldNames[i].field = value;
  }
  return fields;
}

bool IsSasVersion(std::string_view sv) {
  if (sv.size() != 10) return false;
  for (std::size_t i = 0; i < sv.size(); ++i) {
    const bool hyphen = i == 4 || i == 7;
    if (hyphen ? sv[i] != '-' : sv[i] < '0' || sv[i] > '9') return false;
  }
  return true;
}

azure::Outcome<void> CheckTimeWindow(std::string_view start, std::string_view expiry, Time now) {
  std::optional<Time> from, until;
  if (!start.empty() && !(from = ParseIso8601(start))) return azure::Fail(SasNotWellFormed());
  if (!expiry.empty() && !(until = ParseIso8601(expiry))) return azure::Fail(SasNotWellFormed());
  if (from && until && *until <= *from) {
    return azure::Fail(AuthenticationFailed("Signed expiry time [" + FormatHttpDate(*until) +
                                            "] must be after signed start time [" +
                                            FormatHttpDate(*from) + "]"));
  }
  if ((from && now < *from) || (until && now >= *until)) {
    return azure::Fail(OutsideTimeWindow(from, until, now));
  }
  return {};
}

std::optional<bool> MatchesIpRange(std::string_view sip, std::string_view peer) {
  const std::size_t hyphen = sip.find('-');
  const auto first = ParseAddress(sip.substr(0, hyphen));
  const auto last = hyphen == sip.npos ? first : ParseAddress(sip.substr(hyphen + 1));
  if (!first || !last || IsV4(*first) != IsV4(*last) || *last < *first) return std::nullopt;
  // A link-local peer is written with its interface: fe80::1%eth0.
  const auto address = ParseAddress(peer.substr(0, peer.find('%')));
  return address && *first <= *address && *address <= *last;
}

azure::Outcome<void> CheckOrigin(const SasFields& fields, const http::RequestHead& head) {
  if (fields.spr == "https") {
    if (!head.secure) return azure::Fail(azure::ErrorCode::kAuthorizationProtocolMismatch);
  } else if (!fields.spr.empty() && fields.spr != "https,http" && fields.spr != "http,https") {
    return azure::Fail(SasNotWellFormed());
  }
  if (fields.sip.empty()) return {};
  const auto inside = MatchesIpRange(fields.sip, head.peer);
  if (!inside) return azure::Fail(SasNotWellFormed());
  if (!*inside) return azure::Fail(SourceIpMismatch(head.peer));
  return {};
}

}  // namespace blobgate::auth
