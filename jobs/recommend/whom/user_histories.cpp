#include "jobs/recommend/whom/user_histories.hpp"

#include <algorithm>
#include <vector>

#include "distributed/rows/select_rows.hpp"

namespace rankwise {

Index UserHistories::users() const {
  return dataset_.users() + id_count(new_ids());
}

bool UserHistories::has_log(RowRange users) const {
  if (!log_) return false;
  const auto found = std::ranges::lower_bound(log_->users(), users.begin);
  return found != log_->users().end() && *found < users.end;
}

RowRange UserHistories::in_dataset(RowRange users) const {
  return {std::min(users.begin, dataset_.users()), std::min(users.end, dataset_.users())};
}

Ids UserHistories::ids(RowRange users) const {
  const RowRange old = in_dataset(users);
  Ids ids = dataset_.user_ids(old).ids;
  if (!log_ || id_count(log_->new_ids()) == 0) return ids;
  std::vector<Index> places;
  for (Index user = std::max(users.begin, dataset_.users()); user < users.end; ++user) {
    places.push_back(user - dataset_.users());
  }
  append_ids(ids, select_rows(log_->new_ids(), places));
  return ids;
}

double UserHistories::merged(double before, double added) const {
  switch (dataset_.rules().duplicates) {
    case DuplicatePolicy::sum:
      return before + added;
    case DuplicatePolicy::max:
      return std::max(before, added);
    case DuplicatePolicy::mean:
      return (before + added) / 2;
    case DuplicatePolicy::last:
    case DuplicatePolicy::error:
      break;
  }
  return added;
}

SparseRows UserHistories::read(RowRange users) const {
  SparseRows old = dataset_.read(DatasetPart::interactions, in_dataset(users));
  if (!log_) return old;
  SparseRows rows{
      .rows = users, .total_rows = this->users(), .column_count = old.column_count, .columns = {}, .values = {}};
  const auto append = [&rows](Index item, double value) {
    rows.columns.push_back(item);
    rows.values.push_back(static_cast<float>(value));
  };
  auto next = std::ranges::lower_bound(log_->users(), users.begin);
  for (Index user = users.begin; user < users.end; ++user) {
    const Index row = user - users.begin;
    const bool is_old = row < old.rows.size();
    std::size_t entry = is_old ? static_cast<std::size_t>(old.offsets[static_cast<std::size_t>(row)]) : 0;
    const std::size_t end = is_old ? static_cast<std::size_t>(old.offsets[static_cast<std::size_t>(row) + 1]) : 0;
    NewLog::Interactions added;
    if (next != log_->users().end() && *next == user) {
      added = log_->of(static_cast<std::size_t>(next - log_->users().begin()));
      ++next;
    }
    for (std::size_t place = 0; place < added.items.size(); ++place) {
      const Index item = added.items[place];
      for (; entry < end && old.columns[entry] < item; ++entry) append(old.columns[entry], old.values[entry]);
      double value = added.values[place];
      if (entry < end && old.columns[entry] == item) value = merged(old.values[entry++], value);
      if (dataset_.rules().accept(value)) append(item, value);
    }
    for (; entry < end; ++entry) append(old.columns[entry], old.values[entry]);
    rows.offsets.push_back(std::ssize(rows.columns));
  }
  return rows;
}

}  // namespace rankwise
