#include "distributed/log/interaction_log.hpp"

#include <fmt/format.h>

namespace rankwise {

namespace {
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
  if (ordered) orders.reserve(rows);
  positions.reserve(room);
}

std::string InteractionLog::place(InputPosition position) const {
  return fmt::format("{}:{}", files[static_cast<std::size_t>(position.file())], position.line());
}

void InteractionLog::keep(const std::vector<Index>& kept) {
  users.keep(kept);
  items.keep(kept);
  keep_of(values, kept);
  if (timed) keep_of(times_microseconds, kept);
  if (folded) keep_of(folds, kept);
  if (ordered) orders.keep(kept);
  keep_of(positions, kept);
}

}  // namespace rankwise
