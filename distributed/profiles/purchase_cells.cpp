#include "distributed/profiles/purchase_cells.hpp"

#include <algorithm>
#include <cstddef>

namespace rankwise {

namespace {

template <class Key>
struct Run {
  Key key;
  Index count = 0;
};

/// Runs of one key become one. `runs` ascend.
template <class Key>
void merge_runs(std::vector<Run<Key>>& runs) {
  std::size_t kept = 0;
  for (std::size_t next = 1; next < runs.size(); ++next) {
    if (runs[kept].key == runs[next].key) {
      runs[kept].count += runs[next].count;
    } else {
      runs[++kept] = runs[next];
    }
  }
  if (!runs.empty()) runs.resize(kept + 1);
}

template <class Key>
void sort_and_merge(std::vector<Run<Key>>& runs) {
  std::sort(runs.begin(), runs.end(), [](const Run<Key>& a, const Run<Key>& b) { return a.key < b.key; });
  merge_runs(runs);
}

/// All ranks' runs on the root; none elsewhere. Collective.
template <class Key>
std::vector<Run<Key>> merged_at_root(const Communicator& comm, std::vector<Run<Key>> mine) {
  sort_and_merge(mine);
  std::vector<Index> counts(static_cast<std::size_t>(comm.size()), 0);
  counts.front() = std::ssize(mine);
  std::vector<Run<Key>> all = comm.exchange(std::span<const Run<Key>>(mine), counts).values;
  sort_and_merge(all);
  return all;
}

struct Spend {
  std::int32_t repeats = 0;
  double total = 0;

  friend auto operator<=>(const Spend&, const Spend&) = default;
};

}  // namespace

DayHistory day_history(const CustomerHistory& history, std::int64_t at_day) {
  return {static_cast<std::int32_t>(history.purchase_days - 1),
          static_cast<std::int32_t>(history.last_day - history.first_day),
          static_cast<std::int32_t>(at_day - history.first_day)};
}

PurchaseHistory purchase_history(const DayHistory& days) {
  return {days.repeats, days.last_days / days_of_week, days.observed_days / days_of_week};
}

bool has_repeat_value(const CustomerHistory& history) {
  return history.purchase_days > 1 && history.repeat_money > 0;
}

std::vector<PurchaseCell> purchase_cells(const Communicator& comm, std::span<const CustomerHistory> histories,
                                         std::int64_t at_day) {
  std::vector<Run<DayHistory>> mine;
  for (const CustomerHistory& history : histories) {
    if (history.is_customer()) mine.push_back({day_history(history, at_day), 1});
  }
  std::vector<PurchaseCell> cells;
  for (const Run<DayHistory>& run : merged_at_root(comm, std::move(mine)))
    cells.push_back({purchase_history(run.key), run.count});
  return cells;
}

std::vector<SpendCell> spend_cells(const Communicator& comm, std::span<const CustomerHistory> histories) {
  std::vector<Run<Spend>> mine;
  for (const CustomerHistory& history : histories) {
    if (has_repeat_value(history))
      mine.push_back({{static_cast<std::int32_t>(history.purchase_days - 1), history.repeat_money}, 1});
  }
  std::vector<SpendCell> cells;
  for (const Run<Spend>& run : merged_at_root(comm, std::move(mine)))
    cells.push_back({run.key.repeats, run.key.total, run.count});
  return cells;
}

}  // namespace rankwise
