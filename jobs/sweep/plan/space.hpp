#pragma once
// The space that a sweep searches: one choice of values for each option of the job that is swept. Pure values.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// A list of words or numbers, as they are handed to the job.
struct ValueList {
  std::vector<std::string> values;
};

/// Numbers between two bounds, both included.
struct NumberRange {
  double lowest = 0;
  double highest = 0;
  bool is_logarithmic = false;  ///< equal steps of the logarithm
  bool is_whole = false;        ///< rounded to whole numbers, as the option wants them
  Index points = 0;             ///< `x N`: only so many, equally spaced; 0: any number between
};

/// A parameter has a meaning only where another one has one of these values.
struct Condition {
  std::string parameter;
  std::vector<std::string> values;
};

struct Parameter {
  std::string name;
  std::optional<NumberRange> range;  ///< else the list
  ValueList list;
  std::optional<Condition> condition;

  /// Different values; 0 where any number between two bounds may be.
  [[nodiscard]] Index count() const;
  /// The value at 0 <= place < count().
  [[nodiscard]] std::string value_at(Index place) const;
  /// The value at a uniform number in [0, 1).
  [[nodiscard]] std::string value_of(double uniform) const;
  [[nodiscard]] bool is_fixed() const { return count() == 1; }
};

/// What an option takes, which decides how a range of it is read.
enum class ValueKind { word, number, whole_number };

/// "32, 64, 128", "log 1e-4 .. 1e-1 x 8", "linear 16 .. 128", each with or without " if weighting = linear, log".
/// Throws Error(usage) that names the option.
[[nodiscard]] Parameter parse_parameter(const std::string& name, std::string_view text, ValueKind kind);
/// The same, or alternatives: "10, 100 if normalization = 0 | 0.5, 5 if normalization = 0.5".
[[nodiscard]] std::vector<Parameter> parse_parameters(const std::string& name, std::string_view text, ValueKind kind);

/// One value for each parameter that has a meaning beside the others, in the order of the space.
struct Assignment {
  std::string name;
  std::string value;
  friend bool operator==(const Assignment&, const Assignment&) = default;
  friend auto operator<=>(const Assignment&, const Assignment&) = default;
};
using SearchPoint = std::vector<Assignment>;

/// Parameters such that each one's condition names one before it. Several of one name are alternatives: their
/// conditions say which of them counts.
using Space = std::vector<Parameter>;

/// Whether the parameter's condition holds beside the values of those before it. Throws Error(usage) if it is an
/// alternative, and another one has counted already.
[[nodiscard]] bool has_meaning(const Parameter& parameter, const SearchPoint& before);

/// Orders the parameters so that conditions come after what they ask for, otherwise as they were. Throws Error(usage)
/// where a condition names no parameter of the space, a value that it never has, or goes in a circle.
[[nodiscard]] Space ordered_space(std::vector<Parameter> parameters);

/// Drops from one value per parameter those whose condition does not hold. Throws as has_meaning().
[[nodiscard]] SearchPoint point_of(const Space& space, const std::vector<std::string>& values);

}  // namespace rankwise
