#include "jobs/als/side_features.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <utility>

#include "distributed/features/learn_features.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// Whose table it is: "user" or "item".
struct NamedTable {
  const char* side;
  Table table;
};

std::vector<std::string> wanted_columns(const std::vector<std::string>& asked, const Table& table) {
  if (asked != std::vector<std::string>{all_columns}) return asked;
  std::vector<std::string> names;
  for (const TableColumn& column : table.columns) names.push_back(column.name);
  return names;
}

Table require_table(std::optional<Table> table, const std::string& data_path, const char* side) {
  if (table) return std::move(*table);
  throw AgreedError(ExitCode::bad_data, fmt::format("{0}: holds no table of {1}s, which --{1}-features needs; expected "
                                                    "a dataset of prepare --{1}s FILE",
                                                    data_path, side));
}

/// lambda_u of rows with entries, 0 of others.
std::vector<float> row_weights(const Objective& objective, std::span<const Index> entries, Index opposite_rows) {
  std::vector<float> weights;
  for (const Index count : entries)
    weights.push_back(count > 0 ? objective.row_regularization(count, opposite_rows) : 0.0F);
  return weights;
}

/// Numbers of a side over all ranks.
struct SideCounts {
  Index rows = 0;
  Index cold = 0;            ///< without entries
  Index cold_described = 0;  ///< of them, that their features describe
  Index missing_values = 0;
  Index unknown_values = 0;
};

SideCounts count_side(const Communicator& comm, const FactorRegression& regression) {
  const FeatureRows& rows = regression.rows();
  std::array<Index, 5> sums{rows.rows(), 0, 0, rows.counts.missing_values, rows.counts.unknown_values};
  const std::vector<std::uint8_t> is_described = regression.described_rows();
  for (Index r = 0; r < rows.rows(); ++r) {
    sums[1] += regression.has_say(r) ? 0 : 1;
    sums[2] += is_described[static_cast<std::size_t>(r)];
  }
  comm.all_reduce_sum(std::span<Index>(sums));
  return {sums[0], sums[1], sums[2], sums[3], sums[4]};
}

void tell_features(Report& report, const char* side, const SideFeatures& features, const SideCounts& counts) {
  Index hashed = 0;
  for (const FeatureColumn& column : features.map.columns) hashed += column.buckets > 0 ? 1 : 0;
  const auto columns = std::ssize(features.map.columns);
  report.line(fmt::format("features of {}s: {} of {}{}; {} of {} without an interaction {} served by features", side,
                          features.map.width(), counted(columns, "column"),
                          hashed > 0 ? fmt::format(" ({} hashed)", hashed) : std::string(), counts.cold_described,
                          counted(counts.cold, side), verb(counts.cold_described, "is", "are")));
  report.event("features", {{"side", std::string(side) + "s"},
                            {"columns", columns},
                            {"hashed_columns", hashed},
                            {"features", features.map.width()},
                            {"penalty", features.regression->penalty_weight()},
                            {"matrix_bytes", features.regression->matrix_bytes()},
                            {"rows", counts.rows},
                            {"cold_rows", counts.cold},
                            {"described_rows", counts.cold_described},
                            {"missing_values", counts.missing_values},
                            {"unknown_values", counts.unknown_values}});
  if (counts.unknown_values > 0) {
    report.line(
        fmt::format("features of {}s: {} of rows without an interaction {} unknown to the training and left out", side,
                    counted(counts.unknown_values, "value"), verb(counts.unknown_values, "is", "are")));
  }
  const Index unknown = counts.cold - counts.cold_described;
  if (unknown == 0) return;
  const bool are_users = std::string_view(side) == "user";
  report.warning(fmt::format("{} of {} without an interaction {} no known value in --{}-features: {}", unknown,
                             counted(counts.cold, side), verb(unknown, "has", "have"), side,
                             are_users ? "the popular items are served there" : "no list has them"));
}

/// Collective.
SideFeatures learn_side(const FeatureOptions& options, const std::vector<std::string>& asked, const NamedTable& named,
                        const FeatureSide& side, const Objective& objective, Index opposite_rows, JobContext& context) {
  const Communicator& comm = context.comm;
  const Table& table = named.table;
  std::vector<std::uint8_t> is_trained;
  for (const Index count : side.entries) is_trained.push_back(count > 0 ? 1 : 0);
  const auto naming = [&](auto&& step) {
    try {
      return step();
    } catch (const AgreedError& error) {
      throw AgreedError(error.code(), fmt::format("--{}-features: {}", named.side, error.what()));
    }
  };
  LearnedFeatures learned = naming(
      [&] { return learn_features(comm, table, wanted_columns(asked, table), is_trained, options.resolved_width()); });
  if (!learned.constant_columns.empty()) {
    context.report.warning(fmt::format("--{}-features: {} {} one value or none in the training and {} left out: {}",
                                       named.side, counted(std::ssize(learned.constant_columns), "column"),
                                       verb(std::ssize(learned.constant_columns), "has", "have"),
                                       verb(std::ssize(learned.constant_columns), "is", "are"),
                                       fmt::join(learned.constant_columns, ", ")));
  }
  if (learned.map.columns.empty()) {
    throw AgreedError(ExitCode::bad_data, fmt::format("--{}-features: no column has two values in the training; "
                                                      "expected one whose values differ",
                                                      named.side));
  }
  FeatureRows rows = agree_on(comm, [&] { return feature_rows(learned.map, table); });
  return naming([&] {
    return SideFeatures{
        std::move(learned.map),
        std::make_shared<const FactorRegression>(
            comm, std::move(rows), row_weights(objective, side.entries, opposite_rows), options.resolved_penalty())};
  });
}

}  // namespace

TrainingFeatures learn_training_features(const FeatureOptions& options, const std::string& data_path,
                                         const Objective& objective, const FeatureSide& users, const FeatureSide& items,
                                         JobContext& context) {
  TrainingFeatures features;
  const Communicator& comm = context.comm;
  const InputCheck check = context.common.input_check;
  const auto learn = [&](const std::vector<std::string>& asked, const char* name, const FeatureSide& side,
                         Index opposite_rows, auto&& read) -> std::optional<SideFeatures> {
    if (asked.empty()) return std::nullopt;
    const NamedTable named{name,
                           require_table(read(comm, data_path, side.rows.range(comm.rank()), check), data_path, name)};
    SideFeatures found = learn_side(options, asked, named, side, objective, opposite_rows, context);
    tell_features(context.report, name, found, count_side(comm, *found.regression));
    return found;
  };
  features.users = learn(options.user_columns, "user", users, items.rows.rows(), read_user_table);
  features.items = learn(options.item_columns, "item", items, users.rows.rows(), read_item_table);
  return features;
}

ModelFeatures model_features(const SideFeatures& features, Matrix weights) {
  return {features.map, std::move(weights), features.regression->penalty_weight()};
}

}  // namespace rankwise
