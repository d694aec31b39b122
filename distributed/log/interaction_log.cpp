#include "distributed/log/interaction_log.hpp"

#include <fmt/format.h>
#include <utility>

namespace rankwise {

namespace {
/// Frees `other` at once: columns of a log are large.
template <class Value>
void append_to(std::vector<Value>& column, std::vector<Value>& other) {
  column.insert(column.end(), other.begin(), other.end());
  other = {};
}

template <class Value>
void keep_of(std::vector<Value>& column, const std::vector<Index>& kept) {
  for (std::size_t i = 0; i < kept.size(); ++i) column[i] = column[static_cast<std::size_t>(kept[i])];
  column.resize(kept.size());
}
}  // namespace

void InteractionLog::reserve(Index rows) {
  users.reserve(rows);
  items.reserve(rows);
  const auto room = static_cast<std::size_t>(rows);
  values.reserve(room);
  if (timed) times_microseconds.reserve(room);
  if (folded) folds.reserve(room);
  if (marked) split_marks.reserve(room);
  if (ordered) orders.reserve(rows);
  if (quantified) quantities.reserve(room);
  positions.reserve(room);
}

std::string InteractionLog::place(InputPosition position) const {
  return fmt::format("{}:{}", files[static_cast<std::size_t>(position.file())], position.line());
}

void InteractionLog::append(InteractionLog other) {
  users.append(std::exchange(other.users, {}));
  items.append(std::exchange(other.items, {}));
  append_to(values, other.values);
  append_to(times_microseconds, other.times_microseconds);
  append_to(folds, other.folds);
  append_to(split_marks, other.split_marks);
  orders.append(std::exchange(other.orders, {}));
  append_to(quantities, other.quantities);
  append_to(positions, other.positions);
  rejected.append(other.rejected);
  rows_read += other.rows_read;
  repeated_headers += other.repeated_headers;
  for (const auto count : {&MissingCounts::user, &MissingCounts::item, &MissingCounts::value, &MissingCounts::time,
                           &MissingCounts::fold, &MissingCounts::split, &MissingCounts::order, &MissingCounts::event}) {
    missing.*count += other.missing.*count;
  }
  for (const auto count : {&FilteredCounts::condition, &FilteredCounts::period, &FilteredCounts::event}) {
    filtered.*count += other.filtered.*count;
  }
}

void InteractionLog::keep(const std::vector<Index>& kept) {
  users.keep(kept);
  items.keep(kept);
  keep_of(values, kept);
  if (timed) keep_of(times_microseconds, kept);
  if (folded) keep_of(folds, kept);
  if (marked) keep_of(split_marks, kept);
  if (ordered) orders.keep(kept);
  if (quantified) keep_of(quantities, kept);
  keep_of(positions, kept);
}

}  // namespace rankwise
