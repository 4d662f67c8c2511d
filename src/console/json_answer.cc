#include "console/json_answer.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace blobgate::console {

using nlohmann::json;

http::Response JsonAnswer(unsigned status, const json& value) {
  http::Response response;
  response.status = status;
  response.text = value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  response.Set("Content-Type", "application/json");
  response.Set("Cache-Control", "no-store");
  return response;
}

http::Response Refusal(unsigned status, std::string_view why) {
  return JsonAnswer(status, {{"error", std::string(why)}});
}

http::Response WrongMethod(std::string_view allowed) {
  http::Response response = Refusal(405, "only " + std::string(allowed));
  response.Set("Allow", std::string(allowed));
  return response;
}

}  // namespace blobgate::console
