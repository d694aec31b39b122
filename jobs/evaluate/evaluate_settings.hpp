#pragma once
// What `rankwise evaluate` is asked for.

#include <optional>
#include <string>
#include <vector>

#include "distributed/ranking/catalogue.hpp"
#include "io/tables/table_choice.hpp"
#include "jobs/options/model_choice.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// What a model is compared with.
enum class BaselineKind { popularity, recent, own, item_cosine, biases, blended_models };

struct Baseline {
  std::string name;  ///< as asked for: "recent:90d"
  BaselineKind kind = BaselineKind::popularity;
  double window_seconds = 0;  ///< of recent; blended_models: each model of the blend alone

  /// Whether it makes lists; otherwise it predicts ratings.
  [[nodiscard]] bool ranks() const { return kind != BaselineKind::biases; }
};

/// Whom a slice is of.
enum class SliceKind { activity, item_popularity, cold, time_since_cut };

/// A column of the dataset's table of items or users.
struct TableColumnName {
  TableSide side = TableSide::items;
  std::string column;

  /// "users:country"
  [[nodiscard]] std::string text() const;
  friend bool operator==(const TableColumnName&, const TableColumnName&) = default;
};

struct SliceChoice {
  std::optional<std::vector<SliceKind>> kinds;  ///< nothing: all that the dataset has
  std::vector<TableColumnName> columns;
};

/// A test of pairs beside Student's and sign flips.
enum class ExtraTest { none, wilcoxon };

/// A model that must not be much worse than an older one.
struct GateSettings {
  std::string against;  ///< the older model's file; empty: no gate
  std::string metric;   ///< empty: the first of the metrics
  std::optional<double> margin;
  std::optional<double> confidence;
};

/// Which items lists can have: all that the model can list, or of these those without a training entry.
enum class Candidates { all, new_items };

struct EvaluateOptions {
  std::string data;
  ModelChoice model;
  std::string metrics;  ///< "auto", or a list as parse_metrics takes it
  Definitions definitions = Definitions::ours;
  std::string definitions_word = "ours";
  std::optional<std::vector<Baseline>> baselines;  ///< nothing: what suits the metrics
  std::vector<std::string> baseline_models;        ///< files
  SliceChoice slices;
  ExtraTest extra_test = ExtraTest::none;
  std::string categories;  ///< a column of the table of items, for metrics that need one; empty: none
  std::string output;
  std::string report;       ///< a page
  std::string probability;  ///< a file of calibrate whose probabilities are checked; empty: none
  std::string per_user;     ///< a file of every user's metrics
  SeenItems seen = SeenItems::exclude;
  Candidates candidates = Candidates::all;
  GateSettings gate;
};

/// Adds the options; `options` outlives them.
void describe_evaluation(boost::program_options::options_description& description, EvaluateOptions& options);

/// Throws Error(usage) if options contradict each other or one of them would have no effect.
void require_sense(const EvaluateOptions& options);

}  // namespace rankwise
