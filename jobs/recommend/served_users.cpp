#include "jobs/recommend/served_users.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "distributed/als/described_rows.hpp"
#include "distributed/als/fold_in.hpp"
#include "distributed/rows/select_rows.hpp"
#include "jobs/evaluate/models/user_features.hpp"

namespace rankwise {

namespace {

/// The rows from `begin` on (local) with their entries, those before without.
SparseRows from_row(const SparseRows& rows, Index begin) {
  SparseRows kept{.rows = rows.rows,
                  .total_rows = rows.total_rows,
                  .column_count = rows.column_count,
                  .offsets = rows.offsets,
                  .columns = {},
                  .values = {}};
  const Index first = rows.offsets[static_cast<std::size_t>(begin)];
  for (Index& offset : kept.offsets) offset = std::max<Index>(offset - first, 0);
  kept.columns.assign(rows.columns.begin() + first, rows.columns.end());
  kept.values.assign(rows.values.begin() + first, rows.values.end());
  return kept;
}

}  // namespace

ServedUsers::ServedUsers(const Communicator& comm, const DatasetReader& dataset, const ModelReader& model,
                         const Catalogue& catalogue, const std::optional<MatchedItems>& matched,
                         const std::string& data_path)
    : comm_(comm),
      dataset_(dataset),
      model_(model),
      catalogue_(catalogue),
      matched_(matched),
      data_path_(data_path),
      trained_users_(matched ? 0 : model.users()) {
  if (new_users() == 0) return;
  items_ = read_fixed_items(comm, model);
}

SparseRows ServedUsers::in_model_items(SparseRows rows) const {
  return matched_ ? renumber_columns(rows, matched_->model_rows, model_.items()) : std::move(rows);
}

UserRows ServedUsers::read(Index first, const Partition& rows) const {
  const RowRange range = rows.range(comm_.rank());
  const RowRange mine{first + range.begin, first + range.end};
  const RowRange old{std::min(mine.begin, trained_users_), std::min(mine.end, trained_users_)};
  UserRows users{.ids = dataset_.user_ids(mine).ids,
                 .histories = in_model_items(dataset_.read(DatasetPart::interactions, mine)),
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
  if (first + rows.rows() > trained_users_) fold_in_new(users, first, rows, mine, old);
  return users;
}

void ServedUsers::fold_in_new(UserRows& users, Index first, const Partition& rows, RowRange mine, RowRange old) const {
  // 1. Rows of the model are solved along without entries, which costs next to nothing.
  const SparseRows entries = from_row(users.histories, old.size());
  const char* const name = matched_ ? "user" : "held-out user";
  Matrix all;
  std::vector<std::uint8_t> is_described(static_cast<std::size_t>(mine.size()));
  if (model_.user_features() && !matched_) {
    const FeatureRows features = read_user_features(comm_, data_path_, model_.user_features()->map, rows, first);
    all = fold_in_described(comm_, model_.objective(), rows, entries, *items_, name, features,
                            model_.user_features()->weights.view());
    is_described = features.is_described;
  } else {
    all = fold_in(comm_, model_.objective(), rows, entries, *items_, name, {}, {.choice = SolverChoice::primal});
  }
  for (Index r = 0; r < old.size(); ++r) std::copy_n(users.factors.row(r), all.stride(), all.row(r));
  users.factors = std::move(all);
  // 2. What they are known by.
  for (Index r = old.size(); r < mine.size(); ++r) {
    users.basis.push_back(catalogue_.knows(row_columns(users.histories, r)) ? UserBasis::entries
                          : is_described[static_cast<std::size_t>(r)] != 0  ? UserBasis::features
                                                                            : UserBasis::nothing);
  }
}

}  // namespace rankwise
