#include "io/config/recorded_value.hpp"

#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

constexpr int most_levels = 16;

/// Looks on while the parser reads: it takes the last of several members of one name, and any depth.
class Watcher {
 public:
  explicit Watcher(const std::string& path) : path_(path) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    if (depth > most_levels) refuse(fmt::format("has more than {} levels", most_levels));
    if (event == Json::parse_event_t::object_start) names_.emplace_back();
    if (event == Json::parse_event_t::object_end) names_.pop_back();
    if (event == Json::parse_event_t::key && !names_.back().insert(parsed.get<std::string>()).second) {
      refuse(fmt::format("{} occurs twice in one object", shown(parsed.get<std::string>())));
    }
    return true;
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", path_, reason));
  }

  const std::string& path_;
  std::vector<std::set<std::string>> names_;  // of the objects that are being read
};

/// "[json.exception.parse_error.101] parse error at line 1, column 2: ...", without the brackets.
std::string reason_of(const Json::exception& error) {
  const std::string words = error.what();
  const std::size_t end = words.find("] ");
  return end == std::string::npos ? words : words.substr(end + 2);
}

}  // namespace

struct RecordedValue::File {
  std::string path;
  Json content;
};

RecordedValue::RecordedValue(std::shared_ptr<const File> file, const Json& value, std::string place)
    : file_(std::move(file)), value_(&value), place_(std::move(place)) {}

RecordedValue RecordedValue::parse(std::string_view text, const std::string& path) {
  // The parser takes a zero byte for the end of the text.
  if (text.find('\0') != std::string_view::npos) {
    throw Error(ExitCode::bad_data, fmt::format("{}: is not JSON: holds a zero byte", path));
  }
  auto file = std::make_shared<File>();
  file->path = path;
  try {
    file->content = Json::parse(text, Watcher(path));
  } catch (const Json::exception& error) {
    throw Error(ExitCode::bad_data, fmt::format("{}: is not JSON: {}", path, reason_of(error)));
  }
  const Json& content = file->content;
  return {std::move(file), content, ""};
}

void RecordedValue::refuse(const std::string& expected) const {
  const std::string place = place_.empty() ? std::string() : printable(place_) + ": ";
  const std::string found = value_->is_string()         ? shown(value_->get_ref<const std::string&>())
                            : value_->is_number_float() ? fmt::format("{}", value_->get<double>())
                            : value_->is_primitive()    ? value_->dump()
                            : value_->is_object()       ? "an object"
                                                        : "a list";
  throw Error(ExitCode::bad_data, fmt::format("{}: {}{}; expected {}", file_->path, place, found, expected));
}

RecordedValue RecordedValue::inner(const Json& value, const std::string& step) const {
  const bool is_member = !step.starts_with('[');
  return {file_, value, place_ + (is_member && !place_.empty() ? "." : "") + step};
}

const Json* RecordedValue::member(const std::string& name) const {
  if (!value_->is_object()) refuse("an object");
  const auto found = value_->find(encoded_text(name));
  return found == value_->end() ? nullptr : &*found;
}

RecordedValue RecordedValue::at(const std::string& name) const {
  if (const Json* value = member(name)) return inner(*value, name);
  const std::string place = place_.empty() ? name : place_ + "." + name;
  throw Error(ExitCode::bad_data, fmt::format("{}: {}: is missing", file_->path, printable(place)));
}

std::optional<RecordedValue> RecordedValue::find(const std::string& name) const {
  const Json* value = member(name);
  return value == nullptr ? std::nullopt : std::optional(inner(*value, name));
}

std::vector<std::pair<std::string, RecordedValue>> RecordedValue::members() const {
  if (!value_->is_object()) refuse("an object");
  std::vector<std::pair<std::string, RecordedValue>> all;
  for (const auto& [name, value] : value_->items()) all.emplace_back(decoded_text(name), inner(value, name));
  return all;
}

std::vector<RecordedValue> RecordedValue::elements() const {
  if (!value_->is_array()) refuse("a list");
  std::vector<RecordedValue> all;
  for (std::size_t e = 0; e < value_->size(); ++e) all.push_back(inner((*value_)[e], fmt::format("[{}]", e)));
  return all;
}

std::int64_t RecordedValue::whole(std::int64_t least, std::int64_t most) const {
  const bool fits =
      value_->is_number_integer() &&
      (!value_->is_number_unsigned() ||
       value_->get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  const std::int64_t value = fits ? value_->get<std::int64_t>() : 0;
  if (!fits || value < least || value > most) refuse(fmt::format("a whole number from {} to {}", least, most));
  return value;
}

std::uint64_t RecordedValue::bits() const {
  if (!value_->is_number_unsigned()) {
    refuse(fmt::format("a whole number from 0 to {}", std::numeric_limits<std::uint64_t>::max()));
  }
  return value_->get<std::uint64_t>();
}

double RecordedValue::number(double least, double most) const {
  const double value = value_->is_number() ? value_->get<double>() : std::nan("");
  if (!(value >= least && value <= most)) refuse(fmt::format("a number from {} to {}", least, most));
  return value;
}

double RecordedValue::number_or_nan() const {
  if (value_->is_null()) return std::nan("");
  if (!value_->is_number()) refuse("a number or null");
  return value_->get<double>();
}

bool RecordedValue::flag() const {
  if (!value_->is_boolean()) refuse("true or false");
  return value_->get<bool>();
}

std::string RecordedValue::text() const {
  if (!value_->is_string()) refuse("text");
  std::string bytes = decoded_text(value_->get_ref<const std::string&>());
  if (bytes.find('\0') != std::string::npos) refuse("text without a zero byte");
  return bytes;
}

std::vector<std::string> RecordedValue::texts() const {
  std::vector<std::string> all;
  for (const RecordedValue& element : elements()) all.push_back(element.text());
  return all;
}

}  // namespace rankwise
