#include "io/checkpoint.hpp"

#include <cmath>
#include <fmt/format.h>

#include "io/hdf5_reader.hpp"
#include "io/hdf5_writer.hpp"
#include "io/loss_history.hpp"
#include "io/provenance_attributes.hpp"
#include "io/verified_checkpoint.hpp"

namespace rankwise {

namespace {

constexpr const char* sides[] = {"items", "users"};  // by SolvedSide

RowsAtByte lay_out_factors(const Communicator& comm, Hdf5Writer& file, const std::string& group,
                           const FactorRows& factors) {
  file.create_group(group);
  return {factors.local, file.lay_out_matrix(group + "/factors", factors.partition.rows(),
                                             factors.partition.range(comm.rank()), factors.local)};
}

Matrix read_factors(const Hdf5Reader& file, const std::string& group, const Partition& rows, int rank, Index width) {
  const std::string name = group + "/factors";
  const Hdf5Shape shape = file.shape(name, Hdf5Kind::floating, 2);
  if (shape.rows() != rows.rows() || !shape.has_columns(width)) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} is {} x {}, expected {} x {}", file.path(), name, shape.rows(),
                                                shape.extents[1], rows.rows(), width));
  }
  const RowRange mine = rows.range(rank);
  Matrix factors(mine.size(), width);
  file.read_matrix(name, mine, factors.view());
  for (Index r = 0; r < factors.rows(); ++r) {
    for (const float value : factors.view().row_span(r)) {
      if (std::isfinite(value)) continue;
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: {}: row {} holds a value that is not finite", file.path(), name, mine.begin + r));
    }
  }
  return factors;
}

TrainingProgress read_progress(const Hdf5Reader& file) {
  TrainingProgress progress;
  progress.history = read_loss_history(file);
  const std::string solved = file.read_text("/", "solved-side");
  if (solved != sides[0] && solved != sides[1]) {
    throw Error(ExitCode::bad_data, fmt::format("{}: attribute solved-side is neither users nor items", file.path()));
  }
  progress.solved = solved == sides[0] ? SolvedSide::items : SolvedSide::users;
  progress.user_regularizer = file.read_number("/", "user-regularizer");
  return progress;
}

}  // namespace

std::unique_ptr<WriteBehind> start_checkpoint(const Communicator& comm, const Communicator& background,
                                              const std::string& path, const TrainingProgress& progress,
                                              const FactorRows& users, const FactorRows& items,
                                              const Provenance& provenance, std::function<void()> then) {
  const Index width = users.local.columns;
  const Index rows = users.partition.rows() + items.partition.rows();
  Hdf5Writer file(comm, path, rows * width * static_cast<Index>(sizeof(float)));
  Provenance stamped = provenance;
  stamped.kind = checkpoint_kind;
  write_provenance(file, stamped);
  file.write_attribute("/", "width", static_cast<std::int64_t>(width));
  file.write_attribute("/", "solved-side", std::string_view(sides[static_cast<int>(progress.solved)]));
  file.write_attribute("/", "user-regularizer", progress.user_regularizer);
  write_loss_history(comm, file, progress.history);
  std::vector<RowsAtByte> factors;
  factors.push_back(lay_out_factors(comm, file, "/users", users));
  factors.push_back(lay_out_factors(comm, file, "/items", items));
  return std::make_unique<WriteBehind>(background, file.close(), std::move(factors), std::move(then));
}

Checkpoint read_checkpoint(const Communicator& comm, const std::string& path, const Partition& users,
                           const Partition& items, Index width) {
  return damage_named([&] {
    return agree_on(comm, [&] {
      const Hdf5Reader file(path);
      Checkpoint checkpoint;
      checkpoint.provenance = read_provenance(file, checkpoint_kind);
      checkpoint.progress = read_progress(file);
      checkpoint.users = read_factors(file, "/users", users, comm.rank(), width);
      checkpoint.items = read_factors(file, "/items", items, comm.rank(), width);
      return checkpoint;
    });
  });
}

}  // namespace rankwise
