#include "jobs/scale/figures.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double ratio(double over, double under, double otherwise) {
  return under > 0 ? over / under : otherwise;
}

ScaleFigures figures_of(const ScaleRun& run) {
  ScaleFigures figures;
  const std::vector<double> measured(run.epoch_seconds.begin() + 1, run.epoch_seconds.end());
  figures.epoch_seconds = median(measured);
  figures.min_epoch_seconds = std::ranges::min(measured);
  figures.max_epoch_seconds = std::ranges::max(measured);
  figures.predicted_share = ratio(run.predicted.epoch_seconds, figures.epoch_seconds, 0);
  const double mean_in_solvers = run.user_solver_seconds.mean + run.item_solver_seconds.mean;
  figures.imbalance = ratio(run.user_solver_seconds.max + run.item_solver_seconds.max, mean_in_solvers, 1);
  figures.solver_share = ratio(mean_in_solvers, run.user_seconds.mean + run.item_seconds.mean, 0);
  figures.bytes_over_least = ratio(static_cast<double>(run.bytes_sent), static_cast<double>(lower_bound_bytes(run)), 1);
  figures.interactions_per_second = ratio(static_cast<double>(run.interactions), figures.epoch_seconds, 0);
  figures.gflops = ratio(run.flops * 1e-9, figures.epoch_seconds, 0);
  return figures;
}

/// Of a run with `seconds` an epoch beside the first.
double efficiency(const ScaleRun& first, double first_seconds, const ScaleRun& run, double seconds) {
  const double ranks = run.scaling == ScalingKind::strong ? static_cast<double>(run.ranks) / first.ranks : 1.0;
  return ratio(first_seconds, ranks * seconds, 1);
}

std::string series_table(std::span<const ScaleRun> series) {
  const ScaleRun& first = series.front();
  std::string table = fmt::format("{} scaling, {}; {} thread{} a rank; the median of {} epoch{}\n",
                                  first.scaling == ScalingKind::strong ? "strong" : "weak",
                                  first.scaling == ScalingKind::strong ? "the same matrix on every number of ranks"
                                                                       : "a matrix that grows with the ranks",
                                  first.threads_per_rank, first.threads_per_rank == 1 ? "" : "s",
                                  first.epoch_seconds.size() - 1, first.epoch_seconds.size() == 2 ? "" : "s");
  table += fmt::format(
      "{:>6} {:>12} {:>9} {:>9} {:>9} {:>9} {:>8} {:>10} {:>11} {:>7} {:>9} {:>9} {:>8} {:>8} {:>10} {:>7} {:>11} "
      "{:>11} {:>10} {:>11} {:>11} {:>8}\n",
      "ranks", "interactions", "epoch s", "min", "max", "first", "speedup", "efficiency", "predicted s", "share",
      "imbalance", "predicted", "users s", "items s", "generate s", "plan s", "sent", "max", "over least", "memory max",
      "M inter./s", "GFLOP/s");
  const std::vector<ScaleFigures> figures = scale_figures(series);
  for (std::size_t r = 0; r < series.size(); ++r) {
    const ScaleRun& run = series[r];
    const ScaleFigures& of_run = figures[r];
    table += fmt::format(
        "{:>6} {:>12} {:>9.4g} {:>9.4g} {:>9.4g} {:>9.4g} {:>8.2f} {:>9.0f}% {:>11.4g} {:>7.2f} {:>9.3f} {:>9.3f} "
        "{:>8.3g} {:>8.3g} {:>10.3g} {:>7.3g} {:>11} {:>11} {:>10.3f} {:>11} {:>11.3g} {:>8.3g}{}\n",
        run.ranks, run.interactions, of_run.epoch_seconds, of_run.min_epoch_seconds, of_run.max_epoch_seconds,
        run.epoch_seconds.front(), of_run.speedup, 100 * of_run.efficiency, run.predicted.epoch_seconds,
        of_run.predicted_share, of_run.imbalance, run.predicted.imbalance, run.user_seconds.max, run.item_seconds.max,
        run.generate_seconds.max, run.plan_seconds.max, bytes_text(static_cast<double>(run.bytes_sent)),
        bytes_text(static_cast<double>(run.max_bytes_sent)), of_run.bytes_over_least, bytes_text(run.memory_bytes.max),
        of_run.interactions_per_second * 1e-6, of_run.gflops, run.is_oversubscribed ? " *" : "");
  }
  return table;
}

}  // namespace

Index lower_bound_bytes(const ScaleRun& run) {
  return run.predicted.users.lower_bound_bytes + run.predicted.items.lower_bound_bytes;
}

Index predicted_bytes(const ScaleRun& run) {
  return run.predicted.users.total_bytes_sent + run.predicted.items.total_bytes_sent;
}

std::vector<ScaleFigures> scale_figures(std::span<const ScaleRun> series) {
  std::vector<ScaleFigures> all;
  for (const ScaleRun& run : series) {
    const ScaleRun& first = series.front();
    ScaleFigures figures = figures_of(run);
    const double first_seconds = all.empty() ? figures.epoch_seconds : all.front().epoch_seconds;
    figures.efficiency = efficiency(first, first_seconds, run, figures.epoch_seconds);
    figures.speedup = figures.efficiency * run.ranks;
    figures.predicted_efficiency = efficiency(first, first.predicted.epoch_seconds, run, run.predicted.epoch_seconds);
    all.push_back(figures);
  }
  return all;
}

std::span<const ScaleRun> series_of(std::span<const ScaleRun> runs, ScalingKind scaling) {
  const auto begin = std::ranges::find(runs, scaling, &ScaleRun::scaling);
  const auto end = std::find_if(begin, runs.end(), [&](const ScaleRun& run) { return run.scaling != scaling; });
  return {begin, end};
}

std::optional<std::string> difference_of_losses(std::span<const ScaleRun> runs) {
  for (const ScaleRun& run : runs) {
    const ScaleRun& first = *std::ranges::find(runs, run.growth, &ScaleRun::growth);
    for (std::size_t epoch = 0; epoch < run.losses.size(); ++epoch) {
      const EpochLoss& one = first.losses[epoch];
      const EpochLoss& other = run.losses[epoch];
      if (one.observed == other.observed && one.unobserved == other.unobserved && one.regularizer == other.regularizer)
        continue;
      return fmt::format(
          "epoch {}: the loss is {} on {} ranks, but {} on {}; expected the same bits on any number of ranks",
          epoch + 1, other.total(), run.ranks, one.total(), first.ranks);
    }
  }
  return std::nullopt;
}

std::string scale_table(std::span<const ScaleRun> runs) {
  std::string table;
  for (const ScalingKind scaling : {ScalingKind::strong, ScalingKind::weak}) {
    const std::span<const ScaleRun> series = series_of(runs, scaling);
    if (!series.empty()) table += series_table(series);
  }
  if (std::ranges::any_of(runs, &ScaleRun::is_oversubscribed)) {
    table += "* more threads than processors on a node: such seconds say nothing of how the program scales\n";
  }
  return table;
}

}  // namespace rankwise
