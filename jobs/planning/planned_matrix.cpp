#include "jobs/planning/planned_matrix.hpp"

#include <fmt/format.h>
#include <memory>
#include <optional>

#include "distributed/synthetic/pattern.hpp"
#include "io/dataset/dataset.hpp"

namespace rankwise {

PlannedMatrix matrix_of_dataset(const std::string& path, TrainedOn trained_on, InputCheck check) {
  constexpr Index entries_at_once = 4'000'000;
  const auto alone = std::make_shared<Communicator>(Communicator::single());
  const auto dataset = std::make_shared<DatasetReader>(*alone, path, std::nullopt, trained_on, check);
  PlannedMatrix matrix;
  matrix.user_sizes = dataset->row_sizes(DatasetPart::interactions, {0, dataset->users()});
  matrix.item_sizes = dataset->row_sizes(DatasetPart::interactions_by_item, {0, dataset->items()});
  matrix.interactions = dataset->entries(DatasetPart::interactions);
  if (matrix.interactions == 0) {
    throw Error(ExitCode::bad_data, fmt::format("{}: holds no interactions; expected at least one", path));
  }
  matrix.for_each_block = [alone, dataset, sizes = matrix.user_sizes](const VisitRows& visit) {
    const Index users = dataset->users();
    for (Index begin = 0; begin < users;) {
      Index end = begin;
      for (Index entries = 0; end < users && (end == begin || entries < entries_at_once); ++end) {
        entries += sizes[static_cast<std::size_t>(end)];
      }
      const SparseRows rows = dataset->read(DatasetPart::interactions, {begin, end});
      visit({begin, rows.offsets, rows.columns});
      begin = end;
    }
  };
  return matrix;
}

namespace {

/// The plan draws every interaction here and keeps them all: minutes, and some GB, at most.
void require_plannable(const SyntheticShape& shape) {
  constexpr double most = 5e8;
  const double drawn = shape.interactions + static_cast<double>(shape.users) + static_cast<double>(shape.items);
  if (drawn <= most) return;
  throw Error(ExitCode::usage,
              fmt::format("--users {} --items {} --interactions {:.6g}: a plan plants this log in memory to count its "
                          "rows; expected at most {:.0e} users, items and interactions together. Plan a part of it: "
                          "memory and seconds grow in proportion",
                          shape.users, shape.items, shape.interactions, most));
}

}  // namespace

PlannedMatrix matrix_of_sizes(const StatedSizes& sizes, std::uint64_t seed) {
  const SyntheticShape shape = stated_shape(sizes, seed);
  shape.validate();
  require_plannable(shape);
  const auto pattern = std::make_shared<SyntheticPattern>(SyntheticLog(shape));
  PlannedMatrix matrix;
  matrix.user_sizes = pattern->user_sizes();
  matrix.item_sizes = pattern->item_sizes();
  for (const Index size : matrix.user_sizes) matrix.interactions += size;
  matrix.for_each_block = [pattern](const VisitRows& visit) { pattern->for_each_block(visit); };
  return matrix;
}

}  // namespace rankwise
