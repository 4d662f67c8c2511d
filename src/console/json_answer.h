// Answers of the console that are not the Blob endpoint's.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "http/response.h"

namespace blobgate::console {

http::Response JsonAnswer(unsigned status, const nlohmann::json& value);
/// {"error": why}
http::Response Refusal(unsigned status, std::string_view why);
/// 405; `allowed` are methods with commas.
http::Response WrongMethod(std::string_view allowed);

}  // namespace blobgate::console
