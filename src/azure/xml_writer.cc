#include "azure/xml_writer.h"

#include <array>

#include "azure/utf8.h"
#include "base/encoding.h"

namespace blobgate::azure {
namespace {

// Bytes that can be copied without a look at their neighbours.
constexpr std::array<bool, 256> MakePlain() {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c < 0x80; ++c) plain[c] = true;
  plain['\t'] = plain['\n'] = true;
  plain['&'] = plain['<'] = plain['>'] = plain['"'] = plain['\''] = false;
  return plain;
}
constexpr auto kPlain = MakePlain();

std::string_view EntityOf(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&apos;";
    case '\r':
      return "&#xD;";
    default:
      return {};
  }
}

std::size_t PlainRun(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && kPlain[static_cast<unsigned char>(text[n])]) ++n;
  return n;
}

bool IsXmlChar(char32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  return c != 0xFFFE && c != 0xFFFF;
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

void AppendXmlText(std::string& out, std::string_view text) {
  while (!text.empty()) {
    if (std::size_t run = PlainRun(text); run > 0) {
      out.append(text.substr(0, run));
      text.remove_prefix(run);
      continue;
    }
    if (std::string_view entity = EntityOf(text.front()); !entity.empty()) {
      out.append(entity);
      text.remove_prefix(1);
      continue;
    }
    CodePoint next = NextCodePoint(text);
    if (next.valid && IsXmlChar(next.value)) {
      out.append(text.substr(0, next.bytes));
    } else {
      out.append(kReplacement);
    }
    text.remove_prefix(next.bytes);
  }
}

bool IsXmlText(std::string_view text) {
  while (!text.empty()) {
    if (std::size_t run = PlainRun(text); run > 0) {
      text.remove_prefix(run);
      continue;
    }
    CodePoint next = NextCodePoint(text);
    if (!next.valid || !IsXmlChar(next.value)) return false;
    text.remove_prefix(next.bytes);
  }
  return true;
}

XmlWriter::XmlWriter(bool newline) {
  out_ = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>";
  if (newline) out_ += '\n';
}

void XmlWriter::Open(std::string_view name) {
  OpenTag(name);
  EndTag();
}

void XmlWriter::Close(std::string_view name) {
  out_ += "</";
  out_ += name;
  out_ += '>';
}

void XmlWriter::Element(std::string_view name, std::string_view value) {
  OpenTag(name);
  if (value.empty()) {
    out_ += " />";
    return;
  }
  EndTag();
  AppendXmlText(out_, value);
  Close(name);
}

void XmlWriter::Element(std::string_view name, std::uint64_t value) {
  Element(name, std::string_view(std::to_string(value)));
}

void XmlWriter::NameElement(std::string_view name, std::string_view value) {
  if (IsXmlText(value)) {
    Element(name, value);
    return;
  }
  OpenTag(name);
  Attribute("Encoded", "true");
  EndTag();
  out_ += PercentEncode(value);
  Close(name);
}

void XmlWriter::OpenTag(std::string_view name) {
  out_ += '<';
  out_ += name;
}

void XmlWriter::Attribute(std::string_view name, std::string_view value) {
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  AppendXmlText(out_, value);
  out_ += '"';
}

}  // namespace blobgate::azure
