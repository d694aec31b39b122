// Sample runs:
//   rankwise recommend --data shop.h5 --model model.h5 --top 10 --output recommendations.csv
//   mpirun -n 8 rankwise recommend --data shop.h5 --model model.h5 --users campaign.txt --output campaign.h5

#include "jobs/recommend/recommend.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "distributed/ranking/ranking.hpp"
#include "distributed/rows/select_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/files/commit.hpp"
#include "io/hdf5/writer.hpp"
#include "io/model/model.hpp"
#include "io/text/csv_field.hpp"
#include "io/text/field_text.hpp"
#include "jobs/evaluate/heldout_users.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_clashes.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/recommend/served_users.hpp"
#include "jobs/recommend/wanted_users.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// Users of one round of a CSV file, per rank: bounds what a rank holds, whatever the number of users.
constexpr Index users_per_round = 1 << 18;

constexpr std::string_view notes =
    R"(A user's score of an item is <x_u, y_i>; for explicit models with biases, mean + b_u + b_i + <x_u, y_i>. Lists leave out all that the
dataset has of the user: the training part, the held-out part and what was given (--seen exclude), may have it (allow), or have nothing
else (only: to buy again). An item without a training entry is in no list. Users come in the order of their ids, then those that were
held out whole, who are folded in from all that the dataset has of them; items best first, equal scores by item id.
Source popular: a user without a training entry gets the items with the most training entries, scored by the share of users that have
them; source model: all others.
CSV: user,rank,item,score,source. HDF5 (output name ends in .h5): /users/ids, and /recommendations with indptr (users + 1), items (item
ids), scores and source: user u's items are items[indptr[u]:indptr[u + 1]].)";

enum class ListSource { model, popular };
constexpr std::array source_words{"model", "popular"};  // by ListSource

/// The lists of some of this rank's users, in their order.
struct Lists {
  Ids users;
  std::vector<ListSource> sources;  ///< of each user
  std::vector<Index> offsets{0};
  std::vector<Index> items;
  std::vector<float> scores;

  void append(ListSource source, std::span<const ScoredItem> list, float score_offset) {
    for (const ScoredItem& item : list) {
      items.push_back(item.item);
      scores.push_back(item.score + score_offset);
    }
    offsets.push_back(static_cast<Index>(items.size()));
    sources.push_back(source);
  }
};

/// What was made, over all ranks once summed.
struct Served {
  Index users = 0;
  Index recommendations = 0;
  Index popular_users = 0;
  Index short_lists = 0;  ///< with fewer items than asked for, but some
  Index empty_lists = 0;

  void add(const Lists& lists, Index top) {
    users += static_cast<Index>(lists.sources.size());
    recommendations += lists.offsets.back();
    popular_users += std::ranges::count(lists.sources, ListSource::popular);
    for (std::size_t u = 0; u < lists.sources.size(); ++u) {
      const Index items = lists.offsets[u + 1] - lists.offsets[u];
      if (items == 0) ++empty_lists;
      if (items > 0 && items < top) ++short_lists;
    }
  }
  [[nodiscard]] Served sum(const Communicator& comm) const {
    return {comm.sum(users), comm.sum(recommendations), comm.sum(popular_users), comm.sum(short_lists),
            comm.sum(empty_lists)};
  }
};

/// All that lists are made from.
struct Sources {
  const RecommendOptions& options;
  const ModelReader& model;
  const ServedUsers& users;
  ListRule rule;
  const DatasetReader* training;  ///< the training part alone, if lists leave out what it has; else null
};

