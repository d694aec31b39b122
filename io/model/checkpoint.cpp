#include "io/model/checkpoint.hpp"

#include <cmath>
#include <fmt/format.h>

#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "io/model/loss_history.hpp"
#include "io/model/model.hpp"
#include "io/model/verified_checkpoint.hpp"

namespace rankwise {

namespace {

constexpr const char* sides[] = {"items", "users"};  // by SolvedSide
const std::string users_name = "/users/factors";
const std::string items_name = "/items/factors";

RowsAtByte lay_out_factors(const Communicator& comm, Hdf5Writer& file, const std::string& name,
                           const FactorRows& factors) {
  return {factors.local,
          file.lay_out_matrix(name, factors.partition.rows(), factors.partition.range(comm.rank()), factors.local)};
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
  if (!std::isfinite(progress.user_regularizer)) {
    throw Error(ExitCode::bad_data, fmt::format("{}: attribute user-regularizer is not finite", file.path()));
  }
  return progress;
}

}  // namespace

std::unique_ptr<WriteBehind> start_checkpoint(const Communicator& comm, const Communicator& background,
                                              const std::string& path, const TrainingProgress& progress,
                                              const FactorRows& users, const FactorRows& items,
                                              const Provenance& provenance, std::function<void()> then,
                                              int deflate_level) {
  const Index width = users.local.columns;
  const Index rows = users.partition.rows() + items.partition.rows();
  Hdf5Writer file(comm, path, rows * width * static_cast<Index>(sizeof(float)), {.deflate_level = deflate_level});
  Provenance stamped = provenance;
  stamped.kind = checkpoint_kind;
  write_provenance(file, stamped);
  file.write_attribute("/", "width", static_cast<std::int64_t>(width));
  file.write_attribute("/", "solved-side", std::string_view(sides[static_cast<int>(progress.solved)]));
  file.write_attribute("/", "user-regularizer", progress.user_regularizer);
  write_loss_history(comm, file, progress.history);
  std::vector<RowsAtByte> later;
  for (const auto& [group, factors] : {std::pair("/users", &users), std::pair("/items", &items)}) {
    file.create_group(group);
    const std::string name = group + std::string("/factors");
    if (deflate_level == 0) {
      later.push_back(lay_out_factors(comm, file, name, *factors));
    } else {
      file.write_matrix(name, factors->partition.rows(), factors->partition.range(comm.rank()), factors->local);
    }
  }
  return std::make_unique<WriteBehind>(background, file.close(), std::move(later), std::move(then));
}

struct CheckpointReader::Impl {
  const Communicator* comm;
  Hdf5Reader file;
  Provenance provenance;
  TrainingProgress progress;
  Index width = 0;
  Index users = 0;
  Index items = 0;

  [[nodiscard]] static Impl open(const Communicator& comm, const std::string& path);
  [[nodiscard]] Index count_rows(const std::string& name) const;
  [[nodiscard]] Matrix read_factors(const std::string& name, RowRange rows) const;
};

CheckpointReader::Impl CheckpointReader::Impl::open(const Communicator& comm, const std::string& path) {
  Impl opened{.comm = &comm, .file = Hdf5Reader(path), .provenance = {}, .progress = {}};
  opened.provenance = read_provenance(opened.file, checkpoint_kind);
  opened.progress = read_progress(opened.file);
  opened.width = opened.file.read_integer("/", "width");
  constexpr Index bias_columns = 1;
  if (opened.width < 1 || opened.width > most_factors + bias_columns) {
    throw Error(ExitCode::bad_data, fmt::format("{}: attribute width is {}, expected 1 to {}", path, opened.width,
                                                most_factors + bias_columns));
  }
  opened.users = opened.count_rows(users_name);
  opened.items = opened.count_rows(items_name);
  return opened;
}

Index CheckpointReader::Impl::count_rows(const std::string& name) const {
  const Hdf5Shape shape = file.shape(name, Hdf5Kind::floating, 2);
  if (!shape.has_columns(width)) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {} has {} columns, but the checkpoint's attribute width is {}",
                                                file.path(), name, shape.extents[1], width));
  }
  return shape.rows();
}

Matrix CheckpointReader::Impl::read_factors(const std::string& name, RowRange rows) const {
  Matrix factors(rows.size(), width);
  file.read_matrix(name, rows, factors.view());
  for (Index r = 0; r < factors.rows(); ++r) {
    for (const float value : factors.view().row_span(r)) {
      if (std::isfinite(value)) continue;
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: {}: row {} holds a value that is not finite", file.path(), name, rows.begin + r));
    }
  }
  return factors;
}

CheckpointReader::CheckpointReader(const Communicator& comm, const std::string& path)
    : impl_(agree_on(comm, [&] { return std::make_unique<Impl>(Impl::open(comm, path)); })) {
  agree_on_version(comm, path, impl_->file.version());
}
CheckpointReader::~CheckpointReader() = default;
CheckpointReader::CheckpointReader(CheckpointReader&&) noexcept = default;
CheckpointReader& CheckpointReader::operator=(CheckpointReader&&) noexcept = default;

const Provenance& CheckpointReader::provenance() const {
  return impl_->provenance;
}

const TrainingProgress& CheckpointReader::progress() const {
  return impl_->progress;
}

Index CheckpointReader::width() const {
  return impl_->width;
}

Index CheckpointReader::users() const {
  return impl_->users;
}

Index CheckpointReader::items() const {
  return impl_->items;
}

Matrix CheckpointReader::user_factors(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return impl_->read_factors(users_name, rows); });
}

Matrix CheckpointReader::item_factors(RowRange rows) const {
  return agree_on(*impl_->comm, [&] { return impl_->read_factors(items_name, rows); });
}

Checkpoint read_checkpoint(const Communicator& comm, const std::string& path, const Partition& users,
                           const Partition& items, Index width) {
  return damage_named([&] {
    const CheckpointReader file(comm, path);
    if (file.users() != users.rows() || file.items() != items.rows() || file.width() != width) {
      throw AgreedError(ExitCode::bad_data,
                        fmt::format("{}: holds {} users and {} items of {} factors, expected {} and {} of {}", path,
                                    file.users(), file.items(), file.width(), users.rows(), items.rows(), width));
    }
    return Checkpoint{file.provenance(), file.progress(), file.user_factors(users.range(comm.rank())),
                      file.item_factors(items.range(comm.rank()))};
  });
}

}  // namespace rankwise
