#include "jobs/heldout_users.hpp"

#include <fmt/format.h>

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

HeldoutRows read_heldout_rows(const Communicator& comm, const DatasetReader& dataset, const Partition& partition) {
  const RowRange mine = partition.range(comm.rank());
  const bool are_new = dataset.has(DatasetPart::given);
  return {partition, dataset.read(DatasetPart::heldout, mine),
          dataset.read(are_new ? DatasetPart::given : DatasetPart::interactions, mine)};
}

Matrix fold_in(const Communicator& comm, const Objective& objective, const Partition& rows, const SparseRows& seen,
               const AlsFactors& other, const char* name, Gathering gathering) {
  const Partition& other_rows = other.factors.partition;
  const Index width = other.factors.local.columns();
  AlsSide side = make_als_side(comm, objective, rows, other_rows, {seen.offsets, seen.columns, seen.values}, {},
                               std::move(gathering));
  AlsFactors solved{{rows, Matrix(seen.rows.size(), width)}, Matrix()};
  std::vector<Index> sizes(seen.offsets.begin() + 1, seen.offsets.end());
  for (std::size_t r = 0; r < sizes.size(); ++r) sizes[r] -= seen.offsets[r];
  const SolverPlan solver = plan_solver(comm, {}, objective, width, other_rows.rows(), sizes);
  const HalfSweep sweep = half_sweep(comm, objective, solver, side, other, solved);
  if (sweep.failed_row >= 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} {}: its normal equations have no finite solution", name, sweep.failed_row));
  }
  return std::move(solved.factors.local);
}

}  // namespace rankwise
