#include "azure/lifecycle_policy.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "azure/strict_json.h"

namespace blobgate::azure {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxRules = 100;
constexpr std::size_t kMaxFilters = 10;  // prefixes, and tags
constexpr std::size_t kMaxName = 256;    // characters of a rule's name
constexpr std::uint64_t kMaxDays = 99999;

std::unexpected<blobgate::Error> Bad(const std::string& where, const std::string& what) {
  return blobgate::Fail(Errc::kInvalidArgument, where + ": " + what);
}

/// `object` is one, and has no members but `known`.
Status CheckMembers(const json& object, const std::string& where,
                    std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return Bad(where, "must be an object");
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(known, name) == known.end()) return Bad(where, "unknown: " + name);
  }
  return {};
}

Result<bool> Flag(const json& object, const char* name, const std::string& where, bool fallback) {
  const auto found = object.find(name);
  if (found == object.end()) return fallback;
  if (!found->is_boolean()) return Bad(where, std::string(name) + " must be true or false");
  return found->get<bool>();
}

Result<std::vector<std::string>> Texts(const json& object, const char* name,
                                       const std::string& where) {
  const auto found = object.find(name);
  if (found == object.end()) return std::vector<std::string>();
  const auto texts = found->is_array() ? TextsMember(object, name) : std::nullopt;
  if (!texts) return Bad(where, std::string(name) + " must be a list of strings");
  return *texts;
}

Result<std::optional<std::uint32_t>> Days(const json& object, const char* name,
                                          const std::string& where) {
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  // Some tools write 30.0.
  const bool whole = found->is_number() && found->get<double>() >= 0 &&
                     found->get<double>() <= static_cast<double>(kMaxDays) &&
                     found->get<double>() == static_cast<std::uint32_t>(found->get<double>());
  if (!whole) {
    return Bad(where, std::string(name) + " must be a whole number 0.." + std::to_string(kMaxDays));
  }
  return static_cast<std::uint32_t>(found->get<double>());
}

/// Of snapshots and versions only the creation counts: they do not change and have no access time.
Result<LifecycleAges> ParseAges(const json& action, const std::string& where, bool base) {
  BG_CHECK(
      CheckMembers(action, where,
                   {"daysAfterModificationGreaterThan", "daysAfterCreationGreaterThan",
                    "daysAfterLastAccessTimeGreaterThan", "daysAfterLastTierChangeGreaterThan"}));
  LifecycleAges ages;
  BG_TRY(ages.modification, Days(action, "daysAfterModificationGreaterThan", where));
  BG_TRY(ages.creation, Days(action, "daysAfterCreationGreaterThan", where));
  BG_TRY(ages.access, Days(action, "daysAfterLastAccessTimeGreaterThan", where));
  BG_TRY(ages.tier_change, Days(action, "daysAfterLastTierChangeGreaterThan", where));
  if (!base && (ages.modification || ages.access)) {
    return Bad(where, "only daysAfterCreationGreaterThan is for snapshots and versions");
  }
  const int given =
      ages.modification.has_value() + ages.creation.has_value() + ages.access.has_value();
  if (given != 1) return Bad(where, "exactly one age since modification, creation or access");
  return ages;
}

Result<std::optional<LifecycleAges>> ParseAction(const json& actions, const char* name,
                                                 const std::string& where, bool base) {
  const auto found = actions.find(name);
  if (found == actions.end()) return std::nullopt;
  BG_TRY(auto ages, ParseAges(*found, where + "." + name, base));
  const bool archives = std::string_view(name) == "tierToArchive";
  if (ages.tier_change && !archives) {
    return Bad(where + "." + name, "daysAfterLastTierChangeGreaterThan is for tierToArchive");
  }
  return std::optional(ages);
}

Result<LifecycleActions> ParseActions(const json& all, const char* kind, const std::string& where) {
  LifecycleActions actions;
  const auto found = all.find(kind);
  if (found == all.end()) return actions;
  const std::string at = where + "." + kind;
  const bool base = std::string_view(kind) == "baseBlob";
  BG_CHECK(CheckMembers(
      *found, at,
      {"tierToCool", "tierToCold", "tierToArchive", "delete", "enableAutoTierToHotFromCool"}));
  BG_TRY(actions.to_cool, ParseAction(*found, "tierToCool", at, base));
  BG_TRY(actions.to_cold, ParseAction(*found, "tierToCold", at, base));
  BG_TRY(actions.to_archive, ParseAction(*found, "tierToArchive", at, base));
  BG_TRY(actions.remove, ParseAction(*found, "delete", at, base));
  BG_TRY(actions.auto_tier_to_hot, Flag(*found, "enableAutoTierToHotFromCool", at, false));
  if (actions.auto_tier_to_hot && !(base && actions.to_cool && actions.to_cool->access)) {
    return Bad(at, "enableAutoTierToHotFromCool needs tierToCool after a last access");
  }
  if (actions.empty()) return Bad(at, "has no action");
  return actions;
}

