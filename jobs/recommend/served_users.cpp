#include "jobs/recommend/served_users.hpp"

#include <algorithm>
#include <utility>

#include "distributed/als/fold_in.hpp"
#include "distributed/rows/select_rows.hpp"

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
                         const Catalogue& catalogue, const std::optional<MatchedItems>& matched)
    : comm_(comm),
      dataset_(dataset),
      model_(model),
      catalogue_(catalogue),
      matched_(matched),
      trained_users_(matched ? 0 : model.users()) {
  if (new_users() == 0) return;
  const Partition item_rows = Partition::by_count(model.items(), comm.size());
  items_ = with_gramian(comm, model.objective(), {item_rows, model.item_factors(item_rows.range(comm.rank()))});
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
                 .is_known = {}};
  for (const Index entries : model_.user_entries(old)) users.is_known.push_back(entries > 0);
  if (first + rows.rows() <= trained_users_) return users;

  // Rows of the model are solved along without entries, which costs next to nothing.
  Matrix all = fold_in(comm_, model_.objective(), rows, from_row(users.histories, old.size()), *items_,
                       matched_ ? "user" : "held-out user", {}, {.choice = SolverChoice::primal});
  for (Index r = 0; r < old.size(); ++r) std::copy_n(users.factors.row(r), all.stride(), all.row(r));
  users.factors = std::move(all);
  for (Index r = old.size(); r < mine.size(); ++r) {
    users.is_known.push_back(catalogue_.knows(row_columns(users.histories, r)));
  }
  return users;
}

}  // namespace rankwise
