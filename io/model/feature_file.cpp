#include "io/model/feature_file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <vector>

#include "io/hdf5/root_rows.hpp"
#include "io/tables/table_file.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr std::array kinds{FeatureKind::categories, FeatureKind::hashed_categories, FeatureKind::number,
                           FeatureKind::words, FeatureKind::hashed_words};

bool has_labels(FeatureKind kind) {
  return kind == FeatureKind::categories || kind == FeatureKind::words;
}

bool has_buckets(FeatureKind kind) {
  return kind == FeatureKind::hashed_categories || kind == FeatureKind::hashed_words;
}

void write_texts(const Communicator& comm, Hdf5Writer& file, const std::string& name,
                 const std::vector<std::string>& texts) {
  const Index rows = std::ssize(texts);
  const RowRange mine = root_rows(comm, rows);
  file.write_strings(name, rows, mine, std::span(texts).first(static_cast<std::size_t>(mine.size())));
}

/// Reads a group's datasets.
class GroupReading {
 public:
  GroupReading(const Hdf5Reader& file, std::string group) : file_(file), group_(std::move(group)) {}

  [[noreturn]] void refuse(const std::string& name, const std::string& reason) const {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}/{}: {}", file_.path(), group_, name, reason));
  }
  [[nodiscard]] std::vector<std::string> texts(const std::string& name, Index most) const {
    return file_.read_strings(object(name), rows(name, Hdf5Kind::text, most));
  }
  [[nodiscard]] std::vector<Index> counts(const std::string& name, Index expected) const {
    require_rows(name, Hdf5Kind::integer, expected);
    std::vector<Index> values = file_.read_rows<Index>(object(name), {0, expected});
    for (const Index value : values) {
      if (value < 0 || value > most_features)
        refuse(name, fmt::format("holds {}, expected 0 to {}", value, most_features));
    }
    return values;
  }
  [[nodiscard]] std::vector<double> numbers(const std::string& name, Index expected) const {
    require_rows(name, Hdf5Kind::floating, expected);
    std::vector<double> values = file_.read_rows<double>(object(name), {0, expected});
    if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); }))
      refuse(name, "holds a value that is not finite");
    return values;
  }
  [[nodiscard]] Matrix weights(Index features, Index width) const {
    const std::string name = object("weights");
    const Hdf5Shape shape = file_.shape(name, Hdf5Kind::floating, 2);
    if (shape.rows() != features || shape.extents[1] != width) {
      refuse("weights", fmt::format("is {} x {}, expected {} x {}", shape.rows(), shape.extents[1], features, width));
    }
    Matrix values(features, width);
    file_.read_matrix(name, {0, features}, values.view());
    for (Index row = 0; row < features; ++row) {
      if (!std::ranges::all_of(values.view().row_span(row), [](float value) { return std::isfinite(value); }))
        refuse("weights", fmt::format("row {} holds a value that is not finite", row));
    }
    return values;
  }

 private:
  [[nodiscard]] std::string object(const std::string& name) const { return group_ + "/" + name; }
  [[nodiscard]] RowRange rows(const std::string& name, Hdf5Kind kind, Index most) const {
    const Index count = file_.shape(object(name), kind, 1).rows();
    if (count > most) refuse(name, fmt::format("has {} rows, expected at most {}", count, most));
    return {0, count};
  }
  void require_rows(const std::string& name, Hdf5Kind kind, Index expected) const {
    const Index count = file_.shape(object(name), kind, 1).rows();
    if (count != expected) refuse(name, fmt::format("has {} rows, expected {}, as columns has", count, expected));
  }

  const Hdf5Reader& file_;
  std::string group_;
};

/// Takes the column's labels off those of all. Throws Error.
std::vector<std::string> take_labels(const GroupReading& file, const std::vector<std::string>& all, Index count,
                                     Index& taken) {
  if (count > std::ssize(all) - taken) file.refuse("labels-in-column", "counts more labels than labels has");
  std::vector<std::string> labels(all.begin() + taken, all.begin() + taken + count);
  taken += count;
  if (std::ranges::adjacent_find(labels, std::greater_equal()) != labels.end())
    file.refuse("labels", "those of a column do not ascend, each once");
  return labels;
}

FeatureKind kind_of(const GroupReading& file, const std::string& word) {
  const auto kind = std::ranges::find(kinds, word, feature_kind_name);
  if (kind == kinds.end()) file.refuse("kinds", "holds a word that is none of the known ones");
  return *kind;
}

