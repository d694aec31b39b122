#include "jobs/denoise/known_truth.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "io/log/pair_list.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// The rows of texts that the root has, on every rank; -1 for others. Collective.
std::vector<Index> rows_of(const Communicator& comm, std::vector<std::string> texts, const IdRows& known) {
  const Index count = std::ssize(texts);
  const IdRows wanted{{0, count}, comm.sum(count), std::move(texts)};
  std::vector<Index> rows = find_rows_by_id(comm, wanted, known);
  comm.broadcast(rows);
  return rows;
}

Index count_known(const KnownTruth& truth, const std::vector<JudgedPair>& pairs) {
  return std::ranges::count_if(
      pairs, [&](const JudgedPair& each) { return std::ranges::binary_search(truth.pairs, each.pair); });
}

std::optional<double> share(Index part, Index of) {
  return of > 0 ? std::optional(static_cast<double>(part) / static_cast<double>(of)) : std::nullopt;
}

std::string share_text(const std::optional<double>& share) {
  return share ? fmt::format("{:.4f}", *share) : "none";
}

}  // namespace

std::optional<KnownTruth> read_truth(const Communicator& comm, const std::string& path, const DatasetReader& dataset) {
  if (path.empty()) return std::nullopt;
  PairList list = read_pair_list(comm, path);
  KnownTruth truth;
  truth.listed = comm.sum(std::ssize(list.users));
  const auto mine = [&](Index rows) { return Partition::by_count(rows, comm.size()).range(comm.rank()); };
  const std::vector<Index> users =
      rows_of(comm, std::move(list.users), dataset.user_ids(mine(dataset.training_users())));
  const std::vector<Index> items = rows_of(comm, std::move(list.items), dataset.item_ids(mine(dataset.items())));
  for (std::size_t r = 0; r < users.size(); ++r) {
    if (users[r] >= 0 && items[r] >= 0) truth.pairs.push_back({users[r], items[r]});
  }
  std::ranges::sort(truth.pairs);
  truth.pairs.erase(std::unique(truth.pairs.begin(), truth.pairs.end()), truth.pairs.end());
  return truth;
}

TruthFigures compare_with_truth(JobContext& context, const KnownTruth& truth, const Judgement& judgement,
                                const Findings& findings) {
  const Communicator& comm = context.comm;
  TruthFigures figures;
  figures.listed = truth.listed;
  figures.in_training = comm.sum(count_known(truth, judgement.pairs));
  figures.hits = comm.sum(count_known(truth, findings.pairs));
  figures.precision = share(figures.hits, findings.found);
  figures.recall = share(figures.hits, figures.in_training);
  context.report.line(
      fmt::format("truth: {} listed, {} of them in the training part; {} found: precision {}, recall {}",
                  counted(figures.listed, "wrong interaction"), figures.in_training, figures.hits,
                  share_text(figures.precision), share_text(figures.recall)));
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  context.report.event("truth", {{"listed", figures.listed},
                                 {"in_training", figures.in_training},
                                 {"hits", figures.hits},
                                 {"precision", figures.precision.value_or(none)},
                                 {"recall", figures.recall.value_or(none)}});
  return figures;
}

}  // namespace rankwise