/// What lists look at of some users: all that the dataset has of them. Lists that leave it out also leave out the
/// training part's pairs whose values of both parts together are no interaction, such as what a user gave back later:
/// the model has learned them. Collective.
SparseRows list_histories(const Sources& sources, RowRange users, const SparseRows& histories) {
  if (sources.training == nullptr) return histories;
  const Index trained_users = sources.training->users();
  const SparseRows training = sources.training->read(
      DatasetPart::interactions, {std::min(users.begin, trained_users), std::min(users.end, trained_users)});
  SparseRows both{.rows = histories.rows,
                  .total_rows = histories.total_rows,
                  .column_count = histories.column_count,
                  .columns = {},
                  .values = {}};
  for (Index r = 0; r < histories.rows.size(); ++r) {
    const std::span<const Index> trained =
        r < training.rows.size() ? row_columns(training, r) : std::span<const Index>();
    std::ranges::set_union(row_columns(histories, r), trained, std::back_inserter(both.columns));
    both.offsets.push_back(static_cast<Index>(both.columns.size()));
  }
  both.values.resize(both.columns.size());  // rankings need none
  return both;
}

/// mean + b_u, which orders no items but belongs to a predicted rating.
std::vector<float> score_offsets(const Objective& objective, const Matrix& users) {
  std::vector<float> offsets(static_cast<std::size_t>(users.rows()), static_cast<float>(objective.global_mean));
  if (!objective.biases) return offsets;
  for (Index r = 0; r < users.rows(); ++r) offsets[static_cast<std::size_t>(r)] += users.row(r)[users.columns() - 1];
  return offsets;
}

/// Collective.
void require_finite(const Communicator& comm, const std::string& model, const Lists& lists) {
  agree_on(comm, [&] {
    const auto bad = std::ranges::find_if(lists.scores, [](float score) { return !std::isfinite(score); });
    if (bad == lists.scores.end()) return;
    const Index entry = bad - lists.scores.begin();
    const Index user = std::ranges::upper_bound(lists.offsets, entry) - lists.offsets.begin() - 1;
    throw Error(ExitCode::bad_data, fmt::format("{}: user {}: {}", model, id_text(lists.users, user),
                                                overflow_text(lists.items[static_cast<std::size_t>(entry)], *bad)));
  });
}

/// Lists for the wanted among this rank's part of the users from `first` on. Collective.
Lists lists_for(const Communicator& comm, const Sources& sources, Index first, const Partition& rows,
                WantedUsers& wanted) {
  const ModelReader& model = sources.model;
  const UserRows users = sources.users.read(first, rows);
  const RowRange mine = rows.range(comm.rank());
  const SparseRows histories = list_histories(sources, {first + mine.begin, first + mine.end}, users.histories);
  const std::vector<Index> selected = wanted.select(users.ids);
  std::vector<Index> known;
  std::ranges::copy_if(selected, std::back_inserter(known),
                       [&](Index row) { return users.is_known[static_cast<std::size_t>(row)]; });
  Matrix vectors = pick(users.factors.view(), known);
  const std::vector<float> score_offset = score_offsets(model.objective(), vectors);
  make_scoring_vectors(model.objective(), vectors);
  const TopItems top = rank_items(
      sources.rule, [&](RowRange items) { return model.item_factors(items); }, vectors.view(), pick(histories, known),
      sources.options.top);
  Lists lists;
  lists.users = pick(users.ids, selected);
  std::size_t place = 0;  // in `known`
  for (const Index row : selected) {
    if (place < known.size() && known[place] == row) {
      lists.append(ListSource::model, top.sorted(static_cast<Index>(place)), score_offset[place]);
      ++place;
    } else {
      lists.append(ListSource::popular, popular_items(sources.rule, row_columns(histories, row), sources.options.top),
                   0);
    }
  }
  require_finite(comm, sources.options.model, lists);
  return lists;
}

/// The popular items for ids that the dataset does not have.
Lists lists_for_unknown(const Sources& sources, const Ids& ids) {
  Lists lists;
  const std::vector<ScoredItem> popular = popular_items(sources.rule, {}, sources.options.top);
  for (Index u = 0; u < id_count(ids); ++u) lists.append(ListSource::popular, popular, 0);
  lists.users = ids;
  return lists;
}

