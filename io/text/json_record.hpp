#pragma once
// Lines that are JSON objects, cut into the fields of wanted keys.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise {

/// Cuts objects into fields, one for each wanted key. A key of an object inside is named by its way, with dots between:
/// "user.id" of {"user": {"id": 7}}, and of {"user.id": 7}. A string is its field without escapes; numbers, true and
/// false are their letters; null and a key that is not there are an empty field.
class JsonRecord {
 public:
  explicit JsonRecord(std::vector<std::string> keys) : keys_(std::move(keys)) {}

  /// The fields of the object that is all of `line`, in the order of the keys; they live as long as the line, at most
  /// until the next call. Throws Error(bad_data) without a place: the line is no object, or a wanted key appears twice
  /// or holds a list or an object.
  const std::vector<std::string_view>& split(std::string_view line);

 private:
  std::vector<std::string> keys_;
  std::vector<std::string_view> fields_;
  std::vector<bool> is_there_;
  std::string key_;        // of the value that is read
  std::string unescaped_;  // text of strings with escapes
};

/// That are looked for in the objects of a file, at most.
inline constexpr std::ptrdiff_t most_json_keys = 4096;

/// Appends the keys of an object whose values could be fields, unless `keys` has them. Throws Error(bad_data) without a
/// place if `line` is no object, or if there are more than most_json_keys.
void add_json_keys(std::string_view line, std::vector<std::string>& keys);

/// Likewise the keys whose values are lists.
void add_json_list_keys(std::string_view line, std::vector<std::string>& keys);

}  // namespace rankwise
