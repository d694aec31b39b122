#include "io/dataset/joined_view.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "distributed/log/joined_rows.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

JoinedView::JoinedView(const Communicator& comm, const DatasetFile& file) : file_(&file) {
  const RowRange share = Partition::by_count(all_users(), comm.size()).range(comm.rank());
  const std::vector<Index> sizes = agree_on(comm, [&] { return row_sizes(DatasetPart::interactions, share); });
  const Index entries = comm.sum(std::accumulate(sizes.begin(), sizes.end(), Index{0}));
  shapes_[DatasetPart::interactions] = {all_users(), file.items(), entries};
  shapes_[DatasetPart::interactions_by_item] = {file.items(), all_users(), entries};
}

/// The parts of the file whose rows together are rows of a side: of the users that were held out whole, or of others
/// and of items.
std::vector<DatasetPart> JoinedView::joined_parts(DatasetPart part, bool of_new_users) const {
  const bool by_item = part == DatasetPart::interactions_by_item;
  std::vector<DatasetPart> parts;
  if (!of_new_users) parts.push_back(part);
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
  if (of_new_users || !file_->shapes()[DatasetPart::repeated]) return std::nullopt;
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
  // Repeated pairs are in two parts unless they left the held-out one; in all they may be no interaction.
  if (overriding_part(part, false) && (file_->rules().repeats == Repeats::keep || file_->rules().min_total)) {
    const std::vector<Index> offsets = read(part, rows).offsets;
    for (std::size_t r = 0; r + 1 < offsets.size(); ++r) sizes.push_back(offsets[r + 1] - offsets[r]);
    return sizes;
  }
  for_each_kind(part, rows, [&](RowRange some, bool of_new_users) {
    const std::size_t first = sizes.size();
    sizes.resize(first + static_cast<std::size_t>(some.size()));
    for (const DatasetPart each : joined_parts(part, of_new_users)) {
      const std::vector<Index> offsets = file_->offsets(each, some);
      for (std::size_t r = 0; r + 1 < offsets.size(); ++r) sizes[first + r] += offsets[r + 1] - offsets[r];
    }
  });
  return sizes;
}

SparseRows JoinedView::read_piece(DatasetPart part, RowRange rows, bool of_new_users) const {
  std::vector<JoinedPart> parts;
  for (const DatasetPart each : joined_parts(part, of_new_users)) {
    const bool has_new_users = part == DatasetPart::interactions_by_item && each != part && file_->heldout_users() > 0;
    parts.push_back({file_->read(each, rows), has_new_users ? file_->users() : 0});
  }
  const auto overriding = overriding_part(part, of_new_users);
  try {
    return join_rows(parts, overriding ? std::optional(file_->read(*overriding, rows)) : std::nullopt, file_->rules());
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", file_->path(), error.what()));
  }
}

/// Some rows at a time, because parts and what becomes of them are in memory together.
SparseRows JoinedView::read(DatasetPart part, RowRange rows) const {
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
