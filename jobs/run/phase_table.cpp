#include "jobs/run/phase_table.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "distributed/comm/order_free_sum.hpp"

namespace rankwise {

namespace {

/// Names of all ranks' phases, each once, in order of first use on the lowest rank that has it.
std::vector<std::string> union_of_names(const Communicator& comm, std::span<const PhaseCost> mine) {
  std::string text;
  for (const PhaseCost& phase : mine) text += phase.name + '\n';
  const std::vector<char> all = comm.all_gather_varied(std::span<const char>(text)).values;
  std::vector<std::string> names;
  for (auto begin = all.begin(); begin != all.end();) {
    const auto end = std::find(begin, all.end(), '\n');
    std::string name(begin, end);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    begin = end + 1;
  }
  return names;
}

/// A number in a fixed width, or a dash where there is nothing to tell.
std::string cell(double value, std::string_view format) {
  return value > 0 ? fmt::format(fmt::runtime(format), value) : "-";
}

}  // namespace

double PhaseSummary::interactions_per_second() const {
  return max_seconds > 0 ? static_cast<double>(interactions) / max_seconds : 0;
}

std::vector<PhaseSummary> summarize_phases(const Communicator& comm, std::span<const PhaseCost> mine) {
  std::vector<PhaseSummary> summaries;
  for (const std::string& name : union_of_names(comm, mine)) {
    const auto own = std::ranges::find(mine, name, &PhaseCost::name);
    const PhaseCost cost = own == mine.end() ? PhaseCost{name} : *own;
    PhaseSummary& summary = summaries.emplace_back();
    summary.name = name;
    summary.min_seconds = static_cast<double>(comm.min(cost.nanoseconds)) * 1e-9;
    summary.max_seconds = static_cast<double>(comm.max(cost.nanoseconds)) * 1e-9;
    summary.mean_seconds = static_cast<double>(comm.sum(cost.nanoseconds)) / comm.size() * 1e-9;
    summary.flops = order_free_sum(comm, std::span(&cost.flops, 1));
    summary.interactions = comm.sum(cost.interactions);
  }
  return summaries;
}

std::string phase_table(std::span<const PhaseSummary> phases, double peak_gflops) {
  std::size_t width = 5;
  for (const PhaseSummary& phase : phases) width = std::max(width, phase.name.size());
  std::string table = fmt::format("{:<{}}  {:>9}  {:>9}  {:>9}  {:>9}  {:>8}  {:>7}  {:>14}\n", "phase", width, "min s",
                                  "mean s", "max s", "imbalance", "GFLOP/s", "of peak", "interactions/s");
  for (const PhaseSummary& phase : phases) {
    const double share = peak_gflops > 0 ? phase.gflops() / peak_gflops : 0;
    table += fmt::format("{:<{}}  {:>9.3f}  {:>9.3f}  {:>9.3f}  {:>9.2f}  {:>8}  {:>7}  {:>14}\n", phase.name, width,
                         phase.min_seconds, phase.mean_seconds, phase.max_seconds, phase.imbalance(),
                         cell(phase.gflops(), "{:.1f}"), cell(share * 100, "{:.0f}%"),
                         cell(phase.interactions_per_second(), "{:.3g}"));
  }
  return table;
}

}  // namespace rankwise
