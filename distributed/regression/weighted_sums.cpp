#include "distributed/regression/weighted_sums.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "distributed/threads/team_size.hpp"
#include "kernels/base/fixed_point_sum.hpp"
#include "kernels/regression/weighted_rows.hpp"

namespace rankwise {

namespace {

double largest_of(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

}  // namespace

WeightedSums::WeightedSums(const Communicator& comm, const DesignMatrix& design)
    : design_(&design), all_chunks_(comm.sum(chunk_count(design.rows.size()))), exponents_(at(design.width)) {
  std::vector<double> largest(at(design.width));
  for (Index r = 0; r < design.rows.size(); ++r) {
    for (Index c = 0; c < design.width; ++c) largest[at(c)] = std::max(largest[at(c)], std::abs(design.row(r)[c]));
  }
  comm.all_reduce_max(std::span<double>(largest));
  for (std::size_t c = 0; c < largest.size(); ++c) std::frexp(largest[c], &exponents_[c]);
}

NormalEquations WeightedSums::sum(const Communicator& comm, std::span<const double> weights,
                                  std::span<const double> targets) const {
  const Index width = design_->width;
  const Index triangle = width * (width + 1) / 2;
  const Index rows = design_->rows.size();
  const Index chunks = chunk_count(rows);
  const auto chunk_size = static_cast<double>(chunk_rows);
  std::array<double, 2> largest{largest_of(weights), largest_of(targets)};
  comm.all_reduce_max(std::span<double>(largest));
  const auto weight_scale = FixedPointScale::for_terms(chunk_size * largest[0], all_chunks_);
  const auto target_scale = FixedPointScale::for_terms(chunk_size * largest[1], all_chunks_);
  std::vector<std::int64_t> sums(at(triangle + width));
  const double operations = static_cast<double>(rows) * static_cast<double>(triangle);
#pragma omp parallel num_threads(team_size(operations))
  {
    std::vector<std::int64_t> mine(sums.size());
    std::vector<double> of_chunk(sums.size());
#pragma omp for schedule(static)
    for (Index chunk = 0; chunk < chunks; ++chunk) {
      const Index begin = chunk * chunk_rows;
      const Index count = std::min(chunk_rows, rows - begin);
      std::ranges::fill(of_chunk, 0);
      double* const right = of_chunk.data() + triangle;
      kernels::add_weighted_rows(design_->row(begin), width, weights.subspan(at(begin), at(count)),
                                 targets.subspan(at(begin), at(count)), of_chunk.data(), right);
      std::size_t cell = 0;
      for (Index i = 0; i < width; ++i) {
        for (Index j = 0; j <= i; ++j, ++cell)
          mine[cell] += weight_scale.to_fixed(std::ldexp(of_chunk[cell], -(exponents_[at(i)] + exponents_[at(j)])));
      }
      for (Index i = 0; i < width; ++i, ++cell)
        mine[cell] += target_scale.to_fixed(std::ldexp(of_chunk[cell], -exponents_[at(i)]));
    }
#pragma omp critical(rankwise_weighted_sums)
    for (std::size_t cell = 0; cell < sums.size(); ++cell) sums[cell] += mine[cell];
  }
  comm.all_reduce_sum(std::span<std::int64_t>(sums));
  NormalEquations found{width, {}, {}};
  std::size_t cell = 0;
  for (Index i = 0; i < width; ++i) {
    for (Index j = 0; j <= i; ++j, ++cell)
      found.lower.push_back(std::ldexp(weight_scale.from_fixed(sums[cell]), exponents_[at(i)] + exponents_[at(j)]));
  }
  for (Index i = 0; i < width; ++i, ++cell)
    found.right.push_back(std::ldexp(target_scale.from_fixed(sums[cell]), exponents_[at(i)]));
  return found;
}

std::vector<double> linear_scores(const DesignMatrix& design, std::span<const double> coefficients) {
  const Index rows = design.rows.size();
  std::vector<double> scores(at(rows));
  const double operations = static_cast<double>(rows) * static_cast<double>(design.width);
#pragma omp parallel for schedule(static) num_threads(team_size(operations))
  for (Index r = 0; r < rows; ++r)
    scores[at(r)] = kernels::row_product(design.row(r), coefficients.data(), design.width);
  return scores;
}

}  // namespace rankwise
