#include "net/response_head.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/encoding.h"

namespace blobgate::net {

namespace {

constexpr std::string_view kNeverInText{"\r\n\0", 3};

bool IsOurs(std::string_view name) {
  switch (name.size()) {
    case 10:
      return EqualsIgnoreCase(name, "connection");
    case 14:
      return EqualsIgnoreCase(name, "content-length");
    case 17:
      return EqualsIgnoreCase(name, "transfer-encoding");
    default:
      return false;
  }
}

bool IsFieldName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    constexpr std::string_view kSeparators = "\"(),/:;<=>?@[\\]{}";
    return c > ' ' && c < 0x7f && kSeparators.find(c) == std::string_view::npos;
  });
}

void AppendText(std::string_view text, std::string& out) {
  if (text.find_first_of(kNeverInText) == std::string_view::npos) {
    out += text;
    return;
  }
  for (const char c : text) {
    if (kNeverInText.find(c) == std::string_view::npos) out += c;
  }
}

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
  const unsigned status = StatusOf(response);
  out += "HTTP/1.1 ";
  AppendNumber(status, out);
  out += ' ';
  AppendText(response.reason.empty() ? http::StandardReason(status) : response.reason, out);
  out += "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (IsOurs(name) || !IsFieldName(name)) continue;
    out += name;
    out += ": ";
    AppendText(value, out);
    out += "\r\n";
  }
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