/// The ids of the list that the dataset does not have, and are to be served; others are refused, or skipped and told.
/// Collective.
std::vector<std::string> unknown_to_serve(const RecommendOptions& options, JobContext& context,
                                          const WantedUsers& wanted) {
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

std::string csv_text(const Lists& lists, const Ids& item_ids) {
  fmt::memory_buffer text;
  for (std::size_t u = 0; u + 1 < lists.offsets.size(); ++u) {
    const std::string user = csv_field(id_text(lists.users, static_cast<Index>(u)));
    const char* source = source_words[static_cast<std::size_t>(lists.sources[u])];
    for (Index e = lists.offsets[u]; e < lists.offsets[u + 1]; ++e) {
      const auto entry = static_cast<std::size_t>(e);
      fmt::format_to(std::back_inserter(text), "{},{},{},{},{}\n", user, e - lists.offsets[u] + 1,
                     csv_field(id_text(item_ids, lists.items[entry])), lists.scores[entry], source);
    }
  }
  return fmt::to_string(text);
}

Served write_csv(const Sources& sources, JobContext& context, WantedUsers& wanted) {
  const Communicator& comm = context.comm;
  const Ids item_ids = sources.model.item_ids({0, sources.model.items()}).ids;
  OrderedTextFile file(comm, sources.options.output);
  file.append(comm.is_root() ? "user,rank,item,score,source\n" : "");
  const Index round = users_per_round * comm.size();
  const Index users = sources.users.count();
  Served served;
  for (Index first = 0; first < users; first += round) {
    const Partition rows = Partition::by_count(std::min(round, users - first), comm.size());
    const Lists lists = lists_for(comm, sources, first, rows, wanted);
    file.append(csv_text(lists, item_ids));
    served.add(lists, sources.options.top);
    context.report.bar("users", std::min(first + round, users), users);
  }
  std::vector<std::string> unknown = unknown_to_serve(sources.options, context, wanted);
  if (!comm.is_root()) unknown.clear();
  const Lists lists = lists_for_unknown(sources, unknown);
  file.append(csv_text(lists, item_ids));
  served.add(lists, sources.options.top);
  file.commit();
  return served.sum(comm);
}

/// Appends lists, whose ids become texts unless all are integers.
void append_lists(Lists& lists, const Lists& more) {
  append_ids(lists.users, more.users);
  const Index before = lists.offsets.back();
  for (std::size_t u = 1; u < more.offsets.size(); ++u) lists.offsets.push_back(before + more.offsets[u]);
  lists.items.insert(lists.items.end(), more.items.begin(), more.items.end());
  lists.scores.insert(lists.scores.end(), more.scores.begin(), more.scores.end());
  lists.sources.insert(lists.sources.end(), more.sources.begin(), more.sources.end());
}

/// As a dataset holds them: integers if all of them are written as such.
Ids ids_of(const std::vector<std::string>& texts) {
  const auto is_integer = [](const std::string& id) {
    return !id.empty() && id.size() <= 18 && id.find_first_not_of("0123456789") == std::string::npos &&
           (id.size() == 1 || id.front() != '0');
  };
  if (!std::ranges::all_of(texts, is_integer)) return texts;
  std::vector<std::int64_t> numbers;
  for (const std::string& id : texts) numbers.push_back(std::stoll(id));
  return numbers;
}

/// Of each entry, what its user's list was made from.
std::vector<std::string> entry_sources(const Lists& lists) {
  std::vector<std::string> sources;
  sources.reserve(lists.items.size());
  for (std::size_t u = 0; u < lists.sources.size(); ++u) {
    const auto items = static_cast<std::size_t>(lists.offsets[u + 1] - lists.offsets[u]);
    sources.insert(sources.end(), items, source_words[static_cast<std::size_t>(lists.sources[u])]);
  }
  return sources;
}

Served write_hdf5(const Sources& sources, JobContext& context, WantedUsers& wanted, std::uint64_t dataset_digest) {
  const Communicator& comm = context.comm;
  const RecommendOptions& options = sources.options;
  const ModelReader& model = sources.model;
  Lists lists = lists_for(comm, sources, 0, Partition::by_count(sources.users.count(), comm.size()), wanted);
  const bool is_last = comm.rank() == comm.size() - 1;
  const std::vector<std::string> unknown = unknown_to_serve(options, context, wanted);
  if (!unknown.empty()) {
    // The last rank has them; whether they are integers decides about everyone's ids.
    const Ids ids = ids_of(unknown);
    append_lists(lists, lists_for_unknown(sources, is_last ? ids : pick(ids, {})));
  }

  const Index users = id_count(lists.users);
  const Index entries = lists.offsets.back();
  const Index first_user = comm.exclusive_sum(users);
  const Index first_entry = comm.exclusive_sum(entries);
  Served served;
  served.add(lists, options.top);
  served = served.sum(comm);
  const RowRange my_entries{first_entry, first_entry + entries};
  const IdRows user_rows{{first_user, first_user + users}, served.users, lists.users};
  const IdRows item_rows{my_entries, served.recommendations, pick(model.item_ids({0, model.items()}).ids, lists.items)};
  // The last rank with a share also writes the closing offset.
  std::vector<Index> offsets(lists.offsets.begin(), lists.offsets.end() - 1);
  for (Index& offset : offsets) offset += first_entry;
  if (is_last) offsets.push_back(served.recommendations);
  const RowRange my_offsets{first_user, first_user + users + (is_last ? 1 : 0)};

  constexpr Index score_and_source_bytes = 4 + 7;
  Hdf5Writer file(comm, options.output,
                  id_bytes(comm, user_rows) + id_bytes(comm, item_rows) +
                      served.recommendations * score_and_source_bytes + served.users * 8,
                  {.deflate_level = options.deflate_level});
  write_provenance(file, context.provenance("recommendations", dataset_digest));
  file.create_group("/users");
  write_ids(comm, file, "/users/ids", user_rows);
  file.create_group("/recommendations");
  file.write_rows("/recommendations/indptr", served.users + 1, my_offsets, std::span<const Index>(offsets));
  write_ids(comm, file, "/recommendations/items", item_rows);
  file.write_rows("/recommendations/scores", served.recommendations, my_entries, std::span<const float>(lists.scores));
  file.write_strings("/recommendations/source", served.recommendations, my_entries, entry_sources(lists));
  file.commit();
  return served;
}

bool names_hdf5(const std::string& path) {
  return std::ranges::find(hdf5_endings, ending_of(path)) != hdf5_endings.end();
}

/// Refuses options that contradict each other.
void require_sense(const RecommendOptions& options) {
  if (options.deflate_level > 0 && !names_hdf5(options.output)) {
    throw Error(ExitCode::usage,
                fmt::format("--compression has a meaning only for HDF5, and {} is to be CSV", options.output));
  }
  if (options.unknown_users != UnknownUsers::skip && options.users.empty()) {
    throw Error(ExitCode::usage, "--unknown-users has a meaning only with --users");
  }
}

/// The entries that items were trained on: of the model, or of the dataset if the model has no counts. Collective.
Catalogue read_catalogue(const RecommendOptions& options, const JobContext& context, const ModelReader& model) {
  const RowRange mine = Partition::by_count(model.items(), context.comm.size()).range(context.comm.rank());
  if (model.has_entry_counts()) return make_catalogue(context.comm, model.users(), model.item_entries(mine));
  const auto trained = open_dataset(context, options.data, model.trained_fold());
  return make_catalogue(context.comm, model.users(), trained->row_sizes(DatasetPart::interactions_by_item, mine));
}

void tell(JobContext& context, const RecommendOptions& options, const Served& served, Index new_users) {
  Report& report = context.report;
  report.line(fmt::format("wrote {}: {} for {}", options.output, counted(served.recommendations, "recommendation"),
                          counted(served.users, "user")));
  if (new_users > 0) {
    report.line(fmt::format("{} {} held out whole, folded in from all that the dataset has of them",
                            counted(new_users, "user"), verb(new_users, "was", "were")));
  }
  if (served.popular_users > 0) {
    report.line(fmt::format("{} {} no training entry and {} served the popular items",
                            counted(served.popular_users, "user"), verb(served.popular_users, "has", "have"),
                            verb(served.popular_users, "is", "are")));
  }
  if (served.short_lists > 0) {
    report.line(fmt::format("{} {} fewer than {}: no others are left", counted(served.short_lists, "list"),
                            verb(served.short_lists, "has", "have"), counted(options.top, "item")));
  }
  if (served.empty_lists > 0) {
    report.warning(fmt::format("{} {} no list: --seen {} leaves no item", counted(served.empty_lists, "user"),
                               verb(served.empty_lists, "has", "have"),
                               options.seen == SeenItems::only ? "only" : "exclude"));
  }
  report.event("recommended", {{"users", served.users},
                               {"recommendations", served.recommendations},
                               {"new_users", new_users},
                               {"popular_users", served.popular_users},
                               {"short_lists", served.short_lists},
                               {"empty_lists", served.empty_lists}});
}

}  // namespace

