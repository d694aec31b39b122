#include "jobs/heldout_users.hpp"

#include <fmt/format.h>

#include "distributed/als.hpp"
#include "distributed/side_plan.hpp"

namespace rankwise {

void require_same_dataset(const DatasetReader& dataset, const std::string& data_path, const ModelReader& model,
                          const std::string& model_path) {
  if (model.provenance().dataset_digest == dataset.provenance().dataset_digest && model.users() == dataset.users() &&
      model.items() == dataset.items()) {
    return;
  }
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{} was trained on a dataset with digest {:016x}; expected that of {}, {:016x}", model_path,
                  model.provenance().dataset_digest, data_path, dataset.provenance().dataset_digest));
}

Matrix fold_in(const Communicator& comm, const ModelReader& model, const Partition& rows, const SparseRows& seen) {
  const Objective& objective = model.objective();
  const Partition item_rows = Partition::by_count(model.items(), comm.size());
  AlsSide side = make_als_side(comm, objective, rows, item_rows, {seen.offsets, seen.columns, seen.values});
  const AlsFactors items = with_gramian(comm, objective, {item_rows, model.item_factors(item_rows.range(comm.rank()))});
  AlsFactors users{{rows, Matrix(seen.rows.size(), items.factors.local.columns())}, Matrix()};
  std::vector<Index> sizes(seen.offsets.begin() + 1, seen.offsets.end());
  for (std::size_t r = 0; r < sizes.size(); ++r) sizes[r] -= seen.offsets[r];
  const SolverPlan solver = plan_solver(comm, {}, objective, items.factors.local.columns(), model.items(), sizes);
  const HalfSweep solved = half_sweep(comm, objective, solver, side, items, users);
  if (solved.failed_row >= 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("held-out user {}: its normal equations have no finite solution", solved.failed_row));
  }
  return std::move(users.factors.local);
}

HeldoutUserRows read_heldout_users(const Communicator& comm, const DatasetReader& dataset, const ModelReader& model) {
  const bool are_new = dataset.has(DatasetPart::given);
  const Partition partition = Partition::by_count(dataset.rows(DatasetPart::heldout), comm.size());
  const RowRange mine = partition.range(comm.rank());
  SparseRows heldout = dataset.read(DatasetPart::heldout, mine);
  SparseRows seen = dataset.read(are_new ? DatasetPart::given : DatasetPart::interactions, mine);
  Matrix factors = are_new ? fold_in(comm, model, partition, seen) : model.user_factors(mine);
  return {partition, std::move(heldout), std::move(seen), std::move(factors)};
}

}  // namespace rankwise
