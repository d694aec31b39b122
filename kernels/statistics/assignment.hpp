#pragma once
// The best way to pair the rows of a table with its columns.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rankwise {

/// For each row the column that it is paired with, or -1: no row or column has two partners, as many as possible have
/// one, and the gains of all pairs add up to the most that is possible (Hungarian method by shortest paths, as Jonker
/// and Volgenant, 1987; exact). `gains` is rows x columns, row by row, each of magnitude below 2^62 over the number of
/// rows and columns. Takes rows^2 x columns steps of the shorter side.
[[nodiscard]] std::vector<std::ptrdiff_t> best_assignment(std::span<const std::int64_t> gains, std::size_t rows,
                                                          std::size_t columns);

}  // namespace rankwise
