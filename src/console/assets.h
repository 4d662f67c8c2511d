// The page's files, as src/console/assets has them; cmake/embed_assets.cmake puts them in.
#pragma once

#include <span>
#include <string_view>

#include "http/request_head.h"
#include "http/response.h"

namespace blobgate::console {

struct Asset {
  std::string_view path;  ///< "/console.css"
  std::string_view type;  ///< Content-Type
  std::string_view content;
};

std::span<const Asset> Assets();

/// The asset at `head.path`, `/` being /index.html: 200, 304 when the browser has it, 404, or 405.
/// Nobody is asked who they are: there is nothing in them that is not public.
http::Response AnswerAsset(const http::RequestHead& head);

}  // namespace blobgate::console
