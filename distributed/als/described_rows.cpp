#include "distributed/als/described_rows.hpp"

#include <algorithm>
#include <utility>

#include "distributed/als/fold_in.hpp"

namespace rankwise {

DescribedSide describe_side(const Communicator& comm, const TrainedSide& side) {
  const FactorRegression& regression = *side.regression;
  const Matrix& trained = side.factors.factors.local;
  DescribedSide described{regression.solve(comm, trained.view()), trained.clone(), regression.described_rows()};
  const Matrix predicted = regression.predict(described.weights.view());
  for (Index r = 0; r < trained.rows(); ++r) {
    if (regression.has_say(r)) continue;
    float* const row = described.factors.row(r);
    if (described.is_described[static_cast<std::size_t>(r)] != 0) {
      std::copy_n(predicted.row(r), predicted.stride(), row);
    } else {
      std::fill_n(row, trained.stride(), 0.0F);
    }
  }
  return described;
}

std::vector<std::uint8_t> described_rows(ConstMatrixView factors, std::span<const Index> entries) {
  std::vector<std::uint8_t> is_described(entries.size());
  for (std::size_t r = 0; r < entries.size(); ++r) {
    const auto row = factors.row_span(static_cast<Index>(r));
    const bool is_zero = std::ranges::all_of(row, [](float value) { return value == 0; });
    is_described[r] = entries[r] == 0 && !is_zero ? 1 : 0;
  }
  return is_described;
}

AlsFactors with_trained_gramian(const Communicator& comm, const Objective& objective, FactorMatrix factors,
                                std::span<const std::uint8_t> is_described) {
  Index described = 0;
  for (const std::uint8_t each : is_described) described += each;
  if (comm.sum(described) == 0) return with_gramian(comm, objective, std::move(factors));
  FactorMatrix trained{factors.partition, factors.local.clone()};
  for (Index r = 0; r < trained.local.rows(); ++r) {
    if (is_described[static_cast<std::size_t>(r)] != 0) std::fill_n(trained.local.row(r), trained.local.stride(), 0.0F);
  }
  AlsFactors fixed = with_gramian(comm, objective, std::move(trained));
  fixed.factors = std::move(factors);
  return fixed;
}

Matrix fold_in_described(const Communicator& comm, const Objective& objective, const Partition& rows,
                         const SparseRows& seen, const AlsFactors& other, const char* name, const FeatureRows& features,
                         ConstMatrixView weights) {
  const Matrix predicted = weighted_rows(features, weights);
  Matrix solved =
      fold_in(comm, objective, rows, seen, other, name, {}, {.choice = SolverChoice::primal}, predicted.clone());
  for (Index r = 0; r < solved.rows(); ++r) {
    const bool has_entries = seen.offsets[static_cast<std::size_t>(r)] != seen.offsets[static_cast<std::size_t>(r) + 1];
    if (!has_entries && features.is_described[static_cast<std::size_t>(r)] != 0)
      std::copy_n(predicted.row(r), predicted.stride(), solved.row(r));
  }
  return solved;
}

}  // namespace rankwise
