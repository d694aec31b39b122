#include "io/config/json_fields.hpp"

#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"

namespace rankwise {

using Json = nlohmann::ordered_json;

void FieldWriter::whole(const char* name, std::int64_t value, std::int64_t /*least*/, std::int64_t /*most*/) {
  object_[name] = value;
}

void FieldWriter::bits(const char* name, std::uint64_t value) {
  object_[name] = value;
}

void FieldWriter::number(const char* name, double value, double /*least*/, double /*most*/) {
  object_[name] = value;
}

void FieldWriter::flag(const char* name, bool value) {
  object_[name] = value;
}

void FieldWriter::text(const char* name, const std::string& value) {
  object_[name] = value;
}

void FieldWriter::texts(const char* name, const std::vector<std::string>& values) {
  object_[name] = values;
}

void FieldWriter::wholes(const char* name, const std::map<std::string, int>& values, std::int64_t /*least*/,
                         std::int64_t /*most*/) {
  object_[name] = values;
}

void FieldWriter::numbers(const char* name, const std::map<std::string, double>& values) {
  Json& members = object_[name] = Json::object();
  for (const auto& [key, value] : values) members[key] = number_or_null(value);
}

void FieldWriter::numbers(const char* name, const std::vector<double>& values) {
  Json& elements = object_[name] = Json::array();
  for (const double value : values) elements.push_back(number_or_null(value));
}

void FieldReader::wholes(const char* name, std::map<std::string, int>& values, std::int64_t least,
                         std::int64_t most) const {
  for (const auto& [key, value] : object_.at(name).members()) values[key] = static_cast<int>(value.whole(least, most));
}

void FieldReader::numbers(const char* name, std::map<std::string, double>& values) const {
  for (const auto& [key, value] : object_.at(name).members()) values[key] = value.number_or_nan();
}

void FieldReader::numbers(const char* name, std::vector<double>& values) const {
  for (const RecordedValue& element : object_.at(name).elements()) values.push_back(element.number_or_nan());
}

}  // namespace rankwise
