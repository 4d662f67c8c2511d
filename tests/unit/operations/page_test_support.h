// What the tests of page blobs share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "blob/page_layers.h"
#include "copy_test_support.h"

namespace blobgate::operations {

class PageTest : public CopyTest {
 protected:
  static std::string Pages(std::size_t count, char c) { return std::string(count * 512, c); }
  static std::string Span(std::uint64_t offset, std::uint64_t length) {
    return "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + length - 1);
  }

  test::Reply Create(std::string_view name, std::uint64_t size, std::string_view headers = {}) {
    return h.Send("PUT /c/" + std::string(name) +
                  "\nx-ms-blob-type: PageBlob\nContent-Length: 0\nx-ms-blob-content-length: " +
                  std::to_string(size) + std::string(headers));
  }
  test::Reply Write(std::string_view name, std::uint64_t offset, std::string pages,
                    std::string_view headers = {}) {
    const std::string head =
        "PUT /c/" + std::string(name) +
        "?comp=page\nx-ms-page-write: update\nx-ms-range: " + Span(offset, pages.size()) +
        std::string(headers);
    return h.Send(head, std::move(pages));
  }
  test::Reply Clear(std::string_view name, std::uint64_t offset, std::uint64_t length,
                    std::string_view headers = {}) {
    return h.Send("PUT /c/" + std::string(name) +
                  "?comp=page\nx-ms-page-write: clear\nContent-Length: 0\nx-ms-range: " +
                  Span(offset, length) + std::string(headers));
  }
  test::Reply Resize(std::string_view name, std::uint64_t size) {
    return h.Send("PUT /c/" + std::string(name) +
                  "?comp=properties\nx-ms-blob-content-length: " + std::to_string(size));
  }

  /// A page list as "0-511 1024-1535 ", with "!" before what is cleared.
  static std::string Flat(std::string_view xml) {
    std::string out;
    const auto number = [&](std::string_view tag) {
      const auto at = xml.find(tag) + tag.size();
      return std::string(xml.substr(at, xml.find('<', at) - at));
    };
    for (;;) {
      const auto range = xml.find("Range><Start>");
      if (range == std::string_view::npos) return out;
      if (xml.substr(0, range).ends_with("<Clear")) out += '!';
      xml.remove_prefix(range);
      out += number("<Start>") + "-" + number("<End>") + " ";
      xml.remove_prefix(xml.find("</End>"));
      xml.remove_prefix(xml.find("Range>") + 6);
    }
  }
  std::string Ranges(std::string_view name, std::string_view query = {}) {
    const auto reply =
        h.Send("GET /c/" + std::string(name) + "?comp=pagelist" + std::string(query));
    EXPECT_EQ(reply.status, 200u) << reply.code;
    return Flat(reply.body);
  }

  using CopyTest::Body;
  std::string Body(std::string_view name, std::uint64_t offset, std::uint64_t length) {
    return h.Send("GET /c/" + std::string(name) + "\nx-ms-range: " + Span(offset, length)).body;
  }

  /// Reads a body without keeping it; `meanwhile` runs after the first piece. How it ended.
  std::optional<Errc> Probe(std::string_view get, const std::function<void()>& meanwhile) {
    h.on_first_piece = meanwhile;
    h.discard_body = true;
    const auto reply = h.Send(get);
    h.on_first_piece = nullptr;
    h.discard_body = false;
    EXPECT_EQ(reply.status, 206u) << reply.code;
    return reply.stream_error;
  }
};

}  // namespace blobgate::operations
