// Writes the XML of Azure's answers by appending to one string.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace blobgate::azure {

/// Appends `text` with the five predefined entities escaped, and CR as a character reference.
/// What XML 1.0 cannot carry (control characters, U+FFFE, U+FFFF, malformed UTF-8) becomes U+FFFD.
void AppendXmlText(std::string& out, std::string_view text);

/// True when XML 1.0 can carry every character of `text`.
bool IsXmlText(std::string_view text);

/// A document in Azure's spelling: byte order mark, declaration, empty elements as `<Name />`
/// (operations.md Part 4). The caller opens and closes in pairs; names are literals and are not
/// escaped.
class XmlWriter {
 public:
  /// `newline`: a line break after the declaration, as Tags answers have it.
  explicit XmlWriter(bool newline = false);

  void Open(std::string_view name);
  void Close(std::string_view name);
  /// `<name>value</name>`, or `<name />` when the value is empty.
  void Element(std::string_view name, std::string_view value);
  void Element(std::string_view name, std::uint64_t value);
  void Flag(std::string_view name, bool value) { Element(name, value ? "true" : "false"); }
  void ElementIfSet(std::string_view name, std::string_view value) {
    if (!value.empty()) Element(name, value);
  }
  /// An element for blob names, prefixes and markers: percent-encoded whole, with Encoded="true",
  /// when XML cannot carry the value (operations.md 1.7).
  void NameElement(std::string_view name, std::string_view value);

  /// Start tag with attributes: OpenTag, then Attribute, then EndTag.
  void OpenTag(std::string_view name);
  void Attribute(std::string_view name, std::string_view value);
  void EndTag() { out_ += '>'; }

  /// What was written so far; until the next change.
  std::string_view text() const { return out_; }
  /// Drops all but the first `size` bytes of it.
  void Cut(std::size_t size) { out_.resize(size); }
  /// Appends what is XML already.
  void Raw(std::string_view xml) { out_ += xml; }
  /// The document; the writer is spent.
  std::string Take() && { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace blobgate::azure