Result<LifecycleTag> ParseTag(const json& tag, const std::string& where) {
  BG_CHECK(CheckMembers(tag, where, {"name", "op", "value"}));
  const auto name = TextMember(tag, "name");
  const auto op = TextMember(tag, "op");
  const auto value = TextMember(tag, "value");
  if (!name || name->empty() || !value || !tag.contains("value")) {
    return Bad(where, "needs a name and a value");
  }
  if (!op || *op != "==") return Bad(where, "op must be ==");
  return LifecycleTag{*name, *value};
}

Status ParseFilters(const json& filters, const std::string& where, LifecycleRule& rule) {
  BG_CHECK(CheckMembers(filters, where, {"blobTypes", "prefixMatch", "blobIndexMatch"}));
  BG_TRY(const auto types, Texts(filters, "blobTypes", where));
  for (const std::string& type : types) {
    if (type != "blockBlob" && type != "appendBlob") {
      return Bad(where, "blobTypes must be blockBlob or appendBlob");
    }
    (type == "blockBlob" ? rule.block_blobs : rule.append_blobs) = true;
  }
  if (types.empty()) return Bad(where, "blobTypes is needed");
  BG_TRY(rule.prefixes, Texts(filters, "prefixMatch", where));
  if (rule.prefixes.size() > kMaxFilters) return Bad(where, "at most 10 prefixes");
  const auto tags = filters.find("blobIndexMatch");
  if (tags == filters.end()) return {};
  if (!tags->is_array() || tags->size() > kMaxFilters) {
    return Bad(where, "blobIndexMatch must be a list of at most 10");
  }
  for (const json& tag : *tags) {
    BG_TRY(auto parsed, ParseTag(tag, where + ".blobIndexMatch"));
    rule.tags.push_back(std::move(parsed));
  }
  return {};
}

/// Append blobs have no tiers.
Status CheckAppend(const LifecycleRule& rule, const std::string& where) {
  if (!rule.append_blobs) return {};
  for (const auto* actions : {&rule.base_blob, &rule.snapshot, &rule.version}) {
    if (actions->to_cool || actions->to_cold || actions->to_archive) {
      return Bad(where, "append blobs can only be deleted");
    }
  }
  return {};
}

Status ParseDefinition(const json& definition, const std::string& where, LifecycleRule& rule) {
  BG_CHECK(CheckMembers(definition, where, {"actions", "filters"}));
  if (!definition.contains("actions") || !definition.contains("filters")) {
    return Bad(where, "needs actions and filters");
  }
  const json& actions = definition["actions"];
  const std::string at = where + ".actions";
  BG_CHECK(CheckMembers(actions, at, {"baseBlob", "snapshot", "version"}));
  BG_TRY(rule.base_blob, ParseActions(actions, "baseBlob", at));
  BG_TRY(rule.snapshot, ParseActions(actions, "snapshot", at));
  BG_TRY(rule.version, ParseActions(actions, "version", at));
  if (actions.empty()) return Bad(at, "has no action");
  BG_CHECK(ParseFilters(definition["filters"], where + ".filters", rule));
  return CheckAppend(rule, where);
}

Result<LifecycleRule> ParseRule(const json& object, const std::string& where) {
  BG_CHECK(CheckMembers(object, where, {"name", "enabled", "type", "definition"}));
  LifecycleRule rule;
  const auto name = TextMember(object, "name");
  if (!name || name->empty() || name->size() > kMaxName) {
    return Bad(where, "name must be a string of 1 to 256 characters");
  }
  rule.name = *name;
  BG_TRY(rule.enabled, Flag(object, "enabled", where, true));
  const auto type = TextMember(object, "type");
  if (!type || *type != "Lifecycle") return Bad(where, "type must be Lifecycle");
  if (!object.contains("definition")) return Bad(where, "definition is needed");
  BG_CHECK(ParseDefinition(object["definition"], where + ".definition", rule));
  return rule;
}

}  // namespace

Result<LifecyclePolicy> ParseLifecyclePolicy(std::string_view text) {
  if (text.size() > kMaxLifecyclePolicy) return Bad("policy", "too large");
  const auto object = ParseStrictObject(text, 10);
  if (!object) return Bad("policy", "not one JSON object without repeated members");
  BG_CHECK(CheckMembers(*object, "policy", {"rules"}));
  const auto rules = object->find("rules");
  if (rules == object->end() || !rules->is_array()) return Bad("rules", "must be a list");
  if (rules->size() > kMaxRules) return Bad("rules", "at most 100");
  LifecyclePolicy policy;
  std::set<std::string> names;
  for (std::size_t i = 0; i < rules->size(); ++i) {
    const std::string where = "rules[" + std::to_string(i) + "]";
    BG_TRY(auto rule, ParseRule((*rules)[i], where));
    if (!names.insert(rule.name).second) return Bad(where, "the name is there twice");
    policy.rules.push_back(std::move(rule));
  }
  return policy;
}

}  // namespace blobgate::azure
