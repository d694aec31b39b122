#include "jobs/denoise/findings.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <string>
#include <vector>

#include "distributed/log/content_digest.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/select_rows.hpp"
#include "io/dataset/dataset_writer.hpp"
#include "io/dataset/whole_dataset.hpp"
#include "io/files/commit.hpp"
#include "io/text/csv_field.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

bool is_implausible(const JudgedPair& pair, const DenoiseOptions& options) {
  if (!pair.is_judged()) return false;
  return (options.rates() ? std::fabs(pair.distance) : pair.distance) > options.resolved_threshold();
}

/// Pairs of this rank's users that the validation part and the held-out part both have, ascending. Collective.
std::vector<TrainedPair> pairs_of_both_parts(const Communicator& comm, const DatasetReader& dataset) {
  const bool are_users_apart = dataset.has(DatasetPart::given);  // what is held out is of other users
  if (!dataset.has(DatasetPart::validation) || !dataset.has(DatasetPart::heldout) || are_users_apart) return {};
  const RowRange users = Partition::by_count(dataset.training_users(), comm.size()).range(comm.rank());
  const SparseRows validation = dataset.read(DatasetPart::validation, users);
  const SparseRows heldout = dataset.read(DatasetPart::heldout, users);
  std::vector<TrainedPair> pairs;
  std::vector<Index> items;
  for (Index row = 0; row < users.size(); ++row) {
    items.clear();
    std::ranges::set_intersection(row_columns(validation, row), row_columns(heldout, row), std::back_inserter(items));
    for (const Index item : items) pairs.push_back({users.begin + row, item});
  }
  return pairs;
}

void tell(Report& report, const DenoiseOptions& options, const Judgement& judgement, const Findings& findings) {
  const double share = judgement.interactions > 0
                           ? static_cast<double>(findings.found) / static_cast<double>(judgement.interactions)
                           : 0;
  const std::string beyond =
      options.rates()
          ? fmt::format("more than {:g} robust deviations from its prediction", options.resolved_threshold())
          : fmt::format("ranked below more than {:g}% of its user's candidates", options.resolved_threshold());
  report.line(fmt::format("found {} ({}): {}", counted(findings.found, "interaction"), percent(share), beyond));
  if (findings.spared_users > 0) {
    report.line(fmt::format("{} with {} beyond it {} all, since nothing else would be left of them",
                            counted(findings.spared_users, "user"), counted(findings.spared_pairs, "interaction"),
                            verb(findings.spared_users, "keeps", "keep")));
  }
  if (findings.spared_repeats > 0) {
    report.line(fmt::format("{} beyond it {}, since the validation part and the held-out part have the pair, too",
                            counted(findings.spared_repeats, "interaction"),
                            verb(findings.spared_repeats, "stays", "stay")));
  }
  report.event("found", {{"found", findings.found},
                         {"share", share},
                         {"threshold", options.resolved_threshold()},
                         {"spared_users", findings.spared_users},
                         {"spared_interactions", findings.spared_pairs},
                         {"spared_repeats", findings.spared_repeats}});
}

std::string line_of(const DenoiseOptions& options, const JudgedPair& found, const std::string& user,
                    const std::string& item) {
  const std::string distance = fmt::format("{:.6f}", found.distance);
  const std::string limit = fmt::format("{:g}", options.resolved_threshold());
  return fmt::format("{},{},{},{:.7g},{},{},{}\n", user, item, found.value, found.prediction,
                     options.rates() ? distance : "", options.rates() ? "" : distance,
                     options.rates() ? "more than " + limit + " robust deviations from its prediction"
                                     : "below more than " + limit + "% of the candidates");
}

}  // namespace

Findings find_implausible(JobContext& context, const DenoiseOptions& options, const DatasetReader& dataset,
                          const Judgement& judgement) {
  Findings findings;
  const std::vector<TrainedPair> in_both =
      options.action == NoiseAction::drop ? pairs_of_both_parts(context.comm, dataset) : std::vector<TrainedPair>();
  const auto is_found = [&](const JudgedPair& each) {
    return is_implausible(each, options) && !std::ranges::binary_search(in_both, each.pair);
  };
  findings.spared_repeats = std::ranges::count_if(judgement.pairs, [&](const JudgedPair& each) {
    return is_implausible(each, options) && std::ranges::binary_search(in_both, each.pair);
  });
  const auto end = judgement.pairs.end();
  for (auto first = judgement.pairs.begin(); first != end;) {
    const auto next =
        std::find_if(first, end, [&](const JudgedPair& each) { return each.pair.user != first->pair.user; });
    const Index beyond = std::count_if(first, next, is_found);
    if (options.action == NoiseAction::drop && beyond == next - first) {
      ++findings.spared_users;
      findings.spared_pairs += beyond;
    } else {
      std::copy_if(first, next, std::back_inserter(findings.pairs), is_found);
    }
    first = next;
  }
  const Communicator& comm = context.comm;
  findings.found = comm.sum(std::ssize(findings.pairs));
  findings.spared_users = comm.sum(findings.spared_users);
  findings.spared_pairs = comm.sum(findings.spared_pairs);
  findings.spared_repeats = comm.sum(findings.spared_repeats);
  tell(context.report, options, judgement, findings);
  return findings;
}

void write_findings(JobContext& context, const DenoiseOptions& options, const DatasetReader& dataset,
                    const Findings& findings) {
  const auto timer = context.report.phase("quarantine");
  const Communicator& comm = context.comm;
  const RowRange users = Partition::by_count(dataset.training_users(), comm.size()).range(comm.rank());
  const IdRows user_ids = dataset.user_ids(users);
  const IdRows item_ids = dataset.item_ids({0, dataset.items()});
  std::string text;
  if (comm.is_root()) text = "user_id,item_id,value,prediction,z,percentile,reason\n";
  for (const JudgedPair& found : findings.pairs) {
    text += line_of(options, found, csv_field(id_text(user_ids.ids, found.pair.user - users.begin)),
                    csv_field(id_text(item_ids.ids, found.pair.item)));
  }
  write_text_in_rank_order(comm, options.quarantine, text);
  context.report.line(fmt::format("wrote {}: what was found", options.quarantine));
}

std::uint64_t write_cleaned(JobContext& context, const DenoiseOptions& options, const DatasetReader& dataset,
                            const Findings& findings) {
  const auto timer = context.report.phase("write");
  const Communicator& comm = context.comm;
  std::vector<TrainedPair> pairs;
  for (const JudgedPair& found : findings.pairs) pairs.push_back(found.pair);
  Dataset cleaned = read_whole_dataset(comm, dataset);
  if (options.action == NoiseAction::drop) {
    drop_pairs(comm, pairs, cleaned);
  } else {
    weigh_pairs(comm, pairs, options.resolved_weight(), cleaned);
  }
  cleaned.source = DatasetSource{dataset.provenance().dataset_digest, dataset.provenance().configuration};
  const std::uint64_t digest = content_digest(comm, cleaned);
  write_dataset(comm, options.output, cleaned, context.provenance("dataset", digest), options.deflate_level,
                read_dataset_tables(comm, options.data, context.common.input_check), dataset.pseudonyms());
  context.report.line(fmt::format("wrote {}: {} {}, {} left", options.output, counted(findings.found, "interaction"),
                                  options.action == NoiseAction::drop ? "dropped" : "of a smaller value",
                                  comm.sum(cleaned.interactions.entries())));
  return digest;
}

}  // namespace rankwise
