#include "console/assets.h"

#include <algorithm>
#include <string>

#include "base/digest.h"
#include "base/encoding.h"
#include "console/json_answer.h"

namespace blobgate::console {
namespace {

std::string EtagOf(const Asset& asset) {
  constexpr std::size_t kBytes = 16;
  const Sha256Digest digest = Sha256Of(AsBytes(asset.content));
  return '"' + HexEncode(Bytes(digest).first(kBytes)) + '"';
}

}  // namespace

http::Response AnswerAsset(const http::RequestHead& head) {
  const std::string_view path = head.path == "/" ? "/index.html" : head.path;
  const auto asset = std::ranges::find(Assets(), path, &Asset::path);
  if (asset == Assets().end()) return Refusal(404, "not found");
  if (head.method != "GET" && head.method != "HEAD") return WrongMethod("GET, HEAD");
  http::Response response;
  const std::string etag = EtagOf(*asset);
  response.status = head.headers.Get("if-none-match") == etag ? 304 : 200;
  response.Set("ETag", etag);
  response.Set("Cache-Control", "no-cache");
  if (response.status == 304) return response;
  response.Set("Content-Type", std::string(asset->type));
  response.text = asset->content;
  return response;
}

}  // namespace blobgate::console
