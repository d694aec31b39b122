#include "io/text/json_record.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <optional>

#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

constexpr int most_depth = 64;

enum class JsonKind { text, number, truth, null, list, object };

/// One value of an object. `raw`: a text between its quotes, or the letters of a number or word.
struct JsonValue {
  JsonKind kind;
  std::string_view raw;
  bool has_escapes = false;
};

[[noreturn]] void refuse(std::size_t place, std::string_view expected) {
  throw Error(ExitCode::bad_data,
              fmt::format("is no JSON object on one line: at byte {}: expected {}", place + 1, expected));
}

void append_utf8(std::uint32_t sign, std::string& text) {
  const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (sign < 0x80) {
    put(sign);
  } else if (sign < 0x800) {
    put(0xC0 | sign >> 6);
    put(0x80 | (sign & 0x3F));
  } else if (sign < 0x10000) {
    put(0xE0 | sign >> 12);
    put(0x80 | (sign >> 6 & 0x3F));
    put(0x80 | (sign & 0x3F));
  } else {
    put(0xF0 | sign >> 18);
    put(0x80 | (sign >> 12 & 0x3F));
    put(0x80 | (sign >> 6 & 0x3F));
    put(0x80 | (sign & 0x3F));
  }
}

/// The four hexadecimal digits at the front of `text`.
std::uint32_t hex_unit(std::string_view text) {
  std::uint32_t unit = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const char c = i < text.size() ? text[i] : '\0';
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) throw Error(ExitCode::bad_data, "a JSON string has \\u without four hexadecimal digits");
    unit = unit << 4 | static_cast<std::uint32_t>(digit);
  }
  return unit;
}

/// The sign of "\uXXXX" or of a pair of them, whose `rest` follows "\u"; returns the bytes of `rest` that belong to it.
std::size_t append_unit(std::string_view rest, std::string& text) {
  const std::uint32_t first = hex_unit(rest);
  if (first == 0) throw Error(ExitCode::bad_data, "a JSON string holds a zero byte");
  if (first < 0xD800 || first > 0xDFFF) {
    append_utf8(first, text);
    return 4;
  }
  const bool has_pair = first < 0xDC00 && rest.substr(4).starts_with("\\u");
  const std::uint32_t second = has_pair ? hex_unit(rest.substr(6)) : 0;
  if (second < 0xDC00 || second > 0xDFFF) throw Error(ExitCode::bad_data, "a JSON string holds half a sign of UTF-16");
  append_utf8(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), text);
  return 10;
}

/// Appends a string's text; never more bytes than `raw` has.
void append_unescaped(std::string_view raw, std::string& text) {
  constexpr std::string_view letters = "\"\\/bfnrt";
  constexpr std::string_view signs = "\"\\/\b\f\n\r\t";
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      text += raw[i];
      continue;
    }
    const char letter = raw[++i];  // a string never ends in a lone backslash
    if (letter == 'u') {
      i += append_unit(raw.substr(i + 1), text);
      continue;
    }
    const std::size_t at = letters.find(letter);
    if (at == std::string_view::npos) {
      throw Error(ExitCode::bad_data,
                  fmt::format("a JSON string has the unknown escape {}", shown(raw.substr(i - 1, 2))));
    }
    text += signs[at];
  }
}

/// -12, 0.5, 1e-3; no leading zeros.
bool is_json_number(std::string_view text) {
  const auto take_digits = [&text] {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(digits);
    return digits > 0;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9') return false;
  if (!take_digits()) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!take_digits()) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!take_digits()) return false;
  }
  return text.empty();
}

/// Reads one object and shows visit(value) each value outside lists, and objects too, when `key` is their key.
template <class Visit>
class JsonWalk {
 public:
  JsonWalk(std::string_view text, std::string& key, const Visit& visit) : text_(text), key_(key), visit_(visit) {}

  void read() {
    key_.clear();
    if (!take('{')) refuse(place_, "'{'");
    read_members(1);
    skip_blanks();
    if (place_ != text_.size()) refuse(place_, "nothing after the object");
  }

 private:
  void skip_blanks() {
    while (place_ < text_.size() && (text_[place_] == ' ' || text_[place_] == '\t' || text_[place_] == '\r')) ++place_;
  }
  bool take(char c) {
    skip_blanks();
    if (place_ == text_.size() || text_[place_] != c) return false;
    ++place_;
    return true;
  }

