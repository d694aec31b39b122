#include "io/folded_rows.hpp"

#include <vector>

namespace rankwise {

namespace {

/// Of a validated user's interactions; one at least is given and one predicted, where there are two.
constexpr double given_share = 0.8;

/// Whether each interaction of a user of the fold is given. The lowest draw always is and the highest never; among
/// equal draws the lower item counts as lower.
std::vector<bool> given_of(const Fold& fold, Index user, std::span<const Index> items) {
  std::vector<double> draws;
  for (const Index item : items) {
    draws.push_back(given_draw(fold, user, item));
  }
  std::size_t lowest = 0;
  std::size_t highest = 0;
  for (std::size_t i = 1; i < draws.size(); ++i) {
    if (draws[i] < draws[lowest]) lowest = i;
    if (draws[i] >= draws[highest]) highest = i;
  }
  std::vector<bool> given(items.size());
  for (std::size_t i = 0; i < draws.size(); ++i) given[i] = i == lowest || (i != highest && draws[i] < given_share);
  return given;
}

/// Whether the training or the validation of a fold that divides by marks sees an interaction with this one.
bool sees_mark(const FoldDivision& division, bool is_training, std::int64_t mark) {
  if (division.fold.kind == FoldKind::column) return (mark != division.fold.number) == is_training;
  return is_training ? mark <= division.last_trained : mark > division.last_trained && mark <= division.last_validated;
}

/// Which entries of a row the part keeps.
std::vector<bool> kept(const FoldDivision& division, DatasetPart part, Index row, std::span<const Index> columns,
                       std::span<const std::int64_t> marks) {
  const Fold& fold = division.fold;
  std::vector<bool> keep(columns.size(), false);
  const bool wants_training = part == DatasetPart::interactions || part == DatasetPart::interactions_by_item;
  if (deciding_mark(fold.kind)) {
    for (std::size_t e = 0; e < marks.size(); ++e) keep[e] = sees_mark(division, wants_training, marks[e]);
    return keep;
  }
  if (!wants_training && fold.kind == FoldKind::users) {
    if (!validates_user(fold, row)) return keep;
    keep = given_of(fold, row, columns);
    if (part == DatasetPart::heldout) keep.flip();
    return keep;
  }
  for (std::size_t e = 0; e < columns.size(); ++e) {
    const bool by_item = part == DatasetPart::interactions_by_item;
    const bool trained = by_item ? is_trained(fold, columns[e], row) : is_trained(fold, row, columns[e]);
    keep[e] = trained == wants_training;
  }
  return keep;
}

}  // namespace

SparseRows keep_part(const FoldDivision& division, DatasetPart part, const SparseRows& rows,
                     std::span<const std::int64_t> marks) {
  SparseRows keeping{
      .rows = rows.rows, .total_rows = rows.total_rows, .column_count = rows.column_count, .columns = {}, .values = {}};
  for (Index r = 0; r < rows.rows.size(); ++r) {
    const auto begin = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r)]);
    const std::size_t size = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r) + 1]) - begin;
    const auto keep = kept(division, part, rows.rows.begin + r, std::span(rows.columns).subspan(begin, size),
                           marks.empty() ? marks : marks.subspan(begin, size));
    for (std::size_t e = 0; e < size; ++e) {
      if (!keep[e]) continue;
      keeping.columns.push_back(rows.columns[begin + e]);
      keeping.values.push_back(rows.values[begin + e]);
    }
    keeping.offsets.push_back(static_cast<Index>(keeping.columns.size()));
  }
  return keeping;
}

}  // namespace rankwise
