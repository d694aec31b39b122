#include "distributed/kmeans/point_rows.hpp"

#include "kernels/kmeans/candidate_distances.hpp"
#include "kernels/kmeans/squared_distance.hpp"

namespace rankwise {

namespace {

std::span<const float> weights_of(const Points& points, RowRange rows) {
  if (points.weights.empty()) return {};
  return std::span(points.weights).subspan(static_cast<std::size_t>(rows.begin), static_cast<std::size_t>(rows.size()));
}

}  // namespace

Index find_nearest(const Points& points, RowRange rows, const kernels::CentroidTable& table,
                   std::span<std::int32_t> nearest) {
  if (const auto* dense = std::get_if<Matrix>(&points.rows)) {
    return kernels::find_nearest(dense->view().middle_rows(rows.begin, rows.size()), table, nearest);
  }
  return kernels::find_nearest(std::get<CsrBlock>(points.rows), rows, table, nearest);
}

void squared_distances(const Points& points, RowRange rows, ConstMatrixView centroids,
                       std::span<const std::int32_t> which, std::span<double> distances) {
  if (const auto* dense = std::get_if<Matrix>(&points.rows)) {
    kernels::squared_distances(dense->view().middle_rows(rows.begin, rows.size()), centroids, which, distances);
  } else {
    kernels::squared_distances(std::get<CsrBlock>(points.rows), rows, centroids, which, distances);
  }
}

void candidate_distances(const Points& points, RowRange rows, ConstMatrixView candidates, MatrixView distances) {
  if (const auto* dense = std::get_if<Matrix>(&points.rows)) {
    return kernels::candidate_distances(dense->view().middle_rows(rows.begin, rows.size()), candidates, distances);
  }
  std::vector<double> squares(static_cast<std::size_t>(rows.size()));
  for (Index t = 0; t < candidates.rows; ++t) {
    const std::vector<std::int32_t> which(squares.size(), static_cast<std::int32_t>(t));
    squared_distances(points, rows, candidates, which, squares);
    std::ranges::transform(squares, distances.row(t), [](double squared) { return static_cast<float>(squared); });
  }
}

void add_rows(const Points& points, RowRange rows, std::span<const std::int32_t> clusters,
              const kernels::SumQuanta& quanta, kernels::CentroidSums& sums) {
  if (const auto* dense = std::get_if<Matrix>(&points.rows)) {
    kernels::add_rows(dense->view().middle_rows(rows.begin, rows.size()), weights_of(points, rows), clusters, quanta,
                      sums);
  } else {
    kernels::add_rows(std::get<CsrBlock>(points.rows), rows, weights_of(points, rows), clusters, quanta, sums);
  }
}

void move_rows(const Points& points, RowRange rows, std::span<const std::int32_t> before,
               std::span<const std::int32_t> after, const kernels::SumQuanta& quanta, kernels::CentroidSums& sums) {
  if (const auto* dense = std::get_if<Matrix>(&points.rows)) {
    kernels::move_rows(dense->view().middle_rows(rows.begin, rows.size()), weights_of(points, rows), before, after,
                       quanta, sums);
  } else {
    kernels::move_rows(std::get<CsrBlock>(points.rows), rows, weights_of(points, rows), before, after, quanta, sums);
  }
}

void squared_norms(const Points& points, RowRange rows, std::span<double> norms) {
  const auto norm_of = [](std::span<const float> values) {
    double squares = 0;
    for (const float value : values) squares += static_cast<double>(value) * static_cast<double>(value);
    return squares;
  };
  const auto* dense = std::get_if<Matrix>(&points.rows);
  for (Index r = rows.begin; r < rows.end; ++r) {
    norms[static_cast<std::size_t>(r - rows.begin)] =
        norm_of(dense != nullptr ? dense->view().row_span(r) : std::get<CsrBlock>(points.rows).row(r).values);
  }
}

double row_terms(const Points& points) {
  const auto* const sparse = std::get_if<CsrBlock>(&points.rows);
  if (sparse == nullptr) return static_cast<double>(points.dimensions);
  return static_cast<double>(sparse->entries()) / static_cast<double>(std::max<Index>(1, sparse->rows()));
}

void copy_row(const Points& points, Index row, float* out) {
  std::fill_n(out, padded_columns(points.dimensions), 0.0F);
  if (const auto* dense = std::get_if<Matrix>(&points.rows)) {
    std::copy_n(dense->row(row), points.dimensions, out);
  } else {
    const CsrRow entries = std::get<CsrBlock>(points.rows).row(row);
    for (std::size_t e = 0; e < entries.columns.size(); ++e) out[entries.columns[e]] = entries.values[e];
  }
}

namespace {

Matrix select_dense(const Matrix& rows, std::span<const Index> chosen) {
  Matrix selected(static_cast<Index>(chosen.size()), rows.columns());
  for (std::size_t r = 0; r < chosen.size(); ++r) {
    std::copy_n(rows.row(chosen[r]), rows.stride(), selected.row(static_cast<Index>(r)));
  }
  return selected;
}

CsrBlock select_sparse(const CsrBlock& rows, std::span<const Index> chosen) {
  std::vector<Index> offsets{0};
  std::vector<LocalIndex> columns;
  std::vector<float> values;
  for (const Index row : chosen) {
    const CsrRow entries = rows.row(row);
    columns.insert(columns.end(), entries.columns.begin(), entries.columns.end());
    values.insert(values.end(), entries.values.begin(), entries.values.end());
    offsets.push_back(static_cast<Index>(columns.size()));
  }
  return {std::move(offsets), std::move(columns), std::move(values), rows.column_count()};
}

}  // namespace

Points select_rows(const Communicator& comm, const Points& points, std::span<const Index> local_rows) {
  const auto size = static_cast<Index>(local_rows.size());
  const Index begin = comm.exclusive_sum(size);
  Points selected{comm.sum(size), {begin, begin + size}, points.dimensions, {}, {}};
  if (const auto* dense = std::get_if<Matrix>(&points.rows)) {
    selected.rows = select_dense(*dense, local_rows);
  } else {
    selected.rows = select_sparse(std::get<CsrBlock>(points.rows), local_rows);
  }
  if (!points.weights.empty()) {
    for (const Index row : local_rows) selected.weights.push_back(points.weights[static_cast<std::size_t>(row)]);
  }
  return selected;
}

}  // namespace rankwise
