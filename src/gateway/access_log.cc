#include "gateway/access_log.h"

#include "base/encoding.h"

namespace blobgate::gateway {

std::string RedactTarget(std::string_view target) {
  const auto query = target.find('?');
  if (query == std::string_view::npos) return std::string(target);
  std::string out;
  out.reserve(target.size());
  out += target.substr(0, query + 1);
  std::string_view rest = target.substr(query + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view param = rest.substr(0, end);
    if (param.size() >= 4 && EqualsIgnoreCase(param.substr(0, 4), "sig=")) {
      out += "sig=REDACTED";
    } else {
      out += param;
    }
    if (end == std::string_view::npos) break;
    out += '&';
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace blobgate::gateway