void recommend_items(const RecommendOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  check_output(comm, options.output);
  const DatasetReader dataset(comm, options.data, std::nullopt, TrainedOn::all, context.common.input_check);
  warn_if_not_compared(context, dataset, options.data);
  const ModelReader model(comm, options.model, context.common.input_check);
  warn_if_not_compared(context, model, options.model);
  require_same_dataset(dataset, options.data, model, options.model);
  WantedUsers wanted(comm, options.users);
  if (!wanted.note().empty()) context.report.line(wanted.note());
  if (const Index missing = wanted.missing(); missing > 0) {
    context.report.warning(fmt::format("{} of --users {} no id (it is empty, or a word such as NULL): passed over",
                                       counted(missing, "line"), verb(missing, "has", "have")));
    context.report.event("missing_ids", {{"count", missing}});
  }
  const Catalogue catalogue = read_catalogue(options, context, model);

  const auto timer = context.report.phase("recommend");
  const ServedUsers users(comm, dataset, model, catalogue);
  const DatasetReader training(comm, options.data, std::nullopt, TrainedOn::training, context.common.input_check);
  const bool masks_training = options.seen == SeenItems::exclude && training.has(DatasetPart::repeated);
  const Sources sources{options, model, users, {catalogue, options.seen}, masks_training ? &training : nullptr};
  const Served served = names_hdf5(options.output)
                            ? write_hdf5(sources, context, wanted, dataset.provenance().dataset_digest)
                            : write_csv(sources, context, wanted);
  tell(context, options, served, users.new_users());
}

