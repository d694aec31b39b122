#include "distributed/features/learn_features.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <limits>
#include <utility>

#include "distributed/comm/order_free_sum.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

/// The labels that occur on any rank, ascending, if there are at most `most`; else nothing. Collective.
std::vector<std::string> labels_of_all(const Communicator& comm, std::vector<std::string> mine, Index most,
                                       bool& are_too_many) {
  std::ranges::sort(mine);
  mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
  are_too_many = comm.max(std::ssize(mine)) > most;
  if (are_too_many) return {};
  std::string bytes;
  for (const std::string& label : mine) bytes += label + '\0';
  const std::vector<char> all = comm.all_gather_varied(std::span<const char>(bytes)).values;
  std::vector<std::string> labels;
  for (auto begin = all.begin(); begin != all.end();) {
    const auto end = std::find(begin, all.end(), '\0');
    labels.emplace_back(begin, end);
    begin = std::next(end);
  }
  std::ranges::sort(labels);
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  are_too_many = std::ssize(labels) > most;
  return are_too_many ? std::vector<std::string>() : labels;
}

/// What one column becomes.
class ColumnLearning {
 public:
  ColumnLearning(const Communicator& comm, const TableColumn& column, std::span<const std::uint8_t> is_trained,
                 Index width)
      : comm_(comm), column_(column), is_trained_(is_trained), width_(width) {
    learned_.name = column.name;
  }

  /// Collective.
  FeatureColumn learn() {
    switch (column_.type()) {
      case ColumnType::category:
        learn_labels(FeatureKind::categories, FeatureKind::hashed_categories, category_labels());
        break;
      case ColumnType::text:
        learn_labels(FeatureKind::words, FeatureKind::hashed_words, word_labels());
        break;
      case ColumnType::number:
        learn_number();
        break;
    }
    return std::move(learned_);
  }

 private:
  template <class Body>
  void for_each_trained(const Body& body) const {
    for (std::size_t row = 0; row < is_trained_.size(); ++row) {
      if (is_trained_[row] != 0) body(row);
    }
  }

  void note_missing(Index missing) { learned_.has_missing = comm_.sum(missing) > 0; }

  std::vector<std::string> category_labels() {
    const auto& words = std::get<Categories>(column_.values);
    std::vector<std::uint8_t> occurs(words.categories.size());
    Index missing = 0;
    for_each_trained([&](std::size_t row) {
      const std::int32_t code = words.codes[row];
      if (code == Categories::missing) {
        ++missing;
      } else {
        occurs[static_cast<std::size_t>(code)] = 1;
      }
    });
    note_missing(missing);
    std::vector<std::string> labels;
    for (std::size_t c = 0; c < occurs.size(); ++c) {
      if (occurs[c] != 0) labels.push_back(words.categories[c]);
    }
    return labels;
  }

  std::vector<std::string> word_labels() {
    const auto& texts = std::get<Texts>(column_.values);
    std::vector<std::string> labels;
    std::size_t worth_merging = 1 << 16;
    Index missing = 0;
    for_each_trained([&](std::size_t row) {
      std::vector<std::string> words = words_of(texts[row]);
      missing += words.empty() ? 1 : 0;
      std::ranges::move(words, std::back_inserter(labels));
      if (labels.size() < worth_merging) return;
      std::ranges::sort(labels);
      labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
      worth_merging = 2 * labels.size() + worth_merging;
    });
    note_missing(missing);
    return labels;
  }

  void learn_labels(FeatureKind kind, FeatureKind hashed, std::vector<std::string> labels) {
    bool are_too_many = false;
    learned_.labels = labels_of_all(comm_, std::move(labels), width_, are_too_many);
    learned_.kind = are_too_many ? hashed : kind;
    if (are_too_many) learned_.buckets = width_;
  }

  void learn_number() {
    const auto& numbers = std::get<Numbers>(column_.values);
    learned_.kind = FeatureKind::number;
    std::vector<double> values;
    Index missing = 0;
    for_each_trained([&](std::size_t row) {
      if (std::isnan(numbers[row])) {
        ++missing;
      } else {
        values.push_back(numbers[row]);
      }
    });
    note_missing(missing);
    const Index count = comm_.sum(std::ssize(values));
    if (count == 0) {
      learned_.mean = std::numeric_limits<double>::quiet_NaN();
      return;
    }
    learned_.mean = order_free_sum(comm_, values) / static_cast<double>(count);
    for (double& value : values) value = (value - learned_.mean) * (value - learned_.mean);
    learned_.deviation = std::sqrt(order_free_sum(comm_, values) / static_cast<double>(count));
  }

  const Communicator& comm_;
  const TableColumn& column_;
  std::span<const std::uint8_t> is_trained_;
  Index width_;
  FeatureColumn learned_;
};

/// Of a number: below the rounding of the mean, a deviation is none.
bool varies(const FeatureColumn& column) {
  return column.deviation > 1e-12 * std::abs(column.mean);
}

/// Whether all rows of the training are the same to this column.
bool is_constant(const FeatureColumn& column) {
  if (column.kind != FeatureKind::number) return column.width() <= 1;
  return std::isnan(column.mean) || (!column.has_missing && !varies(column));
}

const TableColumn& find_column(const Table& table, const std::string& name) {
  const TableColumn* found = table.find(name);
  if (found != nullptr) return *found;
  std::vector<std::string> names;
  for (const TableColumn& each : table.columns) names.push_back(shown(each.name));
  throw AgreedError(ExitCode::usage, fmt::format("the table has no column {}; expected some of {}", shown(name),
                                                 fmt::join(names, ", ")));
}

}  // namespace

LearnedFeatures learn_features(const Communicator& comm, const Table& table, std::span<const std::string> columns,
                               std::span<const std::uint8_t> is_trained, Index width) {
  LearnedFeatures learned;
  for (const std::string& name : columns) {
    FeatureColumn column = ColumnLearning(comm, find_column(table, name), is_trained, width).learn();
    if (column.kind == FeatureKind::number && !std::isfinite(column.deviation)) {
      throw AgreedError(ExitCode::bad_data, fmt::format("column {} of the table: the squares of its numbers are beyond "
                                                        "the range of 64-bit floating point",
                                                        shown(name)));
    }
    if (is_constant(column)) {
      learned.constant_columns.push_back(name);
      continue;
    }
    // A number of which all known values are the same keeps the feature of missing ones.
    if (column.kind == FeatureKind::number && !varies(column)) column.deviation = 1;
    learned.map.columns.push_back(std::move(column));
    if (learned.map.width() > most_features) {
      throw AgreedError(ExitCode::usage,
                        fmt::format("columns up to {} make {} features; expected at most {} (a smaller "
                                    "--feature-width, or fewer columns, gives fewer)",
                                    shown(name), learned.map.width(), most_features));
    }
  }
  return learned;
}

}  // namespace rankwise