FeatureMap read_map(const GroupReading& file) {
  const std::vector<std::string> names = file.texts("columns", most_table_columns);
  const auto columns = std::ssize(names);
  const std::vector<std::string> words = file.texts("kinds", most_table_columns);
  if (std::ssize(words) != columns) file.refuse("kinds", "has not as many rows as columns has");
  const std::vector<Index> label_counts = file.counts("labels-in-column", columns);
  const std::vector<Index> buckets = file.counts("buckets", columns);
  const std::vector<Index> missing = file.counts("has-missing", columns);
  const std::vector<double> means = file.numbers("means", columns);
  const std::vector<double> deviations = file.numbers("deviations", columns);
  const std::vector<std::string> labels = file.texts("labels", most_features);
  FeatureMap map;
  Index taken = 0;
  for (std::size_t c = 0; c < names.size(); ++c) {
    FeatureColumn column{.name = names[c], .kind = kind_of(file, words[c])};
    column.labels = take_labels(file, labels, label_counts[c], taken);
    column.buckets = buckets[c];
    column.mean = means[c];
    column.deviation = deviations[c];
    column.has_missing = missing[c] != 0;
    if (!has_labels(column.kind) && !column.labels.empty())
      file.refuse("labels-in-column", fmt::format("row {} is above 0, but the column has no labels", c));
    if (has_buckets(column.kind) != (column.buckets > 0))
      file.refuse("buckets", fmt::format("row {} does not fit the column's kind", c));
    if (!(column.deviation > 0)) file.refuse("deviations", "holds a value that is not above 0");
    map.columns.push_back(std::move(column));
  }
  if (taken != std::ssize(labels)) file.refuse("labels", "has more rows than the columns have labels");
  if (map.width() > most_features)
    file.refuse("columns", fmt::format("make {} features, expected at most {}", map.width(), most_features));
  return map;
}

}  // namespace

Index feature_bytes(const ModelFeatures& features) {
  Index bytes = features.weights.rows() * features.weights.columns() * static_cast<Index>(sizeof(float));
  for (const std::string& name : features.map.names()) bytes += 2 * std::ssize(name);
  return bytes;
}

void write_features(const Communicator& comm, Hdf5Writer& file, const std::string& group,
                    const ModelFeatures& features) {
  std::vector<std::string> names;
  std::vector<std::string> words;
  std::vector<std::string> labels;
  std::vector<Index> label_counts;
  std::vector<Index> buckets;
  std::vector<Index> missing;
  std::vector<double> means;
  std::vector<double> deviations;
  for (const FeatureColumn& column : features.map.columns) {
    names.push_back(column.name);
    words.emplace_back(feature_kind_name(column.kind));
    labels.insert(labels.end(), column.labels.begin(), column.labels.end());
    label_counts.push_back(std::ssize(column.labels));
    buckets.push_back(column.buckets);
    missing.push_back(column.has_missing ? 1 : 0);
    means.push_back(column.mean);
    deviations.push_back(column.deviation);
  }
  file.create_group(group);
  file.write_attribute(group, "penalty", features.penalty);
  write_texts(comm, file, group + "/columns", names);
  write_texts(comm, file, group + "/kinds", words);
  write_from_root(comm, file, group + "/labels-in-column", label_counts);
  write_from_root(comm, file, group + "/buckets", buckets);
  write_from_root(comm, file, group + "/has-missing", missing);
  write_from_root(comm, file, group + "/means", means);
  write_from_root(comm, file, group + "/deviations", deviations);
  write_texts(comm, file, group + "/labels", labels);
  write_texts(comm, file, group + "/names", features.map.names());
  write_from_root(comm, file, group + "/weights", features.weights);
}

std::optional<ModelFeatures> read_features(const Hdf5Reader& file, const std::string& group, Index width) {
  if (!file.has(group)) return std::nullopt;
  const GroupReading reading(file, group);
  ModelFeatures features;
  features.map = read_map(reading);
  features.penalty = file.read_number(group, "penalty");
  if (!std::isfinite(features.penalty) || features.penalty < 0)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {}: attribute penalty is not a number from 0", file.path(), group));
  features.weights = reading.weights(features.map.width(), width);
  return features;
}

}  // namespace rankwise
