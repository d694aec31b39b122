#pragma once
// A condition on the fields of one record, as a small tree.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/text/missing_values.hpp"

namespace rankwise {

/// One record as a condition sees it.
struct ConditionRecord {
  std::span<const std::string_view> fields;
  std::span<const int> columns;  ///< places in `fields` of RowCondition::columns()
  const MissingValues& missing_values;
  char decimal = '.';  ///< before the decimals of the fields
};

enum class Relation { equal, unequal, less, at_most, greater, at_least };

/// A column, or what is written in the condition itself.
struct Operand {
  enum class Kind { column, text, number };
  Kind kind = Kind::text;
  int column = -1;  ///< in RowCondition::columns()
  std::string text;
  double number = 0;
};

/// A part of a condition; `left` and `right` are nodes, or operands of a comparison, each before the node itself.
struct ConditionNode {
  enum class Kind { both, either, negation, comparison, is_missing };
  Kind kind = Kind::comparison;
  int left = -1;
  int right = -1;  ///< of both, either and comparison
  Relation relation = Relation::equal;
};

/// Columns, operands and nodes of a condition, the last node its root; parse_condition() makes them fit together.
class RowCondition {
 public:
  RowCondition(std::vector<std::string> columns, std::vector<Operand> operands, std::vector<ConditionNode> nodes)
      : columns_(std::move(columns)), operands_(std::move(operands)), nodes_(std::move(nodes)) {}

  /// The names of its columns, as written, each once.
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }

  /// Whether the record fulfils it. Two sides are compared as numbers if both are numbers, else as text by their bytes.
  /// A comparison with a missing field is false. Allocates nothing.
  [[nodiscard]] bool holds(const ConditionRecord& record) const { return holds(nodes_.size() - 1, record); }

 private:
  [[nodiscard]] bool holds(std::size_t node, const ConditionRecord& record) const;
  [[nodiscard]] bool compares(const ConditionNode& node, const ConditionRecord& record) const;
  [[nodiscard]] std::string_view text_of(const Operand& operand, const ConditionRecord& record) const;

  std::vector<std::string> columns_;
  std::vector<Operand> operands_;
  std::vector<ConditionNode> nodes_;
};

}  // namespace rankwise
