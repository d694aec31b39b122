#pragma once
// JSON that earlier runs wrote for later ones: plans, settings and records. People edit such files and disks damage
// them, so nothing in them is taken for granted.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise {

/// A value, and where in which file it is: "search/plan.json: tasks[3].trial". Every access checks what is there and
/// throws Error(bad_data), one line with that place, what was found and what was expected. Texts and names are
/// decoded_text().
class RecordedValue {
 public:
  /// `path`: of the file that holds `text`, for messages. Also refuses names that occur twice in one object.
  [[nodiscard]] static RecordedValue parse(std::string_view text, const std::string& path);

  /// The member of an object; one that must be there, or nothing where it is not.
  [[nodiscard]] RecordedValue at(const std::string& name) const;
  [[nodiscard]] std::optional<RecordedValue> find(const std::string& name) const;
  /// All members of an object, in their order, or elements of a list.
  [[nodiscard]] std::vector<std::pair<std::string, RecordedValue>> members() const;
  [[nodiscard]] std::vector<RecordedValue> elements() const;

  /// A whole number from `least` to `most`.
  [[nodiscard]] std::int64_t whole(std::int64_t least, std::int64_t most) const;
  /// Any of 64 bits, as digests and seeds are.
  [[nodiscard]] std::uint64_t bits() const;
  [[nodiscard]] double number(double least, double most) const;
  /// NaN where it is null.
  [[nodiscard]] double number_or_nan() const;
  [[nodiscard]] bool flag() const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::vector<std::string> texts() const;
  /// What the text names.
  template <class Choice>
  [[nodiscard]] Choice one_of(std::initializer_list<std::pair<std::string_view, Choice>> choices) const {
    const std::string word = text();
    std::string known;
    for (const auto& [name, choice] : choices) {
      if (word == name) return choice;
      known += (known.empty() ? "" : " or ") + std::string(name);
    }
    refuse(known);
  }

  /// Throws: `expected` says what should be there.
  [[noreturn]] void refuse(const std::string& expected) const;

 private:
  struct File;
  RecordedValue(std::shared_ptr<const File> file, const nlohmann::ordered_json& value, std::string place);
  [[nodiscard]] RecordedValue inner(const nlohmann::ordered_json& value, const std::string& step) const;
  [[nodiscard]] const nlohmann::ordered_json* member(const std::string& name) const;

  std::shared_ptr<const File> file_;
  const nlohmann::ordered_json* value_;
  std::string place_;
};

}  // namespace rankwise
