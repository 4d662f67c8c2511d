#include "azure/delegation_key.h"

#include <optional>
#include <utility>

#include "azure/xml_reader.h"
#include "azure/xml_writer.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/uuid.h"

namespace blobgate::azure {
namespace {

constexpr std::string_view kKeyLabel = "blobgate user delegation key 1";
constexpr std::string_view kSecretLabel = "blobgate user delegation secret 1";

std::string Mac(std::string_view key, std::string_view text) {
  return std::string(AsChars(HmacSha256(AsBytes(key), AsBytes(text))));
}

struct NamedTime {
  std::string_view name;
  std::string text;
  Time time;
};

Error BadTime(const NamedTime& at, std::string_view reason) {
  return InvalidXmlValue(at.name, at.text, reason);
}

// nullopt when the element is absent or empty.
Outcome<std::optional<NamedTime>> TimeOf(const XmlFields& fields, std::string_view name) {
  const XmlElement* element = fields.Find(name);
  if (element == nullptr) return std::nullopt;
  BG_TRY(std::string text, element->TrimmedText());
  if (text.empty()) return std::nullopt;
  const auto time = ParseIso8601(text);
  if (!time) return Fail(InvalidXmlValue(name, text, "Not a date and time."));
  return NamedTime{name, std::move(text), FloorSeconds(*time)};
}

Outcome<void> CheckTimes(const std::optional<NamedTime>& start, const NamedTime& expiry, Time now) {
  if (expiry.time <= now) return Fail(BadTime(expiry, "The expiry time is over."));
  if (expiry.time > now + kMaxDelegation) {
    return Fail(BadTime(expiry, "The expiry time must be within seven days of the current time."));
  }
  if (!start) return {};
  if (start->time > now + kMaxDelegation || start->time < now - kMaxDelegation) {
    return Fail(BadTime(*start, "The start time must be within seven days of the current time."));
  }
  if (expiry.time <= start->time) {
    return Fail(BadTime(expiry, "The expiry time must be after the start time."));
  }
  return {};
}

Outcome<std::string> DelegatedTenant(const XmlFields& fields) {
  constexpr std::string_view kName = "DelegatedUserTid";
  const XmlElement* element = fields.Find(kName);
  if (element == nullptr) return std::string();
  BG_TRY(std::string text, element->TrimmedText());
  if (!text.empty() && !IsUuid(text)) return Fail(InvalidXmlValue(kName, text, "Not a GUID."));
  return text;
}

}  // namespace

std::string DelegationKeyValue(std::string_view secret, const DelegationKey& key) {
  std::string text(kKeyLabel);
  for (const std::string* field : {&key.oid, &key.tid, &key.start, &key.expiry, &key.service,
                                   &key.version, &key.delegated_tid}) {
    text += '\n' + std::to_string(field->size()) + ':' + *field;
  }
  return Mac(secret, text);
}

std::string DelegationSecretOf(std::string_view account_key) {
  return Mac(account_key, kSecretLabel);
}

Outcome<DelegationKey> ParseKeyInfo(std::string_view body, Time now) {
  BG_TRY(const XmlDocument document, XmlDocument::Parse(body, "KeyInfo"));
  BG_TRY(const XmlFields fields,
         XmlFields::Of(document.root(), {"Start", "Expiry", "DelegatedUserTid"}));
  BG_CHECK(fields.Require("Expiry"));
  BG_TRY(const auto start, TimeOf(fields, "Start"));
  BG_TRY(const auto expiry, TimeOf(fields, "Expiry"));
  if (!expiry) return Fail(InvalidXmlValue("Expiry", "", "Not a date and time."));
  BG_CHECK(CheckTimes(start, *expiry, now));
  DelegationKey key;
  key.start = FormatIso8601Seconds(start ? start->time : FloorSeconds(now));
  key.expiry = FormatIso8601Seconds(expiry->time);
  BG_TRY(key.delegated_tid, DelegatedTenant(fields));
  return key;
}

std::string RenderDelegationKey(const DelegationKey& key, std::string_view value) {
  XmlWriter xml;
  xml.Open("UserDelegationKey");
  xml.Element("SignedOid", key.oid);
  xml.Element("SignedTid", key.tid);
  xml.Element("SignedStart", key.start);
  xml.Element("SignedExpiry", key.expiry);
  xml.Element("SignedService", key.service);
  xml.Element("SignedVersion", key.version);
  xml.ElementIfSet("SignedDelegatedUserTid", key.delegated_tid);
  xml.Element("Value", Base64Encode(value));
  xml.Close("UserDelegationKey");
  return std::move(xml).Take();
}

}  // namespace blobgate::azure
