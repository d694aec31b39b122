#include "distributed/itemcf/entry_weights.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <utility>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

// Robertson and Zaragoza 2009.
constexpr double bm25_saturation = 1.2;
constexpr double bm25_length_share = 0.75;

/// `weights` of the entries of `rows`, which are rounded. Collective.
WeighedRows quantized(const Communicator& comm, SparseRows rows, const std::vector<double>& weights) {
  double largest = 0;
  bool are_ones = true;
  for (const double weight : weights) {
    largest = std::max(largest, std::abs(weight));
    are_ones = are_ones && weight == 1;
  }
  largest = comm.max(largest);
  WeighedRows weighed{std::move(rows)};
  weighed.rows.times_seconds.reset();
  weighed.rows.folds.reset();
  if (comm.min(Index{are_ones ? 1 : 0}) == 1) {
    std::ranges::fill(weighed.rows.values, 1.0F);
    return weighed;
  }
  weighed.kind = EntryWeights::integers;
  int exponent = 0;
  const double mantissa = std::frexp(largest, &exponent);  // largest = mantissa 2^exponent, 1/2 <= mantissa < 1
  if (mantissa == 0.5) --exponent;
  weighed.quantum = std::ldexp(1.0 / largest_weight, exponent);
  for (std::size_t e = 0; e < weights.size(); ++e) {
    const auto whole = static_cast<float>(std::llrint(weights[e] / weighed.quantum));
    if (whole == 0 && weights[e] != 0) ++weighed.vanished;
    weighed.rows.values[e] = whole;
  }
  weighed.vanished = comm.sum(weighed.vanished);
  return weighed;
}

/// Throws on every rank if a weight is below 0.
/// `unit`: of the values.
void require_positive(const Communicator& comm, const SparseRows& rows, const char* what, double unit = 1) {
  agree_on(comm, [&] {
    const auto below = std::ranges::find_if(rows.values, [](float value) { return value < 0; });
    if (below == rows.values.end()) return;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: expected no value below 0, and one is {}", what, static_cast<double>(*below) * unit));
  });
}

/// Sums over all ranks of the entries of each column.
template <class Term>
std::vector<std::int64_t> column_sums(const Communicator& comm, const SparseRows& rows, const Term& term) {
  std::vector<std::int64_t> sums(at(rows.column_count));
  for (std::size_t e = 0; e < rows.columns.size(); ++e) sums[at(rows.columns[e])] += term(rows.values[e]);
  comm.all_reduce_sum(std::span<std::int64_t>(sums));
  return sums;
}

/// One weight of an entry in a similarity: of a user with so many items, whose weights have the sum `user_sum`.
struct EntryContext {
  double weight;
  double item_sum;
  double user_items;
  double user_sum;
};

/// What all entries share.
struct MatrixContext {
  SimilaritySettings similarity;
  double items;          ///< with an entry
  double mean_item_sum;  ///< of these
};

double similarity_weight(const MatrixContext& matrix, const EntryContext& entry) {
  const double rarity = std::log((1 + matrix.items) / (1 + entry.user_items));
  switch (matrix.similarity.kind) {
    case SimilarityKind::tfidf:
      return std::sqrt(entry.weight) * rarity;
    case SimilarityKind::bm25: {
      const double length = 1 - bm25_length_share + bm25_length_share * entry.item_sum / matrix.mean_item_sum;
      const double below = bm25_saturation * length + entry.weight;
      return below > 0 ? entry.weight * (bm25_saturation + 1) / below * rarity : 0;
    }
    case SimilarityKind::rp3beta: {
      const double alpha = matrix.similarity.walk_exponent;
      return entry.user_sum > 0 ? std::pow(entry.weight, alpha) / std::pow(entry.user_sum, alpha / 2) : 0;
    }
    default:
      return entry.weight;
  }
}

}  // namespace

double entry_weight(EntryWeighting weighting, float value) {
  switch (weighting) {
    case EntryWeighting::one:
      return 1;
    case EntryWeighting::value:
      return static_cast<double>(value);
    default:
      return std::log1p(std::max(static_cast<double>(value), 0.0));
  }
}

void require_weighable(const Communicator& comm, const SparseRows& rows, EntryWeighting weighting) {
  if (weighting == EntryWeighting::logarithm) require_positive(comm, rows, "--entry-weights log");
}

WeighedRows weigh_entries(const Communicator& comm, SparseRows rows, EntryWeighting weighting) {
  require_weighable(comm, rows, weighting);
  std::vector<double> weights;
  weights.reserve(rows.values.size());
  for (const float value : rows.values) weights.push_back(entry_weight(weighting, value));
  return quantized(comm, std::move(rows), weights);
}

ItemSums sum_items(const Communicator& comm, const WeighedRows& weighed) {
  const auto whole = [](float value) { return static_cast<std::int64_t>(value); };
  return {column_sums(comm, weighed.rows, [](float) { return std::int64_t{1}; }),
          column_sums(comm, weighed.rows, whole),
          column_sums(comm, weighed.rows, [&](float value) { return whole(value) * whole(value); })};
}

bool reweighs(SimilarityKind kind) {
  return kind == SimilarityKind::tfidf || kind == SimilarityKind::bm25 || kind == SimilarityKind::rp3beta;
}

WeighedRows reweigh(const Communicator& comm, const WeighedRows& plain, const ItemSums& sums,
                    const SimilaritySettings& similarity) {
  require_positive(comm, plain.rows, "--similarity tfidf, bm25 or rp3beta", plain.quantum);
  MatrixContext matrix{similarity, 0, 0};
  std::int64_t whole = 0;
  for (std::size_t i = 0; i < sums.entries.size(); ++i) {
    matrix.items += sums.entries[i] > 0 ? 1 : 0;
    whole += sums.weights[i];
  }
  matrix.mean_item_sum = static_cast<double>(whole) * plain.quantum / std::max(matrix.items, 1.0);
  const SparseRows& rows = plain.rows;
  std::vector<double> weights;
  weights.reserve(rows.values.size());
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    const std::size_t begin = at(rows.offsets[r]);
    const std::size_t end = at(rows.offsets[r + 1]);
    std::int64_t user_sum = 0;
    for (std::size_t e = begin; e < end; ++e) user_sum += static_cast<std::int64_t>(rows.values[e]);
    for (std::size_t e = begin; e < end; ++e) {
      weights.push_back(
          similarity_weight(matrix, {static_cast<double>(rows.values[e]) * plain.quantum,
                                     static_cast<double>(sums.weights[at(rows.columns[e])]) * plain.quantum,
                                     static_cast<double>(end - begin), static_cast<double>(user_sum) * plain.quantum}));
    }
  }
  return quantized(comm, rows, weights);
}

}  // namespace rankwise
