#include "io/config/json_config.hpp"

#include <algorithm>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// Counts the lines that the parser has taken characters of; it tells nothing of where it is but in its errors. The one
/// character that it looks ahead behind a number may end a line, but is of that line still.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* position, int& line) : position_(position), line_(&line) {}
  reference operator*() const { return *position_; }
  CountingIterator& operator++() {
    *line_ += ends_line_ ? 1 : 0;
    ends_line_ = *position_ == '\n';
    ++position_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return position_ == other.position_; }

 private:
  const char* position_;
  int* line_;
  bool ends_line_ = false;  // the character before
};

/// Takes the parser's events (nlohmann's SAX interface, whose names these are).
class ConfigReader {
 public:
  /// `option_depth`: how many objects stand around an option.
  ConfigReader(std::string_view file_name, const int& line, int option_depth, const MayRepeat& may_repeat)
      : file_name_(file_name), line_(line), option_depth_(option_depth), may_repeat_(may_repeat) {
    if (option_depth_ == 1) sections.emplace_back();
  }

  std::vector<ConfigSection> sections;

  bool null() { refuse_value("null"); }
  bool boolean(bool value) { return take(value ? "true" : "false"); }
  bool number_integer(nlohmann::json::number_integer_t value) { return take(std::to_string(value)); }
  bool number_unsigned(nlohmann::json::number_unsigned_t value) { return take(std::to_string(value)); }
  bool number_float(nlohmann::json::number_float_t /*value*/, const std::string& as_written) {
    return take(as_written);
  }
  bool string(const std::string& value) {
    require_one_line(value);
    return take(value);
  }
  bool binary(const nlohmann::json::binary_t& /*value*/) { refuse_value("binary"); }

  bool start_object(std::size_t /*members*/) {
    if (in_list_ || depth_ == option_depth_) refuse_value("an object");
    ++depth_;
    return true;
  }
  bool end_object() {
    --depth_;
    return true;
  }
  bool start_array(std::size_t /*elements*/) {
    if (in_list_ || depth_ < option_depth_) refuse_value("a list");
    in_list_ = true;
    return true;
  }
  bool end_array() {
    if (!list_has_elements_) refuse_value("an empty list");
    in_list_ = list_has_elements_ = false;
    return true;
  }
  bool key(const std::string& name) {
    if (name.empty()) refuse("expected a name before ':'");
    require_one_line(name);
    name_ = name;
    if (depth_ < option_depth_) begin_section();
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/, const nlohmann::json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ...": ours has the place.
    // "[json.exception.out_of_range.406] number overflow parsing '1e400'"
    const std::string words = error.what();
    const bool has_place = dynamic_cast<const nlohmann::json::parse_error*>(&error) != nullptr;
    const std::string_view mark = has_place ? ": " : "] ";
    const std::size_t end = words.find(mark);
    refuse("not JSON: " + (end == std::string::npos ? words : words.substr(end + mark.size())));
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw Error(ExitCode::usage, fmt::format("{}:{}: {}", file_name_, line_, reason));
  }
  void require_one_line(const std::string& text) const {
    const auto is_control = [](unsigned char letter) { return letter < 0x20 || letter == 0x7F; };
    if (std::ranges::any_of(text, is_control)) refuse("expected names and values without control characters");
  }
  [[noreturn]] void refuse_value(const std::string& what) const {
    if (depth_ == 0) refuse(fmt::format("{}; expected an object, as in {{\"factors\": 64}}", what));
    if (depth_ < option_depth_)
      refuse(fmt::format("section {}: {}; expected an object, as in {{\"factors\": 64}}", name_, what));
    refuse(fmt::format("option {}: {}; expected text, a number, true or false, or a list of these", name_, what));
  }
  void begin_section() {
    const auto known = std::ranges::find(sections, name_, &ConfigSection::name);
    if (known != sections.end()) refuse(fmt::format("section {} is there already, in line {}", name_, known->line));
    sections.push_back({name_, line_, {}});
  }
  bool take(const std::string& value) {
    if (depth_ < option_depth_) refuse_value("'" + value + "'");
    ConfigSection& section = sections.back();
    if (list_has_elements_ && !may_repeat_(section.name, name_)) {
      section.entries.back().value += "," + value;
    } else {
      section.entries.push_back({name_, value, line_});
    }
    list_has_elements_ = in_list_;
    return true;
  }

  std::string_view file_name_;
  const int& line_;
  int option_depth_;
  const MayRepeat& may_repeat_;
  int depth_ = 0;
  std::string name_;  // of the last member
  bool in_list_ = false;
  bool list_has_elements_ = false;
};

std::vector<ConfigSection> read(std::string_view text, std::string_view file_name, int option_depth,
                                const MayRepeat& may_repeat) {
  // The parser takes a zero byte for the end of the text.
  if (const std::size_t end = text.find('\0'); end != std::string_view::npos) {
    throw Error(ExitCode::usage, fmt::format("{}:{}: not JSON: a zero byte", file_name,
                                             1 + std::count(text.begin(), text.begin() + end, '\n')));
  }
  int line = 1;
  ConfigReader reader(file_name, line, option_depth, may_repeat);
  const char* const begin = text.data();
  nlohmann::json::sax_parse(CountingIterator(begin, line), CountingIterator(begin + text.size(), line), &reader);
  return std::move(reader.sections);
}

}  // namespace

std::vector<ConfigEntry> parse_json(std::string_view text, std::string_view file_name, const MayRepeat& may_repeat) {
  return std::move(read(text, file_name, 1, may_repeat).front().entries);
}

std::vector<ConfigSection> parse_json_sections(std::string_view text, std::string_view file_name,
                                               const MayRepeat& may_repeat) {
  return read(text, file_name, 2, may_repeat);
}

}  // namespace rankwise
