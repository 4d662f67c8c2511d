// Blob Batch: the first line is a Content-Type, the rest a body. The parts are views into it, no
// byte is in two of them, and none can smuggle a line into the answer.
#include "azure/batch_body.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using fuzz::Require;

void CheckPart(const azure::BatchPart& part, std::string_view body) {
  const http::RequestHead& head = part.head;
  Require(fuzz::Within(head.method, body) && !head.method.empty());
  Require(fuzz::Within(head.target, body) && fuzz::HasNoLineBreak(head.target));
  Require(head.path.starts_with('/'));
  Require(head.content_length == 0 && !head.chunked);
  Require(fuzz::Within(part.content_id, body) && fuzz::HasNoLineBreak(part.content_id));
  for (const auto& [name, value] : head.headers.fields()) {
    Require(fuzz::Within(name, body) && !name.empty() && fuzz::HasNoLineBreak(name));
    Require(fuzz::Within(value, body) && fuzz::HasNoLineBreak(value));
  }
}

/// The parts as a client would send them.
std::string Write(const std::vector<azure::BatchPart>& parts, std::string_view boundary) {
  std::string out;
  for (const auto& [id, head] : parts) {
    out.append("--").append(boundary).append("\r\nContent-Type: application/http\r\nContent-ID: ");
    out.append(id).append("\r\n\r\n").append(head.method).append(" ").append(head.target);
    out += " HTTP/1.1\r\n";
    for (const auto& [name, value] : head.headers.fields()) {
      out.append(name).append(": ").append(value).append("\r\n");
    }
    out += "\r\n";
  }
  return out.append("--").append(boundary).append("--");
}

bool Same(const azure::BatchPart& a, const azure::BatchPart& b) {
  return a.content_id == b.content_id && a.head.method == b.head.method &&
         a.head.target == b.head.target && a.head.headers.fields() == b.head.headers.fields();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view body = fuzz::TextOf(data, size);
  const auto boundary = azure::BatchBoundary(fuzz::TakeLine(body));
  if (!boundary) return 0;
  const auto parts = azure::ParseBatch(body, *boundary);
  if (!parts) return 0;
  Require(!parts->empty() && parts->size() <= azure::kMaxBatchParts);
  std::string_view before = body.substr(0, 0);
  std::string answer;
  for (const auto& part : *parts) {
    CheckPart(part, body);
    Require(part.head.method.data() >= before.data() + before.size());
    before = part.head.target;
    http::Response response;
    response.status = 202;
    azure::AppendBatchAnswer(*boundary, part.content_id, response, answer);
  }
  azure::EndBatchAnswer(*boundary, answer);
  const std::string written = Write(*parts, *boundary);
  const auto again = azure::ParseBatch(written, *boundary);
  Require(again && std::ranges::equal(*again, *parts, Same));
  return 0;
}
