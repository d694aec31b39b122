#pragma once
// Files of JSON with one value at a time replaced by what no run writes.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rankwise {

using Json = nlohmann::ordered_json;

/// JSON texts of values: counts and indices beyond every range, numbers of other kinds, and other kinds of values.
inline const std::vector<std::string> hostile_values{
    "-1",    "0",          "1.5",  "1e23", "-1e300", "18446744073709551615", "2147483648", "9223372036854775807",
    "1e999", "NaN",        "null", "true", "\"\"",   "\"../../x\"",          "\"nan\"",    "[]",
    "{}",    "\"\\u0000\""};

/// Calls `look` with the place of each number, text and flag in `json`.
inline void for_each_leaf(const Json& json, const std::function<void(const Json::json_pointer&)>& look,
                          const Json::json_pointer& place = Json::json_pointer()) {
  if (json.is_object()) {
    for (const auto& [name, value] : json.items()) for_each_leaf(value, look, place / name);
  } else if (json.is_array()) {
    for (std::size_t e = 0; e < json.size(); ++e) for_each_leaf(json[e], look, place / e);
  } else {
    look(place);
  }
}

/// The name of what holds the value at `place`; empty at the top.
inline std::string parent_of(const Json::json_pointer& place) {
  const Json::json_pointer parent = place.parent_pointer();
  return parent.empty() ? std::string() : parent.back();
}

/// `json` as text, with `value`, which need not be JSON, at `place`.
inline std::string with_value(Json json, const Json::json_pointer& place, const std::string& value) {
  const std::string mark = "the value goes here";
  json[place] = mark;
  std::string text = json.dump(1);
  return text.replace(text.find("\"" + mark + "\""), mark.size() + 2, value);
}

/// `json` without what is at `place`.
inline std::string without_value(Json json, const Json::json_pointer& place) {
  Json& parent = json[place.parent_pointer()];
  if (parent.is_array()) {
    parent.erase(std::stoul(place.back()));
  } else {
    parent.erase(place.back());
  }
  return json.dump(1);
}

}  // namespace rankwise
