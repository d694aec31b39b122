#include "jobs/recommend/written_lists.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fmt/format.h>
#include <string>
#include <utility>

#include "distributed/rows/select_rows.hpp"
#include "jobs/lists/list_files.hpp"
#include "jobs/lists/list_rounds.hpp"
#include "jobs/lists/list_text.hpp"
#include "jobs/lists/text_sink.hpp"
#include "jobs/recommend/list_probabilities.hpp"
#include "jobs/recommend/split_lists.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

/// Says who gets the popular items, of so many ids that the dataset does not have.
void tell_popular(Report& report, Index count, Index served) {
  const std::string who =
      fmt::format("{} in --users {} no user of the dataset", counted(count, "id"), verb(count, "is", "are"));
  if (served == count) {
    report.line(fmt::format("{}: the popular items for {}", who, verb(count, "it", "them")));
  } else {
    report.warning(fmt::format("{}: the popular items for {} of them, and no list for {} that --segment leaves out",
                               who, served, count - served));
  }
}

/// The ids of the list that the dataset does not have, and are to be served; others are refused, or skipped and told.
/// Collective.
UnknownSelection unknown_to_serve(const RecommendOptions& options, JobContext& context, const Audience& audience) {
  std::vector<std::string> unknown = audience.list().unknown(context.comm);
  if (unknown.empty()) return {};
  const std::string first = audience.list().place_of(unknown.front());
  const auto count = static_cast<Index>(unknown.size());
  UnknownSelection selected;
  switch (options.whom.unknown_users) {
    case UnknownUsers::error:
      throw AgreedError(ExitCode::bad_data,
                        fmt::format("{} is no user of the dataset; expected one of its user ids", first));
    case UnknownUsers::skip:
      context.report.warning(fmt::format("{} in --users {} not in the dataset and {} no list, for example {}",
                                         counted(count, "id"), verb(count, "is", "are"), verb(count, "gets", "get"),
                                         first));
      break;
    case UnknownUsers::popular:
      selected = audience.select_unknown(unknown);
      tell_popular(context.report, count, std::ssize(selected.ids));
      break;
  }
  context.report.event("unknown_users", {{"count", count}, {"served", std::ssize(selected.ids)}, {"first", first}});
  return selected;
}

/// Whose lists they are.
ListKind kind_of(const RecommendOptions& options) {
  return options.whom.lists_for == ListsFor::segments ? ListKind::segment_recommendations : ListKind::recommendations;
}

ListText text_of(const RecommendOptions& options, const ListFormat& format, const AllLists& all) {
  return {format,
          all.item_ids,
          {kind_of(options), all.columns.of_items, all.columns.segment, !options.probability.empty(),
           all.inputs.reasons, all.feature_names}};
}

/// On the root those of wanted ids that the dataset does not have. Collective.
Lists lists_of_unknown(const RecommendOptions& options, const AllLists& all, JobContext& context,
                       const Audience& audience) {
  UnknownSelection unknown = unknown_to_serve(options, context, audience);
  if (!context.comm.is_root()) unknown = {};
  Lists lists = lists_for_unknown(all.inputs, unknown.ids, unknown.segments);
  if (!options.probability.empty()) add_probabilities({}, all.inputs.rule.catalogue, lists);
  return lists;
}

Served write_text(const RecommendOptions& options, const ListFormat& format, const AllLists& all, JobContext& context,
                  const Audience& audience) {
  const Communicator& comm = context.comm;
  const ListText lines = text_of(options, format, all);
  TextSink sink(comm, options.output, format.packing);
  sink.append(comm.is_root() ? lines.header() : "");
  Served served;
  append_rounds(context, {all.users, all.users_at_a_time, "users"}, all.make, lines, sink,
                [&](const Lists& some) { served.add(some); });
  const Lists lists = lists_of_unknown(options, all, context, audience);
  sink.append(lines.text(lists));
  served.add(lists);
  sink.commit();
  return served.sum(comm);
}

Served write_several(const RecommendOptions& options, const ListFormat& format, const AllLists& all,
                     JobContext& context, const Audience& audience, std::uint64_t dataset_digest) {
  const Communicator& comm = context.comm;
  const ListText lines = text_of(options, format, all);
  SplitLists files(options, format, context, audience, lines, all.users);
  Served served;
  const auto take = [&](const Lists& lists) {
    files.append(lists);
    served.add(lists);
  };
  const Index round = all.users_at_a_time * comm.size();
  for (Index first = 0; first < all.users; first += round) {
    take(all.make(first, Partition::by_count(std::min(round, all.users - first), comm.size())));
    context.report.bar("users", std::min(first + round, all.users), all.users);
  }
  take(lists_of_unknown(options, all, context, audience));
  files.commit(all.models, dataset_digest);
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

Served write_hdf5(const RecommendOptions& options, const AllLists& all, JobContext& context, const Audience& audience,
                  std::uint64_t dataset_digest) {
  const Communicator& comm = context.comm;
  const ListInputs& inputs = all.inputs;
  Lists lists = all.make(0, Partition::by_count(all.users, comm.size()));
  const UnknownSelection unknown = unknown_to_serve(options, context, audience);
  if (!unknown.ids.empty()) {
    // The last rank has them; whether they are integers decides about everyone's ids.
    const bool is_last = comm.rank() == comm.size() - 1;
    const Ids ids = ids_of(unknown.ids);
    Lists popular = lists_for_unknown(inputs, is_last ? ids : select_rows(ids, {}),
                                      is_last ? unknown.segments : std::vector<std::int32_t>());
    if (!options.probability.empty()) add_probabilities({}, inputs.rule.catalogue, popular);
    lists.append(popular);
  }
  Served served;
  served.add(lists);
  served = served.sum(comm);
  SegmentsOrigin segments;
  if (audience.segments() != nullptr) {
    segments = {std::filesystem::path(audience.segments()->path()).filename().string(), audience.segments()->digest()};
  }
  write_lists(comm, options.output, lists,
              {.kind = ListKind::recommendations,
               .item_ids = all.item_ids,
               .columns = all.columns.of_items,
               .provenance = context.provenance("recommendations", dataset_digest),
               .blend = all.blend,
               .segments = segments,
               .has_segment_column = !all.columns.segment.empty(),
               .deflate_level = options.deflate_level});
  return served;
}

}  // namespace

void write_all(const RecommendOptions& options, const AllLists& all, JobContext& context, const Audience& audience,
               const DatasetReader& dataset, Index new_users, ModelKind kind) {
  const ListFormat format = list_format(options.format, options.output);
  const std::uint64_t digest = dataset.provenance().dataset_digest;
  const bool is_one_text = options.files.split() == FileSplit::none;
  const Served served = format.layout == ListLayout::hdf5 ? write_hdf5(options, all, context, audience, digest)
                        : is_one_text                     ? write_text(options, format, all, context, audience)
                                      : write_several(options, format, all, context, audience, digest);
  tell_served(context, options, served,
              {new_users, options.whom.users.empty() ? 0 : audience.left_out(), audience.left_out_of_log()}, kind);
}

}  // namespace rankwise
