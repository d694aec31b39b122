#include "jobs/evaluate/evaluation_table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <vector>

#include "jobs/calibrate/calibrate_report.hpp"
#include "jobs/evaluate/gate.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

std::string half_width(const Interval& interval) {
  const double half = (interval.high - interval.low) / 2;
  return std::isnan(half) ? "-" : fmt::format("{:.6f}", half);
}

std::string p_text(double p) {
  if (std::isnan(p)) return "-";
  return p < 0.0001 ? "<0.0001" : fmt::format("{:.4f}", p);
}

/// What the lines of metrics have in common.
struct TableShape {
  std::size_t metric_width = 14;
  std::size_t baseline_width = 10;
  bool has_baselines = false;
  bool has_signed_ranks = false;  ///< Wilcoxon's test was asked for
};

TableShape shape_of(const Evaluation& evaluation) {
  TableShape shape;
  for (const MetricFigures& figures : evaluation.metrics) {
    shape.metric_width = std::max(shape.metric_width, figures.metric.name.size());
    for (const BaselineFigures& baseline : figures.baselines) {
      shape.baseline_width = std::max(shape.baseline_width, printable(baseline.name).size());
      shape.has_baselines = true;
      shape.has_signed_ranks |= baseline.signed_ranks.has_value();
    }
  }
  return shape;
}

std::string heading(const TableShape& shape) {
  std::string text = fmt::format("{:<{}} {:>11} {:>10} {:>9}", "metric", shape.metric_width, "model", "+-", "users");
  if (shape.has_baselines) {
    text += fmt::format("  {:<{}} {:>11} {:>11} {:>10} {:>8} {:>8}", "baseline", shape.baseline_width, "", "difference",
                        "+-", "p", "adjusted");
  }
  if (shape.has_signed_ranks) text += fmt::format(" {:>8}", "wilcoxon");
  return text + "\n";
}

std::string metric_lines(const MetricFigures& figures, const TableShape& shape) {
  const std::string model = fmt::format("{:<{}} {:>11.6f} {:>10} {:>9}", figures.metric.name, shape.metric_width,
                                        figures.model.value, half_width(figures.model.interval), figures.model.users);
  if (figures.baselines.empty()) return model + "\n";
  std::string text;
  std::string lead = model;
  for (const BaselineFigures& baseline : figures.baselines) {
    text += fmt::format("{}  {:<{}} {:>11.6f} {:>+11.6f} {:>10} {:>8} {:>8}", lead, printable(baseline.name),
                        shape.baseline_width, baseline.figures.value, baseline.difference.mean,
                        half_width(baseline.difference.interval), p_text(baseline.difference.p),
                        p_text(baseline.p_adjusted));
    if (shape.has_signed_ranks)
      text += fmt::format(" {:>8}", baseline.signed_ranks ? p_text(baseline.signed_ranks->p) : "-");
    text += "\n";
    lead = std::string(model.size(), ' ');
  }
  return text;
}

/// A line for each slice, with the first metric that it has.
std::string slice_lines(const std::vector<Slice>& slices) {
  std::string text = fmt::format("\n{:<16} {:<24} {:>9} {:>10} {:<14} {:>11} {:>10} {:>11}\n", "slice", "", "users",
                                 "targets", "metric", "model", "+-", "baseline");
  for (const Slice& slice : slices) {
    const std::string lead = fmt::format("{:<16} {:<24} {:>9} {:>10}", printable(slice.by), printable(slice.group),
                                         slice.users, slice.targets);
    if (slice.values.empty()) {
      text += lead + " -\n";
      continue;
    }
    const SliceValue& value = slice.values.front();
    text +=
        fmt::format("{} {:<14} {:>11.6f} {:>10} {:>11}\n", lead, value.metric, value.model.value,
                    half_width(value.model.interval), value.baseline ? fmt::format("{:.6f}", *value.baseline) : "-");
  }
  return text;
}

std::string legend(const Evaluation& evaluation) {
  std::string text = fmt::format(
      "\n+-: half of the 95% interval. difference: model less baseline, by pairs of users. p: "
      "Student's t; adjusted over the baselines by Benjamini and Hochberg\n");
  std::vector<std::string> told;
  for (const MetricFigures& figures : evaluation.metrics) {
    const std::string kind = figures.metric.name.substr(0, figures.metric.name.find('@'));
    if (std::ranges::find(told, kind) != told.end()) continue;
    told.push_back(kind);
    text += fmt::format("{}: {}\n", kind, definition_text(figures.metric));
  }
  return text + fmt::format("definitions: {}\n", evaluation.definitions);
}

}  // namespace

std::string evaluation_table(const Evaluation& evaluation) {
  const TableShape shape = shape_of(evaluation);
  std::string text = heading(shape);
  for (const MetricFigures& figures : evaluation.metrics) text += metric_lines(figures, shape);
  if (!evaluation.slices.empty()) text += slice_lines(evaluation.slices);
  text += legend(evaluation);
  if (evaluation.probability) {
    const Reliability& found = evaluation.probability->reliability;
    text += "\n" + reliability_table(found, "held-out") +
            fmt::format("expected calibration error {:.6f}, Brier score {:.6f} (of one share for all {:.6f})\n",
                        found.calibration_error, found.brier, found.constant_brier);
  }
  if (evaluation.gate) text += verdict_text(*evaluation.gate) + "\n";
  return text;
}

}  // namespace rankwise
