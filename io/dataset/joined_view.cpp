#include "io/dataset/joined_view.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <numeric>
#include <span>

#include "distributed/log/joined_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// The parts of the file that were one with a side of the training part before the validation part was taken off.
std::vector<DatasetPart> divided_parts(const DatasetFile& file, DatasetPart part) {
  const bool by_item = part == DatasetPart::interactions_by_item;
  std::vector<DatasetPart> parts{part};
  for (const DatasetPart each : {by_item ? DatasetPart::validation_by_item : DatasetPart::validation,
                                 by_item ? DatasetPart::validation_given_by_item : DatasetPart::validation_given}) {
    if (file.shapes()[each]) parts.push_back(each);
  }
  return parts;
}

/// The part whose values replace those of others of divided_parts().
std::optional<DatasetPart> divided_repeats(const DatasetFile& file, DatasetPart part) {
  if (!file.shapes()[DatasetPart::validation_repeated]) return std::nullopt;
  return part == DatasetPart::interactions_by_item ? DatasetPart::validation_repeated_by_item
                                                   : DatasetPart::validation_repeated;
}

/// What is wrong with the parts is said with the file's name.
SparseRows join_named(const DatasetFile& file, std::span<const JoinedPart> parts, std::optional<DatasetPart> repeated,
                      RowRange rows, RepeatedPairs pairs) {
  const auto overriding = repeated ? std::optional(file.read(*repeated, rows)) : std::nullopt;
  try {
    return join_rows(parts, overriding, file.rules(), pairs);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", file.path(), error.what()));
  }
}

bool is_joined(DatasetPart part) {
  return part == DatasetPart::interactions || part == DatasetPart::interactions_by_item;
}

}  // namespace

SparseRows read_with_validation(const DatasetFile& file, DatasetPart part, RowRange rows) {
  if (!file.has_validation()) return file.read(part, rows);
  std::vector<JoinedPart> parts;
  for (const DatasetPart each : divided_parts(file, part)) parts.push_back({file.read(each, rows), 0});
  // Rows that make no interaction in either part may make one together, if values have a bound.
  const RepeatedPairs pairs = file.rules().min_total ? RepeatedPairs::in_any_or_none : RepeatedPairs::in_some_part;
  SparseRows joined = join_named(file, parts, divided_repeats(file, part), rows, pairs);
  joined.total_rows = parts.front().rows.total_rows;
  joined.column_count = parts.front().rows.column_count;
  return joined;
}

JoinedView::JoinedView(const Communicator& comm, const DatasetFile& file, TrainedOn parts)
    : file_(&file), parts_(parts) {
  if (parts == TrainedOn::training_and_validation) {
    if (!file.has_validation()) {
      throw AgreedError(ExitCode::usage,
                        fmt::format("--train-on training+validation: {} holds no validation part; expected a dataset "
                                    "from prepare --validation",
                                    file.path()));
    }
    for (const DatasetPart part : {DatasetPart::heldout, DatasetPart::heldout_by_item, DatasetPart::given,
                                   DatasetPart::given_by_item, DatasetPart::repeated, DatasetPart::repeated_by_item}) {
      shapes_[part] = file.shapes()[part];
    }
  }
  const RowRange share = Partition::by_count(all_users(), comm.size()).range(comm.rank());
  const std::vector<Index> sizes = agree_on(comm, [&] { return row_sizes(DatasetPart::interactions, share); });
  const Index entries = comm.sum(std::accumulate(sizes.begin(), sizes.end(), Index{0}));
  shapes_[DatasetPart::interactions] = {all_users(), file.items(), entries};
  shapes_[DatasetPart::interactions_by_item] = {file.items(), all_users(), entries};
}

/// That are trained on.
Index JoinedView::all_users() const {
  return file_->users() + (parts_ == TrainedOn::all ? file_->heldout_users() : 0);
}

/// What of the file was held out of rows of a side: of the users that were held out whole, or of others and of items.
std::vector<DatasetPart> JoinedView::heldout_parts(DatasetPart part, bool of_new_users) const {
  const bool by_item = part == DatasetPart::interactions_by_item;
  std::vector<DatasetPart> parts;
  if (parts_ != TrainedOn::all) return parts;
  if (file_->shapes()[DatasetPart::given] && (of_new_users || by_item)) {
    parts.push_back(by_item ? DatasetPart::given_by_item : DatasetPart::given);
  }
  const bool has_heldout = file_->shapes()[DatasetPart::heldout].has_value();
  if (has_heldout && (by_item || of_new_users == file_->has_heldout_users())) {
    parts.push_back(by_item ? DatasetPart::heldout_by_item : DatasetPart::heldout);
  }
  return parts;
}