  /// What follows '{'.
  void read_members(int depth) {
    if (take('}')) return;
    const std::size_t outer = key_.size();
    do {
      if (!take('"')) refuse(place_, "a key in quotes");
      const JsonValue name = read_string();
      if (outer > 0) key_ += '.';
      append_unescaped(name.raw, key_);
      if (!take(':')) refuse(place_, "':'");
      read_value(depth);
      key_.resize(outer);
    } while (take(','));
    if (!take('}')) refuse(place_, "',' or '}'");
  }

  void show(const JsonValue& value) {
    if (lists_ == 0) visit_(value);
  }

  void read_value(int depth) {
    if (take('"')) return show(read_string());
    const bool is_object = take('{');
    if (is_object || take('[')) {
      if (depth == most_depth)
        refuse(place_, fmt::format("at most {} objects and lists inside each other", most_depth));
      show({is_object ? JsonKind::object : JsonKind::list, {}});
      return is_object ? read_members(depth + 1) : read_list(depth + 1);
    }
    const std::size_t end = std::min(text_.find_first_of(" \t\r,]}", place_), text_.size());
    const std::string_view word = text_.substr(place_, end - place_);
    const std::optional<JsonKind> kind = word == "null"                      ? std::optional(JsonKind::null)
                                         : word == "true" || word == "false" ? std::optional(JsonKind::truth)
                                         : is_json_number(word)              ? std::optional(JsonKind::number)
                                                                             : std::nullopt;
    if (!kind) refuse(place_, "a string, a number, true, false, null, an object or a list");
    place_ = end;
    show({*kind, word});
  }

  /// What follows '['.
  void read_list(int depth) {
    ++lists_;
    if (!take(']')) {
      do {
        read_value(depth);
      } while (take(','));
      if (!take(']')) refuse(place_, "',' or ']'");
    }
    --lists_;
  }

  /// What follows '"'.
  JsonValue read_string() {
    const std::size_t begin = place_;
    bool has_escapes = false;
    while (true) {
      place_ = std::min(text_.find_first_of("\"\\", place_), text_.size());
      if (place_ + 1 >= text_.size()) refuse(text_.size(), "the end of a string, and of the object");
      if (text_[place_] == '"') break;
      has_escapes = true;
      place_ += 2;
    }
    return {JsonKind::text, text_.substr(begin, place_++ - begin), has_escapes};
  }

  std::string_view text_;
  std::string& key_;
  const Visit& visit_;
  std::size_t place_ = 0;
  int lists_ = 0;  // that the walk is inside of
};

}  // namespace

const std::vector<std::string_view>& JsonRecord::split(std::string_view line) {
  fields_.assign(keys_.size(), std::string_view());
  is_there_.assign(keys_.size(), false);
  unescaped_.clear();
  unescaped_.reserve(line.size());  // views stay valid
  const auto visit = [this](const JsonValue& value) {
    const auto key = std::ranges::find(keys_, key_);
    if (key == keys_.end()) return;
    const auto k = static_cast<std::size_t>(key - keys_.begin());
    if (is_there_[k]) throw Error(ExitCode::bad_data, fmt::format("key {} appears twice", shown(key_)));
    is_there_[k] = true;
    if (value.kind == JsonKind::list || value.kind == JsonKind::object) {
      throw Error(ExitCode::bad_data, fmt::format("key {} holds {}; expected a string, a number or null", shown(key_),
                                                  value.kind == JsonKind::list ? "a list" : "an object"));
    }
    if (value.kind == JsonKind::null) return;
    if (!value.has_escapes) {
      fields_[k] = value.raw;
      return;
    }
    const std::size_t begin = unescaped_.size();
    append_unescaped(value.raw, unescaped_);
    fields_[k] = std::string_view(unescaped_).substr(begin);
  };
  JsonWalk(line, key_, visit).read();
  return fields_;
}

namespace {
/// A bound on the search below, too: a line of a million keys would take hours.
void add_key(const std::string& key, std::vector<std::string>& keys) {
  if (std::ranges::find(keys, key) != keys.end()) return;
  if (std::ssize(keys) == most_json_keys) {
    throw Error(ExitCode::bad_data, fmt::format("holds more than {} different keys", most_json_keys));
  }
  keys.push_back(key);
}
}  // namespace

void add_json_keys(std::string_view line, std::vector<std::string>& keys) {
  std::string key;
  const auto visit = [&](const JsonValue& value) {
    if (value.kind != JsonKind::list && value.kind != JsonKind::object) add_key(key, keys);
  };
  JsonWalk(line, key, visit).read();
}

void add_json_list_keys(std::string_view line, std::vector<std::string>& keys) {
  std::string key;
  const auto visit = [&](const JsonValue& value) {
    if (value.kind == JsonKind::list) add_key(key, keys);
  };
  JsonWalk(line, key, visit).read();
}

}  // namespace rankwise
