#include "jobs/evaluate/slices.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <fmt/format.h>
#include <limits>
#include <string>
#include <string_view>

#include "distributed/evaluation/metric_sample.hpp"
#include "distributed/rows/select_rows.hpp"
#include "jobs/evaluate/estimates.hpp"

namespace rankwise {

namespace {

using Groups = std::span<const std::string_view>;

constexpr std::array<std::string_view, activity_group_count> activity_names{"0", "1 to 10", "11 to 30", "31 to 100",
                                                                            "above 100"};
constexpr std::array<std::string_view, 3> popularity_names{"head", "mid", "tail"};
constexpr std::array<std::string_view, 2> cold_user_names{"users with training", "users without training"};
constexpr std::array<std::string_view, 2> cold_item_names{"items with training", "items without training"};
constexpr std::array<std::string_view, 4> time_names{"first 7 days", "8 to 30 days", "31 to 90 days", "after 90 days"};

/// Days since the first held-out interaction of all. Collective over comm.
Grouping group_by_time_since_cut(const Communicator& comm, const DatasetReader& dataset, const HeldoutRows& rows) {
  const std::vector<std::int64_t> times = dataset.marks(DatasetPart::heldout, EntryMark::time, rows.heldout.rows);
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t time : times) first = std::min(first, time);
  first = comm.min(first);
  constexpr std::int64_t day = 86400;
  const std::array bounds{first + 7 * day, first + 30 * day, first + 90 * day};
  return group_by_time(times, bounds);
}

bool is_split_in_time(const DatasetReader& dataset) {
  return dataset.provenance().configuration.find("split = temporal") != std::string::npos &&
         dataset.has(DatasetPart::heldout, EntryMark::time);
}

/// Which users and which held-out interactions a slice is of.
struct Chosen {
  std::span<const std::int8_t> group_of_row;    ///< empty: all users
  std::span<const std::int8_t> group_of_place;  ///< empty: all interactions
  int grouping = -1;                            ///< of the lists' tables; -1: none
  std::int8_t group = 0;

  [[nodiscard]] bool has_row(Index row) const {
    return group_of_row.empty() || group_of_row[static_cast<std::size_t>(row)] == group;
  }
  [[nodiscard]] bool has_place(Index place) const {
    return group_of_place.empty() || group_of_place[static_cast<std::size_t>(place)] == group;
  }
};

/// Of a contender's lists, the values of the chosen.
std::vector<double> chosen_values(const ListTable& table, std::size_t metric, const Chosen& chosen) {
  std::vector<double> values;
  if (chosen.grouping >= 0) {
    for (std::size_t entry = 0; entry < table.grouped.size(); ++entry) {
      const GroupedUser& each = table.grouped[entry];
      if (each.grouping == chosen.grouping && each.group == chosen.group)
        values.push_back(table.grouped_values[metric][entry]);
    }
    return values;
  }
  for (std::size_t user = 0; user < table.rows.size(); ++user) {
    if (chosen.has_row(table.rows[user])) values.push_back(table.values[metric][user]);
  }
  return values;
}

/// Values of users' lists; or with offsets, errors of ratings, of which each row's begin where these say.
struct ChosenValues {
  std::vector<double> values;
  std::vector<Index> offsets;
};

ChosenValues chosen_errors(std::span<const double> errors, std::span<const Index> offsets, const Chosen& chosen) {
  ChosenValues found{{}, {0}};
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
    for (Index place = offsets[row]; place < offsets[row + 1]; ++place) {
      if (chosen.has_row(static_cast<Index>(row)) && chosen.has_place(place))
        found.values.push_back(errors[static_cast<std::size_t>(place)]);
    }
    found.offsets.push_back(std::ssize(found.values));
  }
  return found;
}

/// A slice to be measured.
struct SliceName {
  std::string by;
  std::string group;
  Chosen chosen;
};

