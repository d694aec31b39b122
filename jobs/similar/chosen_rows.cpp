#include "jobs/similar/chosen_rows.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "distributed/rows/partition.hpp"
#include "io/log/id_list.hpp"
#include "jobs/lists/wanted_ids.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr Index block_rows = Index{1} << 14;

struct RowBlock {
  RowRange rows;
  std::vector<Index> places;
};

WantedIds read_wanted(const SimilarOptions& options, const Communicator& comm) {
  if (!options.ids.empty()) {
    return {options.rows == RowSide::items ? read_item_list(comm, options.ids) : read_user_list(comm, options.ids),
            options.ids};
  }
  IdList given;
  for (const std::string& id : options.id) given.ids.push_back({id, std::ssize(given.ids) + 1});
  return {std::move(given), {}};
}

/// Which ids the model does not have. Collective.
void tell_unknown(const SimilarOptions& options, JobContext& context, const WantedIds& wanted, Index found) {
  const std::vector<std::string> unknown = wanted.unknown(context.comm);
  if (unknown.empty()) return;
  const std::string first = wanted.place_of(unknown.front());
  const std::string_view word = options.rows == RowSide::items ? "item" : "user";
  const std::string_view option = options.ids.empty() ? "--id" : "--ids";
  if (found == 0) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{0}: {1} has none of these {2}s, for example {3}; expected {2} "
                                                      "ids of the model",
                                                      option, options.model, word, first));
  }
  const Index count = std::ssize(unknown);
  context.report.warning(fmt::format("{} in {} {} not in the model and {} no list, for example {}",
                                     counted(count, "id"), option, verb(count, "is", "are"), verb(count, "has", "have"),
                                     first));
  context.report.event("unknown_ids", {{"count", count}, {"first", first}});
}

}  // namespace

void ChosenRows::for_each_block(const Communicator& comm, RowRange positions,
                                const std::function<void(RowRange, std::span<const Index>)>& step) const {
  std::vector<RowBlock> blocks;
  for (Index position = positions.begin; position < positions.end;) {
    RowBlock& block = blocks.emplace_back();
    const Index first = row(position);
    while (position < positions.end && row(position) < first + block_rows) {
      block.places.push_back(row(position++) - first);
    }
    block.rows = {first, first + block.places.back() + 1};
  }
  const Index turns = comm.max(std::ssize(blocks));
  blocks.resize(static_cast<std::size_t>(turns));
  for (const RowBlock& block : blocks) step(block.rows, block.places);
}

ChosenRows choose_rows(const SimilarOptions& options, JobContext& context, Index rows, const ReadIds& ids) {
  if (options.ids.empty() && options.id.empty()) return ChosenRows(rows);
  const Communicator& comm = context.comm;
  WantedIds wanted = read_wanted(options, comm);
  tell_reading(context.report, wanted, "--ids");
  std::vector<Index> found;
  const RowRange mine = Partition::by_count(rows, comm.size()).range(comm.rank());
  ChosenRows(rows).for_each_block(comm, mine, [&](RowRange block, std::span<const Index>) {
    for (const Index place : wanted.select(ids(block))) found.push_back(block.begin + place);
  });
  ChosenRows chosen(comm.all_gather_varied(std::span<const Index>(found)).values);
  tell_unknown(options, context, wanted, chosen.count());
  return chosen;
}

}  // namespace rankwise
