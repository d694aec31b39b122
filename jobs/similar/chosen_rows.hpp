#pragma once
// The rows of a model whose lists are written: all, or those whose ids somebody lists.

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"
#include "jobs/run/job.hpp"
#include "jobs/similar/similar_options.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Chosen rows, ascending, the same on every rank; a position counts them.
class ChosenRows {
 public:
  /// All of so many rows.
  explicit ChosenRows(Index rows) : count_(rows) {}
  /// These, ascending.
  explicit ChosenRows(std::vector<Index> rows) : count_(std::ssize(rows)), rows_(std::move(rows)) {}

  [[nodiscard]] Index count() const { return count_; }
  [[nodiscard]] bool are_all() const { return !rows_; }
  [[nodiscard]] Index row(Index position) const {
    return rows_ ? (*rows_)[static_cast<std::size_t>(position)] : position;
  }

  /// Calls step(block, places) for blocks of rows that hold this rank's `positions`, in their order; places count the
  /// chosen rows from the block's first row on. Each rank makes as many calls, the last ones of some with an empty
  /// block, so that step() may read collectively. Collective over comm.
  void for_each_block(const Communicator& comm, RowRange positions,
                      const std::function<void(RowRange block, std::span<const Index> places)>& step) const;

 private:
  Index count_;
  std::optional<std::vector<Index>> rows_;
};

/// Reads ids of rows of a model; collective.
using ReadIds = std::function<Ids(RowRange)>;

/// Finds the rows of --ids or --id among `rows`, and says which ids the model does not have. Collective over
/// context.comm; throws AgreedError (no_input, bad_data: a file without ids, or the model has none of them).
[[nodiscard]] ChosenRows choose_rows(const SimilarOptions& options, JobContext& context, Index rows,
                                     const ReadIds& ids);

}  // namespace rankwise
