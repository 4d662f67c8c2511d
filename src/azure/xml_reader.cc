#include "azure/xml_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "azure/xml_writer.h"
#include "base/encoding.h"

namespace blobgate::azure {
namespace {

// Tags in a document, start and end: a block list of 50,000 has 100,002. Bounds the memory for
// nodes, which are larger than the shortest tag.
constexpr std::ptrdiff_t kMaxTags = 250'000;
constexpr int kMaxDepth = 16;

// References stay as they are and are resolved by Text, which knows no entities of a document's
// own.
constexpr unsigned kParseFlags = pugi::parse_cdata | pugi::parse_eol | pugi::parse_doctype |
                                 pugi::parse_fragment | pugi::parse_ws_pcdata_single;

bool IsBlankText(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool IsData(const pugi::xml_node& node) {
  return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
}

// Line and column of `offset`, both from 1, as Azure's error tells them.
Error SyntaxError(std::string_view body, std::ptrdiff_t offset, std::string_view reason) {
  const auto at =
      std::min(body.size(), static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, offset)));
  const std::string_view before = body.substr(0, at);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return Error(ErrorCode::kInvalidXmlDocument)
      .WithDetail("LineNumber", std::to_string(line))
      .WithDetail("LinePosition", std::to_string(at - line_start + 1))
      .WithDetail("Reason", std::string(reason));
}

Outcome<void> CheckText(std::string_view body, std::size_t max_bytes) {
  if (body.size() > max_bytes) return Fail(InvalidXml("The document is too large."));
  // This refuses NUL, other control characters, and encodings other than UTF-8.
  if (!IsXmlText(body)) return Fail(InvalidXml("The document has invalid characters."));
  if (std::ranges::count(body, '<') > kMaxTags) {
    return Fail(InvalidXml("The document has too many elements."));
  }
  return {};
}

// One element at the top and no other content; no element deeper than kMaxDepth.
Outcome<void> CheckShape(const pugi::xml_document& document, std::string_view root) {
  int elements = 0;
  for (const pugi::xml_node& node : document.children()) {
    if (node.type() == pugi::node_element) {
      if (++elements > 1 || node.name() != root)
        return Fail(InvalidXml("Unexpected root element."));
    } else if (!IsData(node) || !IsBlankText(node.value())) {
      return Fail(InvalidXml("Unexpected content outside of the root element."));
    }
  }
  if (elements == 0) return Fail(InvalidXml("Root element is missing."));
  struct DepthWalker : pugi::xml_tree_walker {
    bool for_each(pugi::xml_node&) override { return depth() <= kMaxDepth; }
  } walker;
  // pugixml walks without recursion, and leaves the document as it is.
  if (!const_cast<pugi::xml_document&>(document).traverse(walker)) {
    return Fail(InvalidXml("Elements are nested too deeply."));
  }
  return {};
}

void AppendUtf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

// `#38` or `#x26`, without & and ;.
bool AppendCharacter(std::string& out, std::string_view reference) {
  const bool hex = reference.starts_with("#x");
  reference.remove_prefix(hex ? 2 : 1);
  std::uint32_t value = 0;
  const auto [end, error] =
      std::from_chars(reference.data(), reference.data() + reference.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != reference.data() + reference.size()) return false;
  if (value > 0x10FFFF) return false;
  std::string text;
  AppendUtf8(text, value);
  if (!IsXmlText(text)) return false;  // surrogates come out as malformed UTF-8
  out += text;
  return true;
}

bool AppendReference(std::string& out, std::string_view name) {
  if (name.starts_with('#')) return AppendCharacter(out, name);
  if (name == "amp") return out += '&', true;
  if (name == "lt") return out += '<', true;
  if (name == "gt") return out += '>', true;
  if (name == "quot") return out += '"', true;
  if (name == "apos") return out += '\'', true;
  return false;
}

bool AppendResolved(std::string& out, std::string_view raw) {
  while (true) {
    const std::size_t amp = raw.find('&');
    out += raw.substr(0, amp);
    if (amp == std::string_view::npos) return true;
    raw.remove_prefix(amp + 1);
    const std::size_t end = raw.find(';');
    if (end == std::string_view::npos || !AppendReference(out, raw.substr(0, end))) return false;
    raw.remove_prefix(end + 1);
  }
}

}  // namespace

