// Reads the small XML documents that clients send. The only user of pugixml.
//
// Document types are refused, so there are no entities but the five predefined ones and character
// references; size, number of nodes and depth are bounded before and after parsing. Attributes and
// comments are ignored, names compare with case (operations.md 4.2).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "azure/errors.h"

namespace blobgate::azure {

/// Bytes of a body that is not a block list.
inline constexpr std::size_t kMaxSmallXml = 64 * 1024;

/// Without the blanks and line breaks around it; a view into `text`.
std::string_view WithoutBlanks(std::string_view text);

/// 400 InvalidXmlDocument with Reason.
Error InvalidXml(std::string_view reason);
/// 400 InvalidXmlNodeValue with XmlNodeName, XmlNodeValue and Reason.
Error InvalidXmlValue(std::string_view node, std::string_view value, std::string_view reason = {});

/// One element; valid while its XmlDocument lives.
class XmlElement {
 public:
  explicit XmlElement(pugi::xml_node node) : node_(node) {}

  std::string_view name() const { return node_.name(); }
  /// Character data with references resolved, blanks kept. InvalidXmlDocument when there are child
  /// elements or an unknown entity.
  Outcome<std::string> Text() const;
  /// Text without blanks and line ends around it.
  Outcome<std::string> TrimmedText() const;
  /// "true" or "false" in any case; else InvalidXmlNodeValue.
  Outcome<bool> Bool() const;
  /// A number without sign up to 2^32-1; else InvalidXmlNodeValue.
  Outcome<std::uint32_t> Number() const;
  /// Child elements in order. InvalidXmlDocument for text between them.
  Outcome<std::vector<XmlElement>> Children() const;

 private:
  pugi::xml_node node_;
};

/// Child elements of a record: each at most once, in any order.
class XmlFields {
 public:
  /// UnsupportedXmlNode for a name not in `known`, InvalidXmlDocument for a repeated one.
  static Outcome<XmlFields> Of(const XmlElement& parent,
                               std::initializer_list<std::string_view> known);
  /// Null when absent.
  const XmlElement* Find(std::string_view name) const;
  /// MissingRequiredXmlNode when absent.
  Outcome<XmlElement> Require(std::string_view name) const;

 private:
  std::vector<XmlElement> fields_;
};

class XmlDocument {
 public:
  /// InvalidXmlDocument when `body` is over `max_bytes`, not well-formed UTF-8 XML, or has another
  /// root than `root`. A byte order mark and a declaration are fine.
  static Outcome<XmlDocument> Parse(std::string_view body, std::string_view root,
                                    std::size_t max_bytes = kMaxSmallXml);
  XmlElement root() const { return XmlElement(document_->document_element()); }

 private:
  explicit XmlDocument(std::unique_ptr<pugi::xml_document> document)
      : document_(std::move(document)) {}
  std::unique_ptr<pugi::xml_document> document_;
};

}  // namespace blobgate::azure
