#pragma once
// Members of JSON objects that this program writes and later reads again, listed once for both ways.
//
//   template <class Fields, class Settings>
//   void list_members(Fields& fields, Settings& settings) {
//     fields.whole("cores", settings.cores, 0, most_cores);
//     fields.text("account", settings.account);
//   }
//
// A FieldWriter is given such a list and the values, a FieldReader the same list and where the values go. Bounds are
// what a reader accepts; a writer leaves them alone.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/config/recorded_value.hpp"

namespace rankwise {

template <class Choice>
using ChoiceWords = std::initializer_list<std::pair<std::string_view, Choice>>;

/// Adds members to an object, which outlives it, in the order of the calls.
class FieldWriter {
 public:
  explicit FieldWriter(nlohmann::ordered_json& object) : object_(object) {}

  /// Of a member that files of older programs may lack: this one writes all.
  [[nodiscard]] bool has(const char* /*name*/) const { return true; }
  void whole(const char* name, std::int64_t value, std::int64_t /*least*/, std::int64_t /*most*/);
  void bits(const char* name, std::uint64_t value);
  void number(const char* name, double value, double /*least*/, double /*most*/);
  void flag(const char* name, bool value);
  void text(const char* name, const std::string& value);
  void texts(const char* name, const std::vector<std::string>& values);
  void wholes(const char* name, const std::map<std::string, int>& values, std::int64_t /*least*/,
              std::int64_t /*most*/);
  /// NaN as null.
  void numbers(const char* name, const std::map<std::string, double>& values);
  void numbers(const char* name, const std::vector<double>& values);
  template <class Choice>
  void one_of(const char* name, const Choice& value, ChoiceWords<Choice> words) {
    for (const auto& [word, choice] : words) {
      if (choice == value) text(name, std::string(word));
    }
  }

 private:
  nlohmann::ordered_json& object_;
};

/// Reads members of an object; throws as RecordedValue does.
class FieldReader {
 public:
  explicit FieldReader(RecordedValue object) : object_(std::move(object)) {}

  [[nodiscard]] bool has(const char* name) const { return object_.find(name).has_value(); }
  template <std::integral Whole>
  void whole(const char* name, Whole& value, std::int64_t least, std::int64_t most) const {
    value = static_cast<Whole>(object_.at(name).whole(least, most));
  }
  void bits(const char* name, std::uint64_t& value) const { value = object_.at(name).bits(); }
  void number(const char* name, double& value, double least, double most) const {
    value = object_.at(name).number(least, most);
  }
  void flag(const char* name, bool& value) const { value = object_.at(name).flag(); }
  void text(const char* name, std::string& value) const { value = object_.at(name).text(); }
  void texts(const char* name, std::vector<std::string>& values) const { values = object_.at(name).texts(); }
  void wholes(const char* name, std::map<std::string, int>& values, std::int64_t least, std::int64_t most) const;
  void numbers(const char* name, std::map<std::string, double>& values) const;
  void numbers(const char* name, std::vector<double>& values) const;
  template <class Choice>
  void one_of(const char* name, Choice& value, ChoiceWords<Choice> words) const {
    value = object_.at(name).one_of<Choice>(words);
  }

 private:
  RecordedValue object_;
};

}  // namespace rankwise
