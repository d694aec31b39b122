#include "io/config/json_text.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

Json encoded(const Json& json) {
  if (json.is_string()) return encoded_text(json.get_ref<const std::string&>());
  if (json.is_array()) {
    Json elements = Json::array();
    for (const Json& element : json) elements.push_back(encoded(element));
    return elements;
  }
  if (!json.is_object()) return json;
  Json members = Json::object();
  for (const auto& [name, value] : json.items()) members[encoded_text(name)] = encoded(value);
  return members;
}

}  // namespace

std::string json_text(const Json& json, int indent) {
  return encoded(json).dump(indent);
}

std::string ascii_json_text(const Json& json) {
  return encoded(json).dump(one_line, ' ', true);
}

Json number_or_null(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

}  // namespace rankwise
