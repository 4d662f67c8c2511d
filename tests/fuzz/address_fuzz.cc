// What a URL names: the first line is a Host, the rest a target. What is accepted must keep to the
// rules of names, and name the same thing when it is written down and read again.
#include "azure/operation.h"
#include "azure/resource.h"
#include "base/encoding.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using fuzz::Require;

const azure::AddressRules& Rules() {
  static const azure::AddressRules rules{
      {"blob.core.windows.net", "dfs.core.windows.net"},
      [](std::string_view name) { return name == "acct" || name == "other"; },
      {"web.core.windows.net"},
      {{"www.example.net", "acct"}}};
  return rules;
}

void CheckQuery(const http::RequestHead& head) {
  Require(head.query.params().size() <= http::Query::kMaxParams);
  std::string written;
  for (const auto& [name, value] : head.query.params()) {
    Require(head.query.Has(name));
    written.append("&").append(PercentEncode(name)).append("=").append(PercentEncode(value));
  }
  const auto again = http::Query::Parse(written);
  Require(again && again->params() == head.query.params());
}

void CheckResource(const http::RequestHead& head, const azure::Resource& resource) {
  Require(!resource.account.empty());
  if (!resource.container.empty())
    Require(azure::CheckContainerName(resource.container).has_value());
  if (!resource.blob.empty()) {
    Require(!resource.container.empty());
    Require(azure::CheckBlobName(resource.blob).has_value());
    Require(IsUtf8(resource.blob) && resource.blob.find('\0') == std::string::npos);
  }
  Require(resource.path_style != azure::IsHostStyle(head.host(), Rules()));
  if (!resource.path_style) Require(Rules().is_account(resource.account));
  (void)azure::ListedPrefix(head, resource);
  (void)azure::Route(head, resource);
  if (resource.blob.empty() || resource.container == "$root") return;
  const std::string target = '/' + PercentEncode(resource.account) + '/' +
                             PercentEncode(resource.container, "$") + '/' +
                             PercentEncode(resource.blob);
  http::RequestHead again;
  again.method = head.method;
  again.target = target;
  Require(http::SplitTarget(again));
  const auto same = azure::ParseResource(again, Rules());
  Require(same && same->account == resource.account && same->container == resource.container);
  Require(same->blob == resource.blob);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::TextOf(data, size);
  http::RequestHead head;
  const std::string_view host = fuzz::TakeLine(text);
  head.headers.Add("Host", host);
  head.method = fuzz::TakeLine(text);
  head.target = text;
  if (const auto account = azure::WebsiteAccount(host, Rules())) {
    Require(Rules().is_account(*account));
  }
  if (!http::SplitTarget(head)) return 0;
  CheckQuery(head);
  if (const auto path = azure::WebsitePath(head.path); path && !path->empty()) {
    Require(azure::CheckBlobName(*path).has_value());
  }
  if (const auto resource = azure::ParseResource(head, Rules())) CheckResource(head, *resource);
  return 0;
}
