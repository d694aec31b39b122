#include "jobs/recommend/served_users.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "distributed/als/described_rows.hpp"
#include "distributed/als/fold_in.hpp"
#include "distributed/rows/select_rows.hpp"
#include "jobs/evaluate/models/user_features.hpp"

namespace rankwise {

ServedUsers::ServedUsers(const Communicator& comm, const UserHistories& histories, const ModelReader& model,
                         const Catalogue& catalogue, const std::optional<MatchedItems>& matched,
                         const std::string& data_path)
    : comm_(comm),
      histories_(histories),
      model_(model),
      catalogue_(catalogue),
      matched_(matched),
      data_path_(data_path),
      trained_users_(matched ? 0 : model.users()) {
  if (new_users() == 0 && !histories.has_log()) return;
  items_ = read_fixed_items(comm, model);
}

SparseRows ServedUsers::in_model_items(SparseRows rows) const {
  return matched_ ? renumber_columns(rows, matched_->model_rows, model_.items()) : std::move(rows);
}

UserRows ServedUsers::read(Index first, const Partition& rows) const {
  const RowRange range = rows.range(comm_.rank());
  const RowRange mine{first + range.begin, first + range.end};
  const RowRange old{std::min(mine.begin, trained_users_), std::min(mine.end, trained_users_)};
  UserRows users{.ids = histories_.ids(mine),
                 .histories = in_model_items(histories_.read(mine)),
                 .factors = model_.user_factors(old),
                 .basis = {}};
  const std::vector<Index> entries = model_.user_entries(old);
  std::vector<std::uint8_t> is_described(entries.size());
  if (model_.user_features()) is_described = described_rows(std::as_const(users.factors).view(), entries);
  for (std::size_t r = 0; r < entries.size(); ++r) {
    users.basis.push_back(entries[r] > 0         ? UserBasis::entries
                          : is_described[r] != 0 ? UserBasis::features
                                                 : UserBasis::nothing);
  }
  const Index end = first + rows.rows();
  if (end > trained_users_ || histories_.has_log(RowRange{first, end})) fold_in_new(users, first, rows, mine, old);
  return users;
}

std::optional<FeatureRows> ServedUsers::features(Index first, const Partition& rows) const {
  if (!model_.user_features() || matched_) return std::nullopt;
  return read_user_features(comm_, histories_.dataset(), data_path_, model_.user_features()->map, rows, first);
}

void ServedUsers::fold_in_new(UserRows& users, Index first, const Partition& rows, RowRange mine, RowRange old) const {
  // 1. Rows of the model are solved along without entries, which costs next to nothing.
  std::vector<Index> unchanged;
  for (Index user = old.begin; user < old.end; ++user) {
    if (!histories_.has_log(user)) unchanged.push_back(user);
  }
  const SparseRows entries = without_entries(users.histories, unchanged);
  const char* const name = matched_ || histories_.has_log() ? "user" : "held-out user";
  Matrix all;
  std::vector<std::uint8_t> is_described(static_cast<std::size_t>(mine.size()));
  if (const std::optional<FeatureRows> described = features(first, rows)) {
    all = fold_in_described(comm_, model_.objective(), rows, entries, *items_, name, *described,
                            model_.user_features()->weights.view());
    is_described = described->is_described;
  } else {
    all = fold_in(comm_, model_.objective(), rows, entries, *items_, name, {}, {.choice = SolverChoice::primal});
  }
  for (const Index user : unchanged) {
    std::copy_n(users.factors.row(user - mine.begin), all.stride(), all.row(user - mine.begin));
  }
  users.factors = std::move(all);
  // 2. What they are known by.
  users.basis.resize(static_cast<std::size_t>(mine.size()));
  for (Index r = 0; r < mine.size(); ++r) {
    if (r < old.size() && !histories_.has_log(mine.begin + r)) continue;
    UserBasis& basis = users.basis[static_cast<std::size_t>(r)];
    basis = catalogue_.knows(row_columns(users.histories, r)) ? UserBasis::entries
            : is_described[static_cast<std::size_t>(r)] != 0  ? UserBasis::features
                                                              : UserBasis::nothing;
  }
}

}  // namespace rankwise