class SliceMeasurement {
 public:
  SliceMeasurement(const Communicator& comm, const Contest& contest, std::span<const EvaluationMetric> metrics,
                   std::span<const Contender> contenders)
      : comm_(comm), contest_(contest), metrics_(metrics), contenders_(contenders) {}

  std::vector<Slice> measure(std::span<const SliceName> names) const {
    std::vector<Slice> slices = counted(names);
    for (std::size_t s = 0; s < slices.size(); ++s) {
      if (slices[s].users > 0) add_values(names[s].chosen, slices[s]);
    }
    return slices;
  }

 private:
  /// What a slice's column in a batch of estimates is of.
  struct Asked {
    const EvaluationMetric* metric;
    bool has_yardstick;  ///< whose column follows the model's
  };

  /// The model's values and the yardstick's, in one batch.
  void add_values(const Chosen& chosen, Slice& slice) const {
    std::vector<Asked> asked;
    std::deque<ChosenValues> values;  // which do not move
    std::vector<MetricColumn> columns;
    for (const EvaluationMetric& metric : metrics_) {
      const bool has_values = metric.source() == MetricSource::hits || !metric.ranks() ||
                              (chosen.grouping < 0 && metric.source() != MetricSource::all_lists);
      if (!has_values) continue;
      const Contender* yardstick = yardstick_of(metric);
      asked.push_back({&metric, yardstick != nullptr});
      for (const Contender* contender : {&contenders_.front(), yardstick}) {
        if (contender == nullptr) continue;
        const ChosenValues& found = values.emplace_back(values_of(metric, *contender, chosen));
        columns.push_back({metric, found.values, found.offsets});
      }
    }
    const std::vector<MetricEstimate> estimates = metric_estimates(comm_, columns);
    auto next = estimates.begin();
    for (const Asked& each : asked) {
      SliceValue value{each.metric->name, figures_of(*next), {}};
      const bool is_known = next->users > 0;
      ++next;
      if (each.has_yardstick) value.baseline = (next++)->value;
      if (is_known) slice.values.push_back(std::move(value));
    }
  }

  [[nodiscard]] const Contender* yardstick_of(const EvaluationMetric& metric) const {
    for (const Contender& each : contenders_.subspan(1)) {
      if (takes_part(metric, each)) return &each;
    }
    return nullptr;
  }

  /// Of lists without offsets.
  [[nodiscard]] ChosenValues values_of(const EvaluationMetric& metric, const Contender& contender,
                                       const Chosen& chosen) const {
    if (!metric.ranks()) return chosen_errors(contender.ratings->errors, contest_.rows.heldout.offsets, chosen);
    const auto place = std::ranges::find(contest_.questions.metrics, metric.name, &EvaluationMetric::name);
    const auto number = static_cast<std::size_t>(place - contest_.questions.metrics.begin());
    return {chosen_values(*contender.lists, number, chosen), {}};
  }

  /// The slices without values: users and interactions that rankings count; without rankings all that are held out.
  [[nodiscard]] std::vector<Slice> counted(std::span<const SliceName> names) const {
    const SeenItems seen = contest_.questions.metrics.empty() ? SeenItems::allow : contest_.questions.rule.seen;
    std::vector<Index> counts(2 * names.size());  // users and interactions of each
    Targets targets;
    for (Index row = 0; row < contest_.rows.heldout.rows.size(); ++row) {
      find_targets(seen, contest_.rows, row, targets);
      for (std::size_t s = 0; s < names.size(); ++s) {
        const Chosen& chosen = names[s].chosen;
        if (!chosen.has_row(row)) continue;
        const Index found = std::ranges::count_if(targets.places, [&](Index place) { return chosen.has_place(place); });
        counts[2 * s] += found > 0 ? 1 : 0;
        counts[2 * s + 1] += found;
      }
    }
    comm_.all_reduce_sum(std::span<Index>(counts));
    std::vector<Slice> slices;
    for (std::size_t s = 0; s < names.size(); ++s)
      slices.push_back({names[s].by, names[s].group, counts[2 * s], counts[2 * s + 1], {}});
    return slices;
  }

