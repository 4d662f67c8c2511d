#include "net/response_head.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>

namespace blobgate::net {

namespace {

void AppendNumber(std::uint64_t value, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

unsigned StatusOf(const http::Response& response) {
  return response.status >= 100 && response.status <= 599 ? response.status : 500;
}

}  // namespace

BodyPlan PlanBody(const http::Response& response, bool head_request, bool http_1_0) {
  const unsigned status = StatusOf(response);
  BodyPlan plan;
  const bool counted = response.stream != nullptr || (head_request && response.text.empty());
  plan.length = counted ? response.content_length : response.text.size();
  if (status < 200 || status == 204) {
    plan.length = 0;
  } else if (status == 304) {
    // The length of what was not sent, or nothing; 0 would be a statement about the resource.
    plan.has_length = plan.length > 0;
  } else if (response.stream && response.length_unknown) {
    plan.length = 0;
    plan.send = !head_request;
    plan.chunked = !http_1_0;
    plan.to_the_end = http_1_0 && plan.send;
  } else {
    plan.has_length = true;
    plan.send = !head_request && plan.length > 0;
  }
  return plan;
}

void RenderHead(const http::Response& response, const BodyPlan& plan, ConnectionField connection,
                std::string& out) {
  constexpr std::size_t kOurs = 160;  // the status line, and the fields that are the connection's
  const unsigned status = StatusOf(response);
  out.reserve(out.size() + kOurs + response.headers.text().size());
  out += "HTTP/1.1 ";
  AppendNumber(status, out);
  out += ' ';
  std::ranges::remove_copy_if(
      response.reason.empty() ? http::StandardReason(status) : response.reason,
      std::back_inserter(out), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  out += "\r\n";
  out += response.headers.text();
  if (plan.has_length) {
    out += "Content-Length: ";
    AppendNumber(plan.length, out);
    out += "\r\n";
  }
  if (plan.chunked) out += "Transfer-Encoding: chunked\r\n";
  if (connection == ConnectionField::kClose) out += "Connection: close\r\n";
  if (connection == ConnectionField::kKeepAlive) out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

std::string ChunkHead(std::uint64_t size, bool first) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
  std::string out = first ? "" : "\r\n";
  out.append(digits, end);
  out += "\r\n";
  if (size == 0) out += "\r\n";
  return out;
}

}  // namespace blobgate::net
