// Sample runs:
//   mpirun -n 8 rankwise scale --strong 1,2,4,8 --shape shop --scale 0.1 --plot scale.svg
//   mpirun -n 8 rankwise scale --weak 1,2,4,8 --users 100000 --items 10000 --interactions 1e6 --json scale.json
//   srun rankwise scale --strong 16,32,64 --weak 1,4,16,64 --shape shop --factors 128 --csv scale.csv

#include "jobs/scale/scale.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "distributed/comm/patient_barrier.hpp"
#include "io/files/commit.hpp"
#include "io/page/line_plot.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"
#include "jobs/run/version.hpp"
#include "jobs/scale/figures.hpp"
#include "jobs/scale/files.hpp"
#include "jobs/scale/run.hpp"
#include "jobs/scale/run_predictor.hpp"

namespace rankwise {

namespace {

/// A run that is asked for.
struct WantedRun {
  ScalingKind scaling;
  int ranks;
  /// Strong runs keep the stated sizes. In weak ones users, items and interactions all grow with the ranks, so that
  /// rows keep their lengths on both sides, and every rank its work.
  [[nodiscard]] int growth() const { return scaling == ScalingKind::strong ? 1 : ranks; }
};

void require_sense(const ScaleOptions& options, int world) {
  const auto refuse = [](const std::string& message) { throw AgreedError(ExitCode::usage, message); };
  if (options.strong.empty() && options.weak.empty()) {
    refuse("scale needs --strong LIST or --weak LIST: numbers of ranks, as in 1,2,4");
  }
  for (const auto& [name, counts] : {std::pair("strong", options.strong), std::pair("weak", options.weak)}) {
    if (counts.empty()) continue;
    if (counts.back() > world) {
      refuse(fmt::format("--{} asks for {} ranks, but this run has {}; start it on as many ranks as the largest number",
                         name, counts.back(), world));
    }
    const auto repeated = std::ranges::adjacent_find(counts);
    if (repeated != counts.end()) refuse(fmt::format("--{} has {} twice", name, *repeated));
  }
  if (options.als.epochs < 2) refuse("scale needs --epochs of at least 2: the first is not measured");
  if (options.als.memory_budget_bytes > 0) {
    refuse("scale measures runs without --memory-budget; rankwise als has it");
  }
  const StatedSizes& sizes = options.sizes;
  if (sizes.scale != 1 && sizes.users && sizes.items && sizes.interactions) {
    refuse("--scale multiplies sizes of the preset, but all of them are stated");
  }
}

std::vector<WantedRun> wanted_runs(const ScaleOptions& options) {
  std::vector<WantedRun> runs;
  for (const int ranks : options.strong) runs.push_back({ScalingKind::strong, ranks});
  for (const int ranks : options.weak) runs.push_back({ScalingKind::weak, ranks});
  return runs;
}

/// Runs `body(part)` on the first `ranks` ranks while the others sleep; all ranks throw what these agree to throw.
/// Collective over comm.
template <class Body>
std::optional<ScaleRun> on_first_ranks(JobContext& context, int ranks, const Body& body) {
  const Communicator& comm = context.comm;
  const bool takes_part = comm.rank() < ranks;
  const Communicator part = comm.split(takes_part ? 0 : 1);
  std::optional<ScaleRun> run;
  std::optional<Error> failure;
  if (takes_part) {
    try {
      run = body(part);
    } catch (const AgreedError& error) {
      failure = error;
    }
  }
  {
    const auto timer = context.report.phase("wait for others");
    patient_barrier(comm);
  }
  agree(comm, failure);
  return run;
}

void tell_run(Report& report, const ScaleRun& run) {
  const ScaleFigures figures = scale_figures(std::span(&run, 1)).front();
  report.line(fmt::format("{} rank{}: {:.4g} s an epoch, predicted {:.4g} s; loss {:.6e}", run.ranks,
                          run.ranks == 1 ? "" : "s", figures.epoch_seconds, run.predicted.epoch_seconds,
                          run.losses.back().total()));
  report.event("scaling_run", {{"scaling", run.scaling == ScalingKind::strong ? "strong" : "weak"},
                               {"ranks", Index{run.ranks}},
                               {"nodes", run.nodes},
                               {"users", run.users},
                               {"items", run.items},
                               {"interactions", run.interactions},
                               {"epoch_seconds", figures.epoch_seconds},
                               {"predicted_epoch_seconds", run.predicted.epoch_seconds},
                               {"imbalance", figures.imbalance},
                               {"bytes_sent", run.bytes_sent},
                               {"lower_bound_bytes", lower_bound_bytes(run)},
                               {"max_memory_bytes", run.memory_bytes.max},
                               {"loss", run.losses.back().total()}});
}

std::string plot_of(const ScaleOptions& options, const SyntheticShape& shape, std::span<const ScaleRun> runs) {
  std::vector<PlotPanel> panels;
  for (const ScalingKind scaling : {ScalingKind::strong, ScalingKind::weak}) {
    const std::span<const ScaleRun> series = series_of(runs, scaling);
    if (series.empty()) continue;
    PlotPanel panel;
    panel.title = scaling == ScalingKind::strong ? "Strong scaling: the same matrix" : "Weak scaling: the matrix grows";
    const std::vector<ScaleFigures> figures = scale_figures(series);
    for (std::size_t r = 0; r < series.size(); ++r) {
      panel.points.push_back({.ranks = static_cast<double>(series[r].ranks),
                              .seconds = figures[r].epoch_seconds,
                              .min_seconds = figures[r].min_epoch_seconds,
                              .max_seconds = figures[r].max_epoch_seconds,
                              .predicted_seconds = series[r].predicted.epoch_seconds,
                              .ideal_seconds = figures[r].epoch_seconds * figures[r].efficiency,
                              .efficiency = figures[r].efficiency});
    }
    panels.push_back(std::move(panel));
  }
  const char* of_whom = options.strong.empty() ? " for each rank"
                        : options.weak.empty() ? ""
                                               : " (weak: for each rank)";
  return scaling_plot(
      fmt::format("{} users x {} items, {:.0f} interactions{}; {} factors; threads per rank: {}", shape.users,
                  shape.items, shape.interactions, of_whom, options.als.factors, runs.front().threads_per_rank),
      panels);
}

}  // namespace

void measure_scaling(const ScaleOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  Report& report = context.report;

  // 1. Whether all that is asked for makes sense and can be written.
  require_sense(options, comm.size());
  require_sense(options.als);
  const std::vector<WantedRun> wanted = wanted_runs(options);
  const SyntheticShape shape = agree_on(comm, [&] {
    const SyntheticShape stated = stated_shape(options.sizes, context.common.seed);
    for (const WantedRun& run : wanted) stated.scaled(run.growth()).validate();
    return stated;
  });
  for (const std::string& path : {options.json, options.csv, options.plot}) {
    if (!path.empty()) check_output(comm, path);
  }

  // 2. One run after the other, each on the first ranks.
  RunPredictor predictor(options, context);
  std::vector<ScaleRun> runs;
  for (const WantedRun& next : wanted) {
    std::optional<ScaleRun> run = on_first_ranks(context, next.ranks, [&](const Communicator& part) {
      return measure_run(part, options, shape.scaled(next.growth()), predictor, context);
    });
    if (!comm.is_root()) continue;
    run->scaling = next.scaling;
    run->growth = next.growth();
    tell_run(report, *run);
    runs.push_back(std::move(*run));
  }

  // 3. The promise: the same matrix has the same losses on any number of ranks.
  agree_on(comm, [&] {
    if (const auto difference = difference_of_losses(runs)) throw Error(ExitCode::internal, *difference);
  });

  // 4. The report.
  struct ReportTexts {
    std::string json;
    std::string csv;
    std::string plot;
  };
  const ReportTexts texts = agree_on(comm, [&] {
    if (!comm.is_root()) return ReportTexts();
    print_result(scale_table(runs));
    const ScaleSetting setting{options, shape, predictor.ratio(), program_version(), context.configuration};
    return ReportTexts{scale_json(setting, runs), scale_csv(runs), plot_of(options, shape, runs)};
  });
  write_from_root(context, options.json, texts.json);
  write_from_root(context, options.csv, texts.csv);
  write_from_root(context, options.plot, texts.plot);
}

Job scale_job() {
  constexpr std::string_view notes =
      R"(Every number of ranks is one run on the first ranks of this one, while the others sleep; start it on as many ranks as the
largest number. A run plants its matrix where it is used (no file is read), trains --epochs epochs and tells the median,
least and largest seconds of all but the first, on the slowest rank.
  strong     the stated sizes on every number of ranks;  efficiency n1 T1 / (n T)
  weak       the stated sizes times the ranks: users, items and interactions all grow, so that rows keep their lengths
             on both sides;  efficiency T1 / T
n1 and T1 are the smallest number of ranks of the series and its seconds; speedup is efficiency times ranks.
Planted users choose items by popularity alone, as for plan. Strong runs must agree in the loss of every epoch, bit for
bit, or the job fails (70).
Predicted seconds, imbalance and bytes are what plan says of the same layout, with one core measured at the beginning
(--calibrate); share is predicted over measured. Imbalance is the largest over the mean seconds that ranks spend in the
rows' solvers, over both half-sweeps. Sent are the bytes of an epoch, of all ranks and of one at most; least is each
row of another node once per node that needs it, unpadded; ranks of a node share what they gather and send each other
nothing, unless --node-sharing is off. Memory is the peak from the matrix on.
Seconds of half-sweeps are means over measured epochs on the slowest rank. The last table on standard error adds all
runs up, and ranks that slept in some of them with them.)";
  return {"scale", "how training scales here: strong and weak runs on planted data, beside what plan predicts", notes,
          describe_scale};
}

}  // namespace rankwise