namespace {

RunJob describe_recommend(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<RecommendOptions>();
  // clang-format off
  description.add_options()
    ("data", read_file(&options->data)->required(), "dataset that the model was trained on")
    ("model", read_file(&options->model)->required(), "model, as als writes it")
    ("top", po::value(&options->top)->value_name("N")->default_value(10)->notifier(within<Index>("top", 1, 100'000)),
     "items for each user")
    ("users", read_file(&options->users), "users to serve: an id per line, or a CSV with a user column; without it all")
    ("unknown-users", po::value<std::string>()->value_name("skip|popular|error")->default_value("skip")->notifier(
       one_of<UnknownUsers>("unknown-users", options->unknown_users, {{"skip", UnknownUsers::skip}, {"popular", UnknownUsers::popular}, {"error", UnknownUsers::error}})),
     "ids of --users that the dataset does not have: count and skip them, give them the popular items, or stop")
    ("seen", po::value<std::string>()->value_name("exclude|allow|only")->default_value("exclude")->notifier(
       one_of<SeenItems>("seen", options->seen, {{"exclude", SeenItems::exclude}, {"allow", SeenItems::allow}, {"only", SeenItems::only}})),
     "items that the dataset has of the user, in any part: leave them out, allow them, or list nothing else (to buy again)")
    ("output", written_file(&options->output, csv_or_hdf5_endings)->required(), "CSV to write, or HDF5 where it ends in .h5");
  // clang-format on
  describe_compression(description, options->deflate_level);
  return {[options](JobContext& context) { recommend_items(*options, context); },
          [options] { require_sense(*options); }};
}

}  // namespace

Job recommend_job() {
  return {"recommend", "list the best items for each user: model + dataset -> recommendations", notes,
          describe_recommend};
}

}  // namespace rankwise
