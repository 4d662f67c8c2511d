#include "azure/batch_body.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "http/token.h"

namespace blobgate::azure {
namespace {

constexpr std::size_t kMaxBoundary = 70;  // RFC 2046 5.1.1

Error Malformed(std::string reason) {
  return Error(ErrorCode::kInvalidInput).WithDetail("Reason", std::move(reason));
}

/// Lines of a text, without their ends.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  std::optional<std::string_view> Next() {
    if (rest_.empty()) return std::nullopt;
    const auto end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

 private:
  std::string_view rest_;
};

/// Header lines up to the empty line or the end. False for a line that is none.
bool ReadFields(Lines& lines, http::HeaderView& fields) {
  while (const auto line = lines.Next()) {
    if (line->empty()) return true;
    const auto colon = line->find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const std::string_view name = line->substr(0, colon);
    const std::string_view value = Trim(line->substr(colon + 1));
    const bool controls = std::ranges::any_of(
        value, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; });
    if (controls || !std::ranges::all_of(name, http::IsTokenChar)) return false;
    fields.Add(name, value);
  }
  return true;
}

/// "DELETE /container/blob HTTP/1.1"
bool ReadRequestLine(std::string_view line, http::RequestHead& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == 0 || last <= first + 1) return false;
  if (!line.substr(last + 1).starts_with("HTTP/1.")) return false;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  if (!std::ranges::all_of(head.method, http::IsTokenChar)) return false;
  const bool printable =
      std::ranges::all_of(head.target, [](char c) { return c > 0x20 && c < 0x7F; });
  return printable && http::SplitTarget(head);
}

Outcome<BatchPart> ParsePart(std::string_view text) {
  BatchPart part;
  Lines lines(text);
  http::HeaderView fields;
  if (!ReadFields(lines, fields)) return Fail(Malformed("a part has no proper head"));
  if (!EqualsIgnoreCase(fields.Get("content-type"), "application/http")) {
    return Fail(Malformed("a part is not application/http"));
  }
  part.content_id = fields.Get("content-id");
  const auto line = lines.Next();
  if (!line || !ReadRequestLine(*line, part.head) || !ReadFields(lines, part.head.headers)) {
    return Fail(Malformed("a part holds no proper request"));
  }
  const std::string_view length = part.head.headers.Get("content-length");
  if ((!length.empty() && length != "0") || part.head.headers.Has("transfer-encoding")) {
    return Fail(Malformed("a part has a body"));
  }
  part.head.content_length = 0;
  return part;
}

/// The texts between the delimiter lines.
Outcome<std::vector<std::string_view>> SplitParts(std::string_view body,
                                                  std::string_view boundary) {
  const std::string delimiter = "--" + std::string(boundary);
  std::vector<std::string_view> parts;
  std::size_t at = body.starts_with(delimiter) ? 0 : body.find("\n" + delimiter);
  while (at != std::string_view::npos) {
    if (body[at] == '\n') ++at;
    at += delimiter.size();
    if (body.substr(at).starts_with("--")) return parts;
    const auto line_end = body.find('\n', at);
    if (line_end == std::string_view::npos) break;
    const std::string_view padding = body.substr(at, line_end - at);
    if (padding.find_first_not_of(" \t\r") != std::string_view::npos) break;
    const auto end = body.find("\n" + delimiter, line_end);
    if (end == std::string_view::npos) break;
    if (parts.size() == kMaxBatchParts) return Fail(Malformed("more than 256 parts"));
    parts.push_back(end > line_end ? body.substr(line_end + 1, end - line_end)
                                   : std::string_view());
    at = end;
  }
  return Fail(Malformed("the delimiters of the parts are not in order"));
}

}  // namespace

Outcome<std::string_view> BatchBoundary(std::string_view content_type) {
  constexpr std::string_view kName = "Content-Type";
  constexpr std::string_view kType = "multipart/mixed";
  if (content_type.empty()) return Fail(MissingHeader(kName));
  const auto end = content_type.find(';');
  if (!EqualsIgnoreCase(Trim(content_type.substr(0, end)), kType) ||
      end == std::string_view::npos) {
    return Fail(InvalidHeader(kName, content_type));
  }
  std::string_view parameter = Trim(content_type.substr(end + 1));
  constexpr std::string_view kBoundary = "boundary=";
  if (!EqualsIgnoreCase(parameter.substr(0, kBoundary.size()), kBoundary)) {
    return Fail(InvalidHeader(kName, content_type));
  }
  parameter.remove_prefix(kBoundary.size());
  if (parameter.size() >= 2 && parameter.front() == '"' && parameter.back() == '"') {
    parameter = parameter.substr(1, parameter.size() - 2);
  }
  const bool plain = std::ranges::all_of(parameter, [](char c) { return c > 0x20 && c < 0x7F; });
  if (parameter.empty() || parameter.size() > kMaxBoundary || !plain) {
    return Fail(InvalidHeader(kName, content_type));
  }
  return parameter;
}

Outcome<std::vector<BatchPart>> ParseBatch(std::string_view body, std::string_view boundary) {
  BG_TRY(const auto texts, SplitParts(body, boundary));
  if (texts.empty()) return Fail(Malformed("no parts"));
  std::vector<BatchPart> parts;
  parts.reserve(texts.size());
  for (const std::string_view text : texts) {
    BG_TRY(auto part, ParsePart(text));
    parts.push_back(std::move(part));
  }
  return parts;
}

void AppendBatchAnswer(std::string_view boundary, std::string_view content_id,
                       const http::Response& response, std::string& out) {
  const auto line = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  out.append("--").append(boundary).append("\r\n");
  line("Content-Type", "application/http");
  if (!content_id.empty()) line("Content-ID", content_id);
  out.append("\r\nHTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  std::string reason(response.reason.empty() ? http::StandardReason(response.status)
                                             : response.reason);
  std::ranges::replace_if(reason, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  out.append(reason).append("\r\n");
  for (const auto& [name, value] : response.headers) line(name, value);
  if (!response.text.empty()) line("Content-Length", std::to_string(response.text.size()));
  out.append("\r\n");
  // Without a body the blank line belongs to the delimiter, as Azure writes it: the Java SDK takes
  // one more line for the body of an error.
  if (!response.text.empty()) out.append(response.text).append("\r\n");
}

void EndBatchAnswer(std::string_view boundary, std::string& out) {
  out.append("--").append(boundary).append("--\r\n");
}

}  // namespace blobgate::azure
