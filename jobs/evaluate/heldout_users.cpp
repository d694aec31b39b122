#include "jobs/evaluate/heldout_users.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>

#include "distributed/planning/side_plan.hpp"

namespace rankwise {

namespace {

/// The lines of a configuration that another one does not have, as one text.
std::string settings_beside(const std::string& configuration, const std::string& other) {
  const auto lines_of = [](const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream rest(text);
    for (std::string line; std::getline(rest, line);) lines.push_back(line);
    return lines;
  };
  const std::vector<std::string> others = lines_of(other);
  std::vector<std::string> own = lines_of(configuration);
  std::erase_if(own, [&](const std::string& line) { return std::ranges::find(others, line) != others.end(); });
  return fmt::format("{}", fmt::join(own, ", "));
}

/// How the dataset of a model's training differs from another one, as far as the model knows.
std::string difference(const DatasetReader& dataset, const std::string& data_path, const ModelReader& model) {
  const std::string& trained = model.dataset_configuration();
  const std::string& given = dataset.provenance().configuration;
  const std::string of_model = settings_beside(trained, given);
  const std::string of_data = settings_beside(given, trained);
  const auto in_brackets = [](const std::string& settings) {
    return settings.empty() ? std::string() : fmt::format(" ({})", settings);
  };
  std::string text =
      fmt::format("{} users and {} items{}, and {} has {} and {}{}", model.users(), model.items(),
                  in_brackets(of_model), data_path, dataset.users(), dataset.items(), in_brackets(of_data));
  if (!trained.empty() && of_model.empty() && of_data.empty())
    text += ", prepared with the same options from other rows";
  return text;
}

/// The same on every rank.
void require_finite(const Matrix& gramian) {
  for (Index r = 0; r < gramian.rows(); ++r) {
    if (std::ranges::all_of(gramian.view().row_span(r), [](float value) { return std::isfinite(value); })) continue;
    throw AgreedError(ExitCode::bad_data,
                      "item factors are so large that their products are beyond the range of 32-bit floating point");
  }
}

}  // namespace

void require_same_dataset(const DatasetReader& dataset, const std::string& data_path, const ModelReader& model,
                          const std::string& model_path) {
  const Index users = model.trained_on() == TrainedOn::all ? dataset.all_users() : dataset.training_users();
  if (model.provenance().dataset_digest == dataset.provenance().dataset_digest && model.users() == users &&
      model.items() == dataset.items()) {
    return;
  }
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{} was trained on another dataset than {}: its own has {} (digests {:016x} and {:016x})", model_path,
                  data_path, difference(dataset, data_path, model), model.provenance().dataset_digest,
                  dataset.provenance().dataset_digest));
}

HeldoutRows read_heldout_rows(const Communicator& comm, const DatasetReader& dataset, const Partition& partition) {
  const RowRange mine = partition.range(comm.rank());
  const bool are_new = dataset.has(DatasetPart::given);
  return {partition, dataset.read(DatasetPart::heldout, mine),
          dataset.read(are_new ? DatasetPart::given : DatasetPart::interactions, mine)};
}

Matrix fold_in(const Communicator& comm, const Objective& objective, const Partition& rows, const SparseRows& seen,
               const AlsFactors& other, const char* name, Gathering gathering, const SolverOptions& solver) {
  require_finite(other.gramian);
  const Partition& other_rows = other.factors.partition;
  const Index width = other.factors.local.columns();
  AlsSide side = make_als_side(comm, objective, rows, other_rows, {seen.offsets, seen.columns, seen.values}, {},
                               std::move(gathering));
  AlsFactors solved{{rows, Matrix(seen.rows.size(), width)}, Matrix()};
  std::vector<Index> sizes(seen.offsets.begin() + 1, seen.offsets.end());
  for (std::size_t r = 0; r < sizes.size(); ++r) sizes[r] -= seen.offsets[r];
  const SolverPlan plan = plan_solver(comm, solver, objective, width, other_rows.rows(), sizes);
  const HalfSweep sweep = half_sweep(comm, objective, plan, side, other, solved);
  if (sweep.failed_row >= 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} {}: its normal equations have no finite solution", name, sweep.failed_row));
  }
  return std::move(solved.factors.local);
}

}  // namespace rankwise
