#include "distributed/features/feature_rows.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "distributed/threads/team_size.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

struct Feature {
  Index place;  ///< among the column's
  float value;
};

/// A row's features of one column.
struct ColumnFeatures {
  std::vector<Feature> features = {};
  bool is_missing = false;
  Index known = 0;
  Index unknown = 0;
};

/// Finds what a column's values become, row by row.
class ColumnReading {
 public:
  ColumnReading(const FeatureColumn& column, const ColumnValues& values) : column_(column), values_(values) {}

  void read(Index row, ColumnFeatures& found) const {
    found.features.clear();
    found.is_missing = false;
    found.known = found.unknown = 0;
    if (column_.kind == FeatureKind::number) {
      read_number(row, found);
    } else {
      read_labels(row, found);
    }
    if (found.is_missing && column_.has_missing) found.features.push_back({column_.values_width(), 1.0F});
  }

 private:
  void read_number(Index row, ColumnFeatures& found) const {
    const double value = std::get<Numbers>(values_)[static_cast<std::size_t>(row)];
    found.is_missing = std::isnan(value);
    if (found.is_missing) return;
    found.known = 1;
    const double standard = (value - column_.mean) / column_.deviation;
    found.features.push_back({0, static_cast<float>(std::clamp(standard, -most_deviations, most_deviations))});
  }

  void read_labels(Index row, ColumnFeatures& found) const {
    const std::string text = value_text(values_, row);
    const bool is_words = column_.kind == FeatureKind::words || column_.kind == FeatureKind::hashed_words;
    const std::vector<std::string> labels = is_words       ? words_of(text)
                                            : text.empty() ? std::vector<std::string>()
                                                           : std::vector<std::string>{text};
    found.is_missing = labels.empty();
    if (labels.empty()) return;
    const auto value = static_cast<float>(1 / std::sqrt(static_cast<double>(labels.size())));
    for (const std::string& label : labels) {
      const Index place = place_of(label);
      if (place < 0) {
        ++found.unknown;
        continue;
      }
      ++found.known;
      found.features.push_back({place, value});
    }
    merge_equal(found.features);
  }

  [[nodiscard]] Index place_of(const std::string& label) const {
    if (column_.buckets > 0) return bucket_of(column_.name, label, column_.buckets);
    const auto found = std::ranges::lower_bound(column_.labels, label);
    return found == column_.labels.end() || *found != label ? -1 : found - column_.labels.begin();
  }

  /// Labels in one bucket add up.
  static void merge_equal(std::vector<Feature>& features) {
    std::ranges::stable_sort(features, {}, &Feature::place);
    std::size_t kept = 0;
    for (std::size_t f = 0; f < features.size(); ++f) {
      if (kept > 0 && features[kept - 1].place == features[f].place) {
        features[kept - 1].value += features[f].value;
      } else {
        features[kept++] = features[f];
      }
    }
    features.resize(kept);
  }

  const FeatureColumn& column_;
  const ColumnValues& values_;
};

const TableColumn& column_in(const Table& table, const FeatureColumn& column) {
  const TableColumn* found = table.find(column.name);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const TableColumn& each : table.columns) names.push_back(shown(each.name));
    throw Error(ExitCode::bad_data, fmt::format("the table has no column {}; expected one, as the training had (it has "
                                                "{})",
                                                shown(column.name), fmt::join(names, ", ")));
  }
  if (column.kind == FeatureKind::number && found->type() != ColumnType::number) {
    throw Error(ExitCode::bad_data, fmt::format("column {} of the table is of type {}; expected numbers, as in the "
                                                "training",
                                                shown(column.name), column_type_name(found->type())));
  }
  return *found;
}

}  // namespace

FeatureRows feature_rows(const FeatureMap& map, const Table& table) {
  std::vector<ColumnReading> readings;
  std::vector<Index> firsts;
  for (std::size_t c = 0; c < map.columns.size(); ++c) {
    readings.emplace_back(map.columns[c], column_in(table, map.columns[c]).values);
    firsts.push_back(map.first(c));
  }
  FeatureRows rows;
  rows.width = map.width();
  rows.counts.rows = table.rows.size();
  ColumnFeatures found;
  for (Index row = 0; row < table.rows.size(); ++row) {
    rows.features.push_back(0);
    rows.values.push_back(1.0F);
    Index known = 0;
    for (std::size_t c = 0; c < readings.size(); ++c) {
      readings[c].read(row, found);
      for (const Feature& feature : found.features) {
        rows.features.push_back(static_cast<std::int32_t>(firsts[c] + feature.place));
        rows.values.push_back(feature.value);
      }
      known += found.known;
      rows.counts.missing_values += found.is_missing ? 1 : 0;
      rows.counts.unknown_values += found.unknown;
    }
    rows.offsets.push_back(std::ssize(rows.features));
    rows.is_described.push_back(known > 0 ? 1 : 0);
    rows.counts.described_rows += known > 0 ? 1 : 0;
  }
  return rows;
}

FeatureRows empty_feature_rows(const FeatureMap& map, Index rows) {
  Table table{.rows = {0, rows}, .columns = {}};
  for (const FeatureColumn& column : map.columns) {
    const auto count = static_cast<std::size_t>(rows);
    if (column.kind == FeatureKind::number) {
      table.columns.push_back({column.name, Numbers(count, std::numeric_limits<double>::quiet_NaN())});
    } else {
      table.columns.push_back({column.name, Texts(count)});
    }
  }
  return feature_rows(map, table);
}

void append(FeatureRows& rows, const FeatureRows& more) {
  const Index begin = rows.offsets.back();
  for (std::size_t r = 1; r < more.offsets.size(); ++r) rows.offsets.push_back(begin + more.offsets[r]);
  rows.features.insert(rows.features.end(), more.features.begin(), more.features.end());
  rows.values.insert(rows.values.end(), more.values.begin(), more.values.end());
  rows.is_described.insert(rows.is_described.end(), more.is_described.begin(), more.is_described.end());
  rows.counts.rows += more.counts.rows;
  rows.counts.described_rows += more.counts.described_rows;
  rows.counts.missing_values += more.counts.missing_values;
  rows.counts.unknown_values += more.counts.unknown_values;
}

Matrix weighted_rows(const FeatureRows& rows, ConstMatrixView weights) {
  Matrix result(rows.rows(), weights.columns);
  const auto operations = static_cast<double>(std::ssize(rows.features)) * static_cast<double>(weights.columns);
#pragma omp parallel num_threads(team_size(operations))
  {
    std::vector<double> sums(static_cast<std::size_t>(weights.columns));
#pragma omp for schedule(static)
    for (Index r = 0; r < result.rows(); ++r) {
      std::ranges::fill(sums, 0.0);
      const auto end = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r) + 1]);
      for (auto f = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r)]); f < end; ++f) {
        const float* weight = weights.row(rows.features[f]);
        const auto value = static_cast<double>(rows.values[f]);
        for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += value * static_cast<double>(weight[c]);
      }
      std::ranges::transform(sums, result.row(r), [](double sum) { return static_cast<float>(sum); });
    }
  }
  return result;
}

}  // namespace rankwise
