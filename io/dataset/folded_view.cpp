#include "io/dataset/folded_view.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <string>
#include <utility>

#include "distributed/log/folded_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {
RowRange share_of_users(const Communicator& comm, const DatasetFile& file) {
  return Partition::by_count(file.users(), comm.size()).range(comm.rank());
}

/// Where the file has what a fold that `prepare` made validates.
DatasetPart prepared_part(DatasetPart part) {
  if (part == DatasetPart::heldout) return DatasetPart::validation;
  if (part == DatasetPart::given) return DatasetPart::validation_given;
  return part;
}
}  // namespace

std::vector<Index> fold_numbers(const Communicator& comm, const DatasetFile& file) {
  if (!file.has(DatasetPart::interactions, EntryMark::fold)) return {};
  const RowRange share = share_of_users(comm, file);
  return distinct_folds(comm,
                        agree_on(comm, [&] { return file.marks(DatasetPart::interactions, EntryMark::fold, share); }));
}

FoldedView::FoldedView(const Communicator& comm, const DatasetFile& file, const Fold& by) : file_(&file) {
  if (by.kind == FoldKind::prepared) {
    division_ = {.fold = by};
    take_prepared();
    require_both(comm, shapes_[DatasetPart::interactions]->entries, shapes_[DatasetPart::heldout]->entries);
    return;
  }

  // 1. The division.
  require_marks(by);
  const RowRange share = share_of_users(comm, file);
  std::vector<std::int64_t> times_seconds;
  if (by.kind == FoldKind::temporal) times_seconds = agree_on(comm, [&] { return times_of_units(share); });
  division_ = divide_by(comm, by, file.fold_origin(), std::move(times_seconds));
  if (by.kind == FoldKind::rolling) require_order(comm, share);

  // 2. The sizes of what it makes.
  const auto count = [&](DatasetPart part) {
    return comm.sum(agree_on(comm, [&] { return read(part, share).entries(); }));
  };
  const Index users = file.users();
  const Index items = file.items();
  const Index trained = count(DatasetPart::interactions);
  shapes_[DatasetPart::interactions] = {users, items, trained};
  shapes_[DatasetPart::interactions_by_item] = {items, users, trained};
  const Index validated = count(DatasetPart::heldout);
  require_both(comm, trained, validated);
  shapes_[DatasetPart::heldout] = {users, items, validated};
  if (divides_users(division_)) shapes_[DatasetPart::given] = {users, items, count(DatasetPart::given)};
}

/// The parts of the file under the names that folds have for them.
void FoldedView::take_prepared() {
  if (!file_->has_validation()) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: holds no validation part; expected a dataset from prepare "
                                                      "--validation",
                                                      file_->path()));
  }
  for (const DatasetPart part :
       {DatasetPart::interactions, DatasetPart::interactions_by_item, DatasetPart::heldout, DatasetPart::given}) {
    shapes_[part] = file_->shapes()[prepared_part(part)];
  }
}

/// The rows of the file that the part is taken from, without what the fold has elsewhere.
SparseRows FoldedView::read(DatasetPart part, RowRange rows) const {
  if (division_.fold.kind == FoldKind::prepared) return file_->read(prepared_part(part), rows);
  const bool by_item = part == DatasetPart::interactions_by_item;
  const DatasetPart source = by_item ? part : DatasetPart::interactions;
  SparseRows read = file_->read(source, rows);
  const auto mark = deciding_mark(division_.fold.kind);
  if (!mark) return keep_part(division_, part, read, {});
  std::vector<std::int64_t> marks = file_->marks(source, *mark, rows);
  if (!file_->has_log_rows() || division_.fold.kind != FoldKind::temporal) {
    return keep_part(division_, part, read, marks);
  }
  read.times_seconds = std::move(marks);
  return merge_part(division_, part, read, file_->log_rows(source, rows), file_->rules());
}