std::string_view WithoutBlanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

Error InvalidXml(std::string_view reason) {
  return Error(ErrorCode::kInvalidXmlDocument).WithDetail("Reason", std::string(reason));
}

Error InvalidXmlValue(std::string_view node, std::string_view value, std::string_view reason) {
  return Error(ErrorCode::kInvalidXmlNodeValue)
      .WithDetail("XmlNodeName", std::string(node))
      .WithDetail("XmlNodeValue", std::string(value))
      .WithDetail("Reason", std::string(reason));
}

Outcome<std::string> XmlElement::Text() const {
  std::string text;
  for (const pugi::xml_node& child : node_.children()) {
    if (child.type() == pugi::node_cdata) {
      text += child.value();
    } else if (child.type() != pugi::node_pcdata) {
      return Fail(InvalidXml("Unexpected element in " + std::string(name()) + "."));
    } else if (!AppendResolved(text, child.value())) {
      return Fail(InvalidXml("Reference to an undeclared entity."));
    }
  }
  return text;
}

Outcome<std::string> XmlElement::TrimmedText() const {
  BG_TRY(const std::string text, Text());
  return std::string(WithoutBlanks(text));
}

Outcome<bool> XmlElement::Bool() const {
  BG_TRY(const std::string text, TrimmedText());
  if (EqualsIgnoreCase(text, "true")) return true;
  if (EqualsIgnoreCase(text, "false")) return false;
  return Fail(InvalidXmlValue(name(), text));
}

Outcome<std::uint32_t> XmlElement::Number() const {
  BG_TRY(const std::string text, TrimmedText());
  const std::optional<std::uint64_t> value = ParseUnsigned(text);
  if (!value || *value > std::numeric_limits<std::uint32_t>::max()) {
    return Fail(InvalidXmlValue(name(), text));
  }
  return static_cast<std::uint32_t>(*value);
}

Outcome<std::vector<XmlElement>> XmlElement::Children() const {
  std::vector<XmlElement> children;
  for (const pugi::xml_node& child : node_.children()) {
    if (child.type() == pugi::node_element) {
      children.emplace_back(child);
    } else if (!IsData(child) || !IsBlankText(child.value())) {
      return Fail(InvalidXml("Unexpected text in " + std::string(name()) + "."));
    }
  }
  return children;
}

Outcome<XmlFields> XmlFields::Of(const XmlElement& parent,
                                 std::initializer_list<std::string_view> known) {
  XmlFields result;
  BG_TRY(std::vector<XmlElement> children, parent.Children());
  for (const XmlElement& child : children) {
    if (std::ranges::find(known, child.name()) == known.end()) {
      return Fail(Error(ErrorCode::kUnsupportedXmlNode)
                      .WithDetail("XmlNodeName", std::string(child.name())));
    }
    if (result.Find(child.name())) {
      return Fail(InvalidXml("Repeated element " + std::string(child.name()) + "."));
    }
    result.fields_.push_back(child);
  }
  return result;
}

const XmlElement* XmlFields::Find(std::string_view name) const {
  auto it = std::ranges::find(fields_, name, &XmlElement::name);
  return it == fields_.end() ? nullptr : &*it;
}

Outcome<XmlElement> XmlFields::Require(std::string_view name) const {
  if (const XmlElement* element = Find(name)) return *element;
  return Fail(
      Error(ErrorCode::kMissingRequiredXmlNode).WithDetail("XmlNodeName", std::string(name)));
}

Outcome<XmlDocument> XmlDocument::Parse(std::string_view body, std::string_view root,
                                        std::size_t max_bytes) {
  BG_CHECK(CheckText(body, max_bytes));
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  auto document = std::make_unique<pugi::xml_document>();
  const pugi::xml_parse_result parsed =
      document->load_buffer(body.data(), body.size(), kParseFlags, pugi::encoding_utf8);
  if (!parsed) return Fail(SyntaxError(body, parsed.offset, parsed.description()));
  BG_CHECK(CheckShape(*document, root));
  return XmlDocument(std::move(document));
}

}  // namespace blobgate::azure