  const Communicator& comm_;
  const Contest& contest_;
  std::span<const EvaluationMetric> metrics_;
  std::span<const Contender> contenders_;
};

}  // namespace

SlicePlan plan_slices(const Communicator& comm, const HeldoutData& data, const Catalogue& catalogue,
                      const HeldoutRows& rows, const SliceChoice& wanted, InputCheck check) {
  constexpr std::array all{SliceKind::activity, SliceKind::item_popularity, SliceKind::cold, SliceKind::time_since_cut};
  const auto is_wanted = [&](SliceKind kind) {
    return !wanted.kinds || std::ranges::find(*wanted.kinds, kind) != wanted.kinds->end();
  };
  SlicePlan plan;
  for (const SliceKind kind : all) {
    if (!is_wanted(kind)) continue;
    if (kind == SliceKind::time_since_cut && (data.fold || !is_split_in_time(*data.dataset))) {
      if (!wanted.kinds) continue;
      throw AgreedError(ExitCode::bad_data,
                        "--slices time-since-cut: expected a dataset of prepare --split temporal, "
                        "and a model that leaves out no fold");
    }
    plan.kinds.push_back(kind);
    if (kind == SliceKind::item_popularity) plan.groupings.push_back(group_by_popularity(catalogue, rows));
    if (kind == SliceKind::cold) {
      plan.known_users = known_user_groups(catalogue, rows);
      plan.groupings.push_back(group_by_known_item(catalogue, rows));
    }
    if (kind == SliceKind::time_since_cut) plan.groupings.push_back(group_by_time_since_cut(comm, *data.dataset, rows));
  }
  plan.columns = read_column_groups(comm, data, rows, wanted.columns, check);
  for (const ColumnGroups& column : plan.columns) {
    if (column.of.side != TableSide::items) continue;
    plan.groupings.push_back(group_by_item(static_cast<int>(column.names.size()), column.groups, rows));
  }
  return plan;
}

std::vector<Slice> measure_slices(const Communicator& comm, const SlicePlan& plan, const Contest& contest,
                                  std::span<const EvaluationMetric> metrics, std::span<const Contender> contenders) {
  const std::vector<std::int8_t> activity = activity_groups(contest.rows);
  std::vector<SliceName> slices;
  int groupings = 0;
  const auto by_users = [&](const std::string& by, Groups names, std::span<const std::int8_t> groups) {
    for (std::size_t group = 0; group < names.size(); ++group)
      slices.push_back({by, std::string(names[group]), {groups, {}, -1, static_cast<std::int8_t>(group)}});
  };
  const auto by_targets = [&](const std::string& by, Groups names) {
    const Grouping& grouping = plan.groupings[static_cast<std::size_t>(groupings)];
    for (std::size_t group = 0; group < names.size(); ++group)
      slices.push_back(
          {by, std::string(names[group]), {{}, grouping.of_place, groupings, static_cast<std::int8_t>(group)}});
    ++groupings;
  };
  for (const SliceKind kind : plan.kinds) {
    switch (kind) {
      case SliceKind::activity:
        by_users("activity", activity_names, activity);
        break;
      case SliceKind::item_popularity:
        by_targets("item-popularity", popularity_names);
        break;
      case SliceKind::cold:
        by_users("cold", cold_user_names, plan.known_users);
        by_targets("cold", cold_item_names);
        break;
      case SliceKind::time_since_cut:
        by_targets("time-since-cut", time_names);
        break;
    }
  }
  for (const ColumnGroups& column : plan.columns) {
    const std::vector<std::string_view> names(column.names.begin(), column.names.end());
    if (column.of.side == TableSide::users) {
      by_users(column.of.text(), names, column.groups);
    } else {
      by_targets(column.of.text(), names);
    }
  }
  return SliceMeasurement(comm, contest, metrics, contenders).measure(slices);
}

}  // namespace rankwise
