#include "azure/signed_identifiers.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "azure/utf8.h"
#include "azure/xml_reader.h"
#include "azure/xml_writer.h"
#include "base/time.h"

namespace blobgate::azure {
namespace {

constexpr std::string_view kLetters = "racwdxyltmeopfi";

std::size_t CountCharacters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(NextCodePoint(text).bytes);
  return count;
}

// The text of an optional element, "" when it is absent.
Outcome<std::string> OptionalText(const XmlFields& fields, std::string_view name) {
  const XmlElement* element = fields.Find(name);
  return element ? element->TrimmedText() : Outcome<std::string>(std::string());
}

Outcome<std::string> OptionalTime(const XmlFields& fields, std::string_view name) {
  BG_TRY(std::string text, OptionalText(fields, name));
  if (!text.empty() && !ParseIso8601(text)) return Fail(InvalidXmlValue(name, text));
  return text;
}

Outcome<std::string> OptionalPermission(const XmlFields& fields) {
  BG_TRY(std::string text, OptionalText(fields, "Permission"));
  if (text.find_first_not_of(kLetters) != std::string::npos) {
    return Fail(InvalidXmlValue("Permission", text));
  }
  return text;
}

Outcome<SignedIdentifier> ParseIdentifier(const XmlElement& element) {
  if (element.name() != "SignedIdentifier") return Fail(InvalidXml("SignedIdentifier expected."));
  BG_TRY(const XmlFields fields, XmlFields::Of(element, {"Id", "AccessPolicy"}));
  BG_TRY(const XmlElement id, fields.Require("Id"));
  SignedIdentifier identifier;
  BG_TRY(identifier.id, id.TrimmedText());
  if (identifier.id.empty() || CountCharacters(identifier.id) > kMaxSignedIdentifierId) {
    return Fail(InvalidXmlValue("Id", identifier.id));
  }
  if (const XmlElement* policy = fields.Find("AccessPolicy")) {
    BG_TRY(const XmlFields parts, XmlFields::Of(*policy, {"Start", "Expiry", "Permission"}));
    BG_TRY(identifier.start, OptionalTime(parts, "Start"));
    BG_TRY(identifier.expiry, OptionalTime(parts, "Expiry"));
    BG_TRY(identifier.permission, OptionalPermission(parts));
  }
  return identifier;
}

void WriteTime(XmlWriter& xml, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  const std::optional<Time> time = ParseIso8601(text);
  xml.Element(name, time ? FormatIso8601(*time) : std::string(text));
}

void WriteIdentifier(XmlWriter& xml, const SignedIdentifier& identifier) {
  xml.Open("SignedIdentifier");
  xml.Element("Id", identifier.id);
  xml.Open("AccessPolicy");
  WriteTime(xml, "Start", identifier.start);
  WriteTime(xml, "Expiry", identifier.expiry);
  xml.ElementIfSet("Permission", identifier.permission);
  xml.Close("AccessPolicy");
  xml.Close("SignedIdentifier");
}

}  // namespace

Outcome<std::vector<SignedIdentifier>> ParseSignedIdentifiers(std::string_view body) {
  std::vector<SignedIdentifier> identifiers;
  if (body.empty()) return identifiers;
  BG_TRY(const XmlDocument document, XmlDocument::Parse(body, "SignedIdentifiers"));
  BG_TRY(const std::vector<XmlElement> elements, document.root().Children());
  if (elements.size() > kMaxSignedIdentifiers) {
    return Fail(InvalidXml("At most 5 signed identifiers are allowed."));
  }
  for (const XmlElement& element : elements) {
    BG_TRY(SignedIdentifier identifier, ParseIdentifier(element));
    if (std::ranges::find(identifiers, identifier.id, &SignedIdentifier::id) != identifiers.end()) {
      return Fail(InvalidXmlValue("Id", identifier.id, "Identifiers must be unique."));
    }
    identifiers.push_back(std::move(identifier));
  }
  return identifiers;
}

std::string RenderSignedIdentifiers(const std::vector<SignedIdentifier>& identifiers) {
  XmlWriter xml;
  if (identifiers.empty()) {
    xml.Element("SignedIdentifiers", "");
    return std::move(xml).Take();
  }
  xml.Open("SignedIdentifiers");
  for (const SignedIdentifier& identifier : identifiers) WriteIdentifier(xml, identifier);
  xml.Close("SignedIdentifiers");
  return std::move(xml).Take();
}

}  // namespace blobgate::azure
