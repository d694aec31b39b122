// Sample runs:
//   rankwise recommend --data shop.h5 --model model.h5 --top 10 --output recommendations.csv
//   mpirun -n 8 rankwise recommend --data shop.h5 --model model.h5 --users campaign.txt --output campaign.h5

#include "jobs/recommend.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <iterator>
#include <memory>
#include <vector>

#include "io/commit.hpp"
#include "io/csv_field.hpp"
#include "io/dataset.hpp"
#include "io/hdf5_writer.hpp"
#include "io/id_file.hpp"
#include "io/model.hpp"
#include "io/provenance_attributes.hpp"
#include "jobs/choices.hpp"
#include "jobs/compression_option.hpp"
#include "jobs/counted.hpp"
#include "jobs/heldout_users.hpp"
#include "jobs/pick_rows.hpp"
#include "jobs/ranking.hpp"
#include "jobs/wanted_users.hpp"

namespace rankwise {

namespace {

/// Users of one round of a CSV file, per rank: bounds what a rank holds, whatever the number of users.
constexpr Index users_per_round = 1 << 18;

constexpr std::string_view notes =
    R"(A user's score of an item is <x_u, y_i>; for explicit models with biases, mean + b_u + b_i + <x_u, y_i>. Items in the user's
training interactions are left out. Users come in the order of their ids, items best first, equal scores by item id.
CSV: user,rank,item,score. HDF5 (output name ends in .h5): /users/ids, and /recommendations with indptr (users + 1), items (item
ids) and scores: user u's items are items[indptr[u]:indptr[u + 1]].)";

/// The lists of this rank's wanted users, in user order.
struct Lists {
  Ids users;
  std::vector<Index> offsets{0};
  std::vector<Index> items;
  std::vector<float> scores;
};

/// mean + b_u, which orders no items but belongs to a predicted rating.
std::vector<float> score_offsets(const Objective& objective, const Matrix& users) {
  std::vector<float> offsets(static_cast<std::size_t>(users.rows()), static_cast<float>(objective.global_mean));
  if (!objective.biases) return offsets;
  for (Index r = 0; r < users.rows(); ++r) offsets[static_cast<std::size_t>(r)] += users.row(r)[users.columns() - 1];
  return offsets;
}

/// Lists for the wanted among users `mine`. Collective.
Lists lists_for(const RecommendOptions& options, const DatasetReader& dataset, const ModelReader& model, RowRange mine,
                WantedUsers& wanted) {
  const IdRows ids = model.user_ids(mine);
  const std::vector<Index> selected = wanted.select(ids.ids);
  const SparseRows seen = pick(dataset.read(DatasetPart::interactions, mine), selected);
  Matrix users = pick(model.user_factors(mine).view(), selected);
  const std::vector<float> score_offset = score_offsets(model.objective(), users);
  make_scoring_vectors(model.objective(), users);
  const TopItems top = rank_items(
      model.items(), [&](RowRange items) { return model.item_factors(items); }, users.view(), seen, options.top);
  Lists lists;
  lists.users = pick(ids.ids, selected);
  for (Index u = 0; u < users.rows(); ++u) {
    for (const ScoredItem& item : top.sorted(u)) {
      lists.items.push_back(item.item);
      lists.scores.push_back(item.score + score_offset[static_cast<std::size_t>(u)]);
    }
    lists.offsets.push_back(static_cast<Index>(lists.items.size()));
  }
  return lists;
}

std::string csv_text(const Lists& lists, const Ids& item_ids) {
  fmt::memory_buffer text;
  for (std::size_t u = 0; u + 1 < lists.offsets.size(); ++u) {
    const std::string user = csv_field(id_text(lists.users, static_cast<Index>(u)));
    for (Index e = lists.offsets[u]; e < lists.offsets[u + 1]; ++e) {
      const auto entry = static_cast<std::size_t>(e);
      fmt::format_to(std::back_inserter(text), "{},{},{},{}\n", user, e - lists.offsets[u] + 1,
                     csv_field(id_text(item_ids, lists.items[entry])), lists.scores[entry]);
    }
  }
  return fmt::to_string(text);
}

/// Users served and recommendations given, over all ranks.
struct Served {
  Index users = 0;
  Index recommendations = 0;
};

Served write_csv(const RecommendOptions& options, JobContext& context, const DatasetReader& dataset,
                 const ModelReader& model, WantedUsers& wanted) {
  const Communicator& comm = context.comm;
  const Ids item_ids = model.item_ids({0, model.items()}).ids;
  OrderedTextFile file(comm, options.output);
  file.append(comm.is_root() ? "user,rank,item,score\n" : "");
  const Index round = users_per_round * comm.size();
  Served served;
  for (Index first = 0; first < model.users(); first += round) {
    const RowRange mine = Partition::by_count(std::min(round, model.users() - first), comm.size()).range(comm.rank());
    const Lists lists = lists_for(options, dataset, model, {first + mine.begin, first + mine.end}, wanted);
    file.append(csv_text(lists, item_ids));
    served.users += static_cast<Index>(lists.offsets.size()) - 1;
    served.recommendations += lists.offsets.back();
    context.report.bar("users", std::min(first + round, model.users()), model.users());
  }
  wanted.require_all_found(comm);
  file.commit();
  return {comm.sum(served.users), comm.sum(served.recommendations)};
}

Served write_hdf5(const RecommendOptions& options, JobContext& context, const DatasetReader& dataset,
                  const ModelReader& model, WantedUsers& wanted) {
  const Communicator& comm = context.comm;
  const RowRange mine = Partition::by_count(model.users(), comm.size()).range(comm.rank());
  const Lists lists = lists_for(options, dataset, model, mine, wanted);
  wanted.require_all_found(comm);

  const Index users = id_count(lists.users);
  const Index entries = lists.offsets.back();
  const Index first_user = comm.exclusive_sum(users);
  const Index first_entry = comm.exclusive_sum(entries);
  const Served served{comm.sum(users), comm.sum(entries)};
  const RowRange my_entries{first_entry, first_entry + entries};
  const IdRows user_rows{{first_user, first_user + users}, served.users, lists.users};
  const IdRows item_rows{my_entries, served.recommendations, pick(model.item_ids({0, model.items()}).ids, lists.items)};
  // The last rank with a share also writes the closing offset.
  std::vector<Index> offsets(lists.offsets.begin(), lists.offsets.end() - 1);
  for (Index& offset : offsets) offset += first_entry;
  const bool is_last = comm.rank() == comm.size() - 1;
  if (is_last) offsets.push_back(served.recommendations);
  const RowRange my_offsets{first_user, first_user + users + (is_last ? 1 : 0)};

  Hdf5Writer file(comm, options.output,
                  id_bytes(comm, user_rows) + id_bytes(comm, item_rows) + served.recommendations * 4 + served.users * 8,
                  {.deflate_level = options.deflate_level});
  write_provenance(file, context.provenance("recommendations", dataset.provenance().dataset_digest));
  file.create_group("/users");
  write_ids(comm, file, "/users/ids", user_rows);
  file.create_group("/recommendations");
  file.write_rows("/recommendations/indptr", served.users + 1, my_offsets, std::span<const Index>(offsets));
  write_ids(comm, file, "/recommendations/items", item_rows);
  file.write_rows("/recommendations/scores", served.recommendations, my_entries, std::span<const float>(lists.scores));
  file.commit();
  return served;
}

bool names_hdf5(const std::string& path) {
  return path.ends_with(".h5") || path.ends_with(".hdf5");
}

/// Refuses options that contradict each other.
void require_sense(const RecommendOptions& options) {
  if (options.deflate_level == 0 || names_hdf5(options.output)) return;
  throw Error(ExitCode::usage,
              fmt::format("--compression has a meaning only for HDF5, and {} is to be CSV", options.output));
}

}  // namespace

void recommend_items(const RecommendOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  check_output(comm, options.output);
  const DatasetReader dataset(comm, options.data);
  const ModelReader model(comm, options.model);
  require_same_dataset(dataset, options.data, model, options.model);
  WantedUsers wanted(comm, options.users);

  const auto timer = context.report.phase("recommend");
  const Served served = names_hdf5(options.output) ? write_hdf5(options, context, dataset, model, wanted)
                                                   : write_csv(options, context, dataset, model, wanted);
  context.report.line(fmt::format("wrote {}: {} for {}", options.output,
                                  counted(served.recommendations, "recommendation"), counted(served.users, "user")));
  context.report.event("recommended", {{"users", served.users}, {"recommendations", served.recommendations}});
}

namespace {

RunJob describe_recommend(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<RecommendOptions>();
  // clang-format off
  description.add_options()
    ("data", po::value(&options->data)->value_name("FILE")->required(), "dataset that the model was trained on")
    ("model", po::value(&options->model)->value_name("FILE")->required(), "model, as als writes it")
    ("top", po::value(&options->top)->value_name("N")->default_value(10)->notifier(within<Index>("top", 1, 100'000)),
     "items for each user")
    ("users", po::value(&options->users)->value_name("FILE"), "ids of the users to serve, one a line; without it all")
    ("output", po::value(&options->output)->value_name("FILE")->required(), "CSV to write, or HDF5 where it ends in .h5");
  // clang-format on
  describe_compression(description, options->deflate_level);
  return {[options](JobContext& context) { recommend_items(*options, context); },
          [options] { require_sense(*options); }};
}

}  // namespace

Job recommend_job() {
  return {"recommend", "list the best new items for each user: model + dataset -> recommendations", notes,
          describe_recommend};
}

}  // namespace rankwise
