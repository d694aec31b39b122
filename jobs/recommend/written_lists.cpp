#include "jobs/recommend/written_lists.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <string>

#include "distributed/rows/select_rows.hpp"
#include "jobs/lists/list_files.hpp"
#include "jobs/lists/list_rounds.hpp"
#include "jobs/lists/list_text.hpp"
#include "jobs/lists/text_sink.hpp"
#include "jobs/recommend/list_probabilities.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

/// The ids of the list that the dataset does not have, and are to be served; others are refused, or skipped and told.
/// Collective.
std::vector<std::string> unknown_to_serve(const RecommendOptions& options, JobContext& context,
                                          const WantedIds& wanted) {
  std::vector<std::string> unknown = wanted.unknown(context.comm);
  if (unknown.empty()) return unknown;
  const std::string first = wanted.place_of(unknown.front());
  const auto count = static_cast<Index>(unknown.size());
  switch (options.unknown_users) {
    case UnknownUsers::error:
      throw AgreedError(ExitCode::bad_data,
                        fmt::format("{} is no user of the dataset; expected one of its user ids", first));
    case UnknownUsers::skip:
      context.report.warning(fmt::format("{} in --users {} not in the dataset and {} no list, for example {}",
                                         counted(count, "id"), verb(count, "is", "are"), verb(count, "gets", "get"),
                                         first));
      unknown.clear();
      break;
    case UnknownUsers::popular:
      context.report.line(fmt::format("{} in --users {} no user of the dataset: the popular items for {}",
                                      counted(count, "id"), verb(count, "is", "are"), verb(count, "it", "them")));
      break;
  }
  context.report.event("unknown_users", {{"count", count}, {"first", first}});
  return unknown;
}

Served write_text(const RecommendOptions& options, const ListFormat& format, const AllLists& all, JobContext& context,
                  WantedIds& wanted) {
  const Communicator& comm = context.comm;
  const ListText lines(format, all.item_ids,
                       {ListKind::recommendations, all.columns, !options.probability.empty(), all.inputs.reasons});
  TextSink sink(comm, options.output, format.packing);
  sink.append(comm.is_root() ? lines.header() : "");
  Served served;
  append_rounds(context, {all.users, all.users_at_a_time, "users"}, all.make, lines, sink,
                [&](const Lists& some) { served.add(some); });
  std::vector<std::string> unknown = unknown_to_serve(options, context, wanted);
  if (!comm.is_root()) unknown.clear();
  Lists lists = lists_for_unknown(all.inputs, unknown);
  if (!options.probability.empty()) add_probabilities({}, all.inputs.rule.catalogue, lists);
  sink.append(lines.text(lists));
  served.add(lists);
  sink.commit();
  return served.sum(comm);
}

/// As a dataset holds them: integers if all of them are written as such.
Ids ids_of(const std::vector<std::string>& texts) {
  const auto is_integer = [](const std::string& id) {
    return !id.empty() && id.size() <= 18 && id.find_first_not_of("0123456789") == std::string::npos &&
           (id.size() == 1 || id.front() != '0');
  };
  if (!std::ranges::all_of(texts, is_integer)) return texts;
  std::vector<std::int64_t> numbers;
  for (const std::string& id : texts) numbers.push_back(whole_number<std::int64_t>(id).value());
  return numbers;
}

Served write_hdf5(const RecommendOptions& options, const AllLists& all, JobContext& context, WantedIds& wanted,
                  std::uint64_t dataset_digest) {
  const Communicator& comm = context.comm;
  const ListInputs& inputs = all.inputs;
  Lists lists = all.make(0, Partition::by_count(all.users, comm.size()));
  const std::vector<std::string> unknown = unknown_to_serve(options, context, wanted);
  if (!unknown.empty()) {
    // The last rank has them; whether they are integers decides about everyone's ids.
    const bool is_last = comm.rank() == comm.size() - 1;
    const Ids ids = ids_of(unknown);
    Lists popular = lists_for_unknown(inputs, is_last ? ids : select_rows(ids, {}));
    if (!options.probability.empty()) add_probabilities({}, inputs.rule.catalogue, popular);
    lists.append(popular);
  }
  Served served;
  served.add(lists);
  served = served.sum(comm);
  write_lists(comm, options.output, lists,
              {.kind = ListKind::recommendations,
               .item_ids = all.item_ids,
               .columns = all.columns,
               .provenance = context.provenance("recommendations", dataset_digest),
               .blend = all.blend,
               .deflate_level = options.deflate_level});
  return served;
}

}  // namespace

void write_all(const RecommendOptions& options, const AllLists& all, JobContext& context, WantedIds& wanted,
               const DatasetReader& dataset, Index new_users, ModelKind kind) {
  const ListFormat format = list_format(options.format, options.output);
  const Served served = format.layout == ListLayout::hdf5
                            ? write_hdf5(options, all, context, wanted, dataset.provenance().dataset_digest)
                            : write_text(options, format, all, context, wanted);
  tell_served(context, options, served, new_users, kind);
}

}  // namespace rankwise
