// JSON that strangers send, as everything of theirs is read that is JSON. Two readers agree.
#include "azure/strict_json.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using fuzz::Require;
using nlohmann::json;

int DepthOf(const json& value) {
  int below = 0;
  if (!value.is_structured()) return 0;
  for (const json& item : value) below = std::max(below, DepthOf(item));
  return below + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::TextOf(data, size);
  const auto object = azure::ParseStrictObject(text);
  if (!object) return 0;
  Require(object->is_object() && DepthOf(*object) <= 8);
  Require(*object == json::parse(text));
  const std::string written = object->dump();  // throws for what is no UTF-8
  Require(azure::ParseStrictObject(written) == object);
  Require(!azure::ParseStrictObject(text.substr(0, text.find_last_of('}'))));
  Require(!azure::ParseStrictObject(written, DepthOf(*object) - 1));
  for (const auto& [name, value] : object->items()) {
    if (name.find('\0') != std::string::npos) continue;  // nobody asks for such a one
    const auto one = azure::TextMember(*object, name.c_str());
    Require(one.has_value() == value.is_string());
    const auto all = azure::TextsMember(*object, name.c_str());
    if (one) Require(all && all->size() == 1 && all->front() == *one);
  }
  return 0;
}
