#include "io/conditions/condition.hpp"

#include <cmath>
#include <compare>
#include <optional>

#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

bool fulfils(Relation relation, std::weak_ordering order) {
  switch (relation) {
    case Relation::equal:
      return order == 0;
    case Relation::unequal:
      return order != 0;
    case Relation::less:
      return order < 0;
    case Relation::at_most:
      return order <= 0;
    case Relation::greater:
      return order > 0;
    case Relation::at_least:
      break;
  }
  return order >= 0;
}

std::optional<double> number_in(const Operand& operand, std::string_view text, char decimal) {
  if (operand.kind == Operand::Kind::text) return std::nullopt;
  if (operand.kind == Operand::Kind::number) return operand.number;
  const std::optional<double> number = number_of(text, decimal);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

}  // namespace

std::string_view RowCondition::text_of(const Operand& operand, const ConditionRecord& record) const {
  if (operand.kind != Operand::Kind::column) return operand.text;
  return record.fields[at(record.columns[at(operand.column)])];
}

bool RowCondition::compares(const ConditionNode& node, const ConditionRecord& record) const {
  const Operand& left = operands_[at(node.left)];
  const Operand& right = operands_[at(node.right)];
  const std::string_view left_text = text_of(left, record);
  const std::string_view right_text = text_of(right, record);
  if (left.kind == Operand::Kind::column && record.missing_values.holds(left_text)) return false;
  if (right.kind == Operand::Kind::column && record.missing_values.holds(right_text)) return false;
  const std::optional<double> left_number = number_in(left, left_text, record.decimal);
  const std::optional<double> right_number = left_number ? number_in(right, right_text, record.decimal) : std::nullopt;
  if (!right_number) return fulfils(node.relation, left_text <=> right_text);
  return fulfils(node.relation, *left_number < *right_number   ? std::weak_ordering::less
                                : *left_number > *right_number ? std::weak_ordering::greater
                                                               : std::weak_ordering::equivalent);
}

bool RowCondition::holds(std::size_t node, const ConditionRecord& record) const {
  const ConditionNode& here = nodes_[node];
  switch (here.kind) {
    case ConditionNode::Kind::both:
      return holds(at(here.left), record) && holds(at(here.right), record);
    case ConditionNode::Kind::either:
      return holds(at(here.left), record) || holds(at(here.right), record);
    case ConditionNode::Kind::negation:
      return !holds(at(here.left), record);
    case ConditionNode::Kind::is_missing:
      return record.missing_values.holds(text_of(operands_[at(here.left)], record));
    case ConditionNode::Kind::comparison:
      break;
  }
  return compares(here, record);
}

}  // namespace rankwise
