#include "gateway/website.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "azure/resource.h"
#include "base/encoding.h"
#include "operations/internal_request.h"
#include "operations/service/service_properties.h"

namespace blobgate::gateway {
namespace {

constexpr std::string_view kContainer = "$web";
/// What a browser may say about the content it wants.
constexpr std::array<std::string_view, 5> kHonoured = {"Range", "If-Match", "If-None-Match",
                                                       "If-Modified-Since", "If-Unmodified-Since"};

bool IsMissing(azure::ErrorCode code) {
  return code == azure::ErrorCode::kBlobNotFound || code == azure::ErrorCode::kContainerNotFound;
}

/// The blobs that may be the answer to `path`, the best first.
std::vector<std::string> Candidates(const std::string& path, const azure::StaticWebsite& website) {
  const bool directory = path.empty() || path.ends_with('/');
  std::vector<std::string> names;
  if (!directory) names.push_back(path);
  if (!website.index_document.empty()) {
    std::string name = path;
    if (!directory) name += '/';
    names.push_back(name.append(website.index_document));
  }
  if (directory && !website.default_index_document_path.empty()) {
    names.push_back(website.default_index_document_path);
  }
  return names;
}

/// Headers that speak of the blob and not of its content are left out.
void KeepContentHeaders(http::Response& response) {
  response.headers.EraseIf(
      [](const auto& header) { return ToLower(header.first).starts_with("x-ms-"); });
}

/// The blob `name` as Get Blob, or Get Blob Properties for HEAD, answers it; `plain`: whole and
/// whatever the conditions say.
Task<azure::Outcome<http::Response>> Read(operations::Services& services,
                                          const WebsiteRequest& request, std::string name,
                                          bool plain) {
  const auto operation = request.head.method == "HEAD" ? azure::Operation::kGetBlobProperties
                                                       : azure::Operation::kGetBlob;
  operations::InternalRequest read(request.account, operation, std::string(kContainer),
                                   std::move(name));
  read.Id(std::string(request.request_id));
  for (const std::string_view header : kHonoured) {
    const auto value = request.head.headers.Find(header);
    if (value && !plain) read.Header(header, std::string(*value));
  }
  auto answer = co_await read.Run(services);
  if (answer) KeepContentHeaders(*answer);
  co_return answer;
}

Task<azure::Outcome<http::Response>> ErrorDocument(operations::Services& services,
                                                   const WebsiteRequest& request,
                                                   const azure::StaticWebsite& website) {
  const azure::Error missing(azure::ErrorCode::kWebContentNotFound);
  if (website.error_document_404_path.empty()) co_return azure::Fail(missing);
  auto answer = co_await Read(services, request, website.error_document_404_path, true);
  if (!answer) {
    const bool none = IsMissing(answer.error().code);
    co_return azure::Fail(none ? missing : std::move(answer).error());
  }
  answer->status = missing.http_status();
  answer->Set("x-ms-error-code", std::string(azure::InfoOf(missing.code).code));
  co_return answer;
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

Task<azure::Outcome<http::Response>> ServeWebsite(operations::Services& services,
                                                  const WebsiteRequest& request) {
  const std::string_view method = request.head.method;
  if (method != "GET" && method != "HEAD") {
    co_return azure::Fail(
        azure::Error(azure::ErrorCode::kUnsupportedHttpVerb).WithHeader("Allow", "GET, HEAD"));
  }
  BG_CO_TRY(const std::string path, azure::WebsitePath(request.head.path));
  BG_CO_TRY(const auto stored,
            co_await operations::RecentServiceProperties(services, request.account.name));
  const azure::StaticWebsite& website = stored->static_website;
  if (!website.enabled) co_return azure::Fail(azure::ErrorCode::kWebContentNotFound);
  for (std::string& name : Candidates(path, website)) {
    auto answer = co_await Read(services, request, std::move(name), false);
    if (answer || !IsMissing(answer.error().code)) co_return answer;
  }
  co_return co_await ErrorDocument(services, request, website);
}

std::string WebsiteErrorPage(const azure::Error& error, std::string_view request_id, Time now) {
  const azure::ErrorInfo& info = azure::InfoOf(error.code);
  const std::string message = Escaped(error.message());
  std::string page = "<!DOCTYPE html><html><head><title>";
  page.append(info.code).append("</title></head><body><h1>").append(message).append("</h1><p><ul>");
  page.append("<li>HttpStatusCode: ").append(std::to_string(error.http_status())).append("</li>");
  page.append("<li>ErrorCode: ").append(info.code).append("</li>");
  page.append("<li>RequestId : ").append(request_id).append("</li>");
  page.append("<li>TimeStamp : ").append(FormatIso8601(now)).append("</li>");
  return page.append("</ul></p></body></html>");
}

}  // namespace blobgate::gateway