std::vector<Index> FoldedView::offsets(DatasetPart part, RowRange rows) const {
  const bool is_prepared = division_.fold.kind == FoldKind::prepared;
  return is_prepared ? file_->offsets(prepared_part(part), rows) : read(part, rows).offsets;
}

/// The distinct times of each pair of these users, in seconds. Not collective.
std::vector<std::int64_t> FoldedView::times_of_units(RowRange rows) const {
  std::vector<std::int64_t> times_seconds = file_->marks(DatasetPart::interactions, EntryMark::time, rows);
  if (!file_->has_log_rows()) return times_seconds;
  SparseRows read = file_->read(DatasetPart::interactions, rows);
  read.times_seconds = std::move(times_seconds);
  return distinct_times(read, file_->log_rows(DatasetPart::interactions, rows));
}

/// What a fold of marks needs is there.
void FoldedView::require_marks(const Fold& by) const {
  if (by.kind == FoldKind::temporal && file_->is_of_first_format()) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: its format-version 1 does not hold what temporal folds need; run prepare again",
                                  file_->path()));
  }
  const FoldOrigin origin = file_->fold_origin();
  if (by.kind == FoldKind::rolling && origin != FoldOrigin::column && origin != FoldOrigin::times) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: its folds divide {}, and rolling folds are parts of the time line, one after the "
                    "other; expected a dataset from prepare --folds times:TIME,... or a column of folds",
                    file_->path(), origin == FoldOrigin::bands ? "values" : origin_name(origin)));
  }
  const auto mark = deciding_mark(by.kind);
  const auto has = [&](DatasetPart part) { return file_->has(part, *mark); };
  if (!mark || (has(DatasetPart::interactions) && has(DatasetPart::interactions_by_item))) return;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: {}", file_->path(),
                  *mark == EntryMark::time
                      ? "holds no times, which temporal folds need; expected a dataset that prepare made "
                        "of a log with a time column"
                      : "holds no folds; expected a dataset from prepare --folds RULE, or --columns ...,fold=NAME"));
}

/// Of rolling folds nothing that is trained on is later than something that is validated, if there are times.
/// Collective.
void FoldedView::require_order(const Communicator& comm, RowRange rows) const {
  if (!file_->has(DatasetPart::interactions, EntryMark::time)) return;
  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t latest_trained = Limits::min();
  std::int64_t first_validated = Limits::max();
  agree_on(comm, [&] {
    const auto folds = file_->marks(DatasetPart::interactions, EntryMark::fold, rows);
    const auto times = file_->marks(DatasetPart::interactions, EntryMark::time, rows);
    for (std::size_t e = 0; e < folds.size(); ++e) {
      if (folds[e] < division_.fold.number) latest_trained = std::max(latest_trained, times[e]);
      if (folds[e] == division_.fold.number) first_validated = std::min(first_validated, times[e]);
    }
  });
  if (comm.max(latest_trained) <= comm.min(first_validated)) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: folds before {} have interactions that are later than some of it; expected folds "
                                "in the order of time for {}",
                                file_->path(), division_.fold.number, fold_text(division_.fold)));
}

/// Neither the training nor the validation of a fold may be empty, if the dataset decides. Collective.
void FoldedView::require_both(const Communicator& comm, Index trained, Index validated) const {
  const Fold& fold = division_.fold;
  const bool is_drawn = fold.kind == FoldKind::interactions || fold.kind == FoldKind::users;
  if (is_drawn || (trained > 0 && validated > 0)) return;
  std::string expected = "some of each";
  if (fold.kind == FoldKind::column || fold.kind == FoldKind::rolling) {
    expected += fmt::format("; its folds are {}", fmt::join(fold_numbers(comm, *file_), ", "));
  } else if (fold.kind == FoldKind::temporal) {
    expected += "; few times, or many interactions at one time, allow fewer folds";
  } else {
    expected += ", from prepare --validation";
  }
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: fold {} has {} interactions to train on and {} to validate; expected {}",
                                file_->path(), fold_text(fold), trained, validated, expected));
}

}  // namespace rankwise
