// What Shared Key signs: the first line is a target, the rest are headers. Two requests that differ
// must not be signed alike: the canonical headers are taken apart again, and the orders are orders.
#include <vector>

#include "auth/canonical.h"
#include "base/encoding.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using fuzz::Require;

template <class Less>
void CheckOrder(const std::vector<http::HeaderView::Field>& fields, Less less) {
  for (std::size_t i = 2; i < fields.size(); ++i) {
    const std::string_view a = fields[i - 2].first, b = fields[i - 1].first, c = fields[i].first;
    Require(!less(a, a) && !(less(a, b) && less(b, a)));
    if (less(a, b) && less(b, c)) Require(less(a, c));
    if (!less(a, b) && !less(b, a) && !less(b, c) && !less(c, b)) {
      Require(!less(a, c) && !less(c, a));
    }
  }
}

/// Every line is one header, so that no value can pass for another header.
void CheckExtensions(const auth::SignedHeaders& picked, const http::HeaderView& headers) {
  for (const bool ordinal : {false, true}) {
    for (const bool fold : {false, true}) {
      std::string lines;
      picked.AppendExtensions(lines, {ordinal, fold});
      std::string_view rest = lines;
      while (!rest.empty()) {
        std::string_view line = fuzz::TakeLine(rest);
        const std::string_view name = fuzz::TakeUntil(line, ':');
        Require(name.starts_with("x-ms-") && ToLower(name) == name);
        Require(headers.Count(name) == 1);
        if (!fold) Require(headers.Get(name) == line);
      }
      if (!picked.OrderMatters() && !picked.BlanksMatter()) {
        std::string first;
        picked.AppendExtensions(first, {});
        Require(first == lines);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::TextOf(data, size);
  http::RequestHead head;
  head.target = fuzz::TakeLine(text);
  if (!http::SplitTarget(head)) return 0;
  head.headers = fuzz::HeadersOf(text);
  CheckOrder(head.headers.fields(), auth::CultureLess);
  CheckOrder(head.headers.fields(), auth::OrdinalLess);
  std::string resource;
  auth::AppendCanonicalResource(resource, "acct", head);
  Require(resource.starts_with("/acct" + std::string(head.path)));
  auth::AppendLiteResource(resource, "acct", head);
  if (const auto picked = auth::SignedHeaders::Pick(head.headers)) {
    CheckExtensions(*picked, head.headers);
  }
  return 0;
}