/// The part whose values replace those of others.
std::optional<DatasetPart> JoinedView::overriding_part(DatasetPart part, bool of_new_users) const {
  if (parts_ != TrainedOn::all || of_new_users || !file_->shapes()[DatasetPart::repeated]) return std::nullopt;
  return part == DatasetPart::interactions_by_item ? DatasetPart::repeated_by_item : DatasetPart::repeated;
}

/// Calls visit(rows of the part, whether they are of users that were held out whole) for the two kinds of `rows`.
template <class Visit>
void JoinedView::for_each_kind(DatasetPart part, RowRange rows, const Visit& visit) const {
  if (part == DatasetPart::interactions_by_item) return visit(rows, false);
  const Index users = file_->users();
  visit({std::min(rows.begin, users), std::min(rows.end, users)}, false);
  visit({std::max(rows.begin, users) - users, std::max(rows.end, users) - users}, true);
}

std::vector<Index> JoinedView::row_sizes(DatasetPart part, RowRange rows) const {
  std::vector<Index> sizes;
  const auto append_sizes = [&sizes](const std::vector<Index>& offsets) {
    for (std::size_t r = 0; r + 1 < offsets.size(); ++r) sizes.push_back(offsets[r + 1] - offsets[r]);
  };
  // Repeated pairs are in two parts unless they left the later one; in all they may be no interaction.
  const bool repeats = is_joined(part) && (overriding_part(part, false) || divided_repeats(*file_, part));
  if (repeats && (file_->rules().repeats == Repeats::keep || file_->rules().min_total)) {
    append_sizes(read(part, rows).offsets);
    return sizes;
  }
  if (!is_joined(part)) {
    append_sizes(file_->offsets(part, rows));
    return sizes;
  }
  for_each_kind(part, rows, [&](RowRange some, bool of_new_users) {
    const std::size_t first = sizes.size();
    sizes.resize(first + static_cast<std::size_t>(some.size()));
    std::vector<DatasetPart> parts = heldout_parts(part, of_new_users);
    if (!of_new_users) std::ranges::copy(divided_parts(*file_, part), std::back_inserter(parts));
    for (const DatasetPart each : parts) {
      const std::vector<Index> offsets = file_->offsets(each, some);
      for (std::size_t r = 0; r + 1 < offsets.size(); ++r) sizes[first + r] += offsets[r + 1] - offsets[r];
    }
  });
  return sizes;
}

SparseRows JoinedView::read_piece(DatasetPart part, RowRange rows, bool of_new_users) const {
  std::vector<JoinedPart> parts;
  if (!of_new_users) parts.push_back({read_with_validation(*file_, part, rows), 0});
  for (const DatasetPart each : heldout_parts(part, of_new_users)) {
    const bool has_new_users = part == DatasetPart::interactions_by_item && file_->heldout_users() > 0;
    parts.push_back({file_->read(each, rows), has_new_users ? file_->users() : 0});
  }
  return join_named(*file_, parts, overriding_part(part, of_new_users), rows, RepeatedPairs::in_some_part);
}

/// Some rows at a time, because parts and what becomes of them are in memory together.
SparseRows JoinedView::read(DatasetPart part, RowRange rows) const {
  if (!is_joined(part)) return file_->read(part, rows);
  constexpr Index rows_at_once = 1 << 14;
  SparseRows joined{.rows = rows,
                    .total_rows = part == DatasetPart::interactions ? all_users() : file_->items(),
                    .column_count = part == DatasetPart::interactions ? file_->items() : all_users(),
                    .columns = {},
                    .values = {}};
  for_each_kind(part, rows, [&](RowRange some, bool of_new_users) {
    for (Index begin = some.begin; begin < some.end; begin += rows_at_once) {
      append_rows(joined, read_piece(part, {begin, std::min(begin + rows_at_once, some.end)}, of_new_users));
    }
  });
  return joined;
}

}  // namespace rankwise
