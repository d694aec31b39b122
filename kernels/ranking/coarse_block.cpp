#include "kernels/ranking/coarse_block.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include <hwy/base.h>

#include "kernels/dense/simd_target.hpp"
#include "kernels/ranking/best_candidates.hpp"
#include "kernels/ranking/coarse_codes.hpp"

// Highway 1.0 has no product of 8-bit codes with sums of 32 bits, so that this one kernel is written for its one
// target.
#if defined(__x86_64__)
#include <immintrin.h>
#define RANKWISE_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")))
#endif

namespace rankwise::kernels {

#if defined(__x86_64__)

namespace {

constexpr int tile_users = 8;
constexpr int tile_vectors = 3;
constexpr Index vector_items = 16;
static_assert(panel_items == tile_vectors * vector_items);

/// What a panel's products of codes are compared with, by user, and how far the scores may be from them.
struct PanelThresholds {
  explicit PanelThresholds(Index users)
      : least_products(static_cast<std::size_t>((users + tile_users - 1) / tile_users * tile_users)),
        attainable(least_products.size()),
        errors(least_products.size()) {}

  std::vector<std::int32_t> least_products;
  std::vector<std::int32_t> attainable;  ///< 1 if a score of the panel may reach the user's threshold
  std::vector<double> errors;
};

/// All that a tile reads and writes.
struct CoarseUsers {
  ConstMatrixView vectors;
  UserCodes codes;
  const PositionBits& marks;
  MarkedItems rule;
  TopItems& top;
  Index first;  ///< user of `top` that is row 0
  PanelThresholds thresholds;
};

/// A product below the threshold's cannot be a score that reaches it: score <= scale product + error, where the error
/// has what codes lose (coarse_codes.hpp), what float sums of k terms lose (k / 2^24 of |x| |y|), and room for the
/// rounding of the bounds themselves.
RANKWISE_VNNI void set_thresholds(CoarseUsers& users, const PanelBounds& bounds, Index columns) {
  const double rounding = (static_cast<double>(columns) + 32) * 0x1p-23;
  const double per_norm = bounds.residual_norm + rounding * bounds.norm;
  const double per_residual = bounds.decoded_norm * (1 + 1e-6);
  const double largest = bounds.norm * (1 + rounding);
  const double* HWY_RESTRICT norms = users.codes.norms.data();
  const double* HWY_RESTRICT residual_norms = users.codes.residual_norms.data();
  const double* HWY_RESTRICT scales = users.codes.scales.data();
  const float* HWY_RESTRICT thresholds = users.top.thresholds(users.first);
  double* HWY_RESTRICT errors = users.thresholds.errors.data();
  std::int32_t* HWY_RESTRICT products = users.thresholds.least_products.data();
  std::int32_t* HWY_RESTRICT attainable = users.thresholds.attainable.data();
  for (Index u = 0; u < users.vectors.rows; ++u) {
    const double threshold = static_cast<double>(thresholds[u]);
    errors[u] = norms[u] * per_norm + residual_norms[u] * per_residual + 1e-40;
    // Within the range of 32 bits, whose ends stand for all beyond them: products are far smaller.
    double product = (threshold - errors[u]) / (scales[u] * bounds.scale) - 2;
    product = product < -2e9 ? -2e9 : product;
    product = product > 2e9 ? 2e9 : product;
    products[u] = static_cast<std::int32_t>(product);
    attainable[u] = norms[u] * largest + 1e-40 >= threshold ? 1 : 0;
  }
}

/// Whether a score of the panel may reach the threshold of one of the users of a tile.
bool is_attainable(const CoarseUsers& users, Index row) {
  const std::int32_t* attainable = users.thresholds.attainable.data() + row;
  return std::accumulate(attainable, attainable + tile_users, 0) > 0;
}

/// The exact scores of candidates that have bounds alone; chains of FMA in the order of the columns, eight at a time.
RANKWISE_VNNI void rescore(Candidates candidates, const PackedItems& items, const float* user) {
  const ConstMatrixView block = items.block();
  std::array<const float*, 8> rows{};
  std::array<Index, 8> places{};
  std::size_t pending = 0;
  const auto finish = [&]() RANKWISE_VNNI {
    for (std::size_t i = pending; i < rows.size(); ++i) rows[i] = rows[0];
    std::array<float, 8> sums{};
    for (Index c = 0; c < block.columns; ++c) {
      const float factor = user[c];
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 8; ++i) sums[i] = __builtin_fmaf(factor, rows[i][c], sums[i]);
    }
    for (std::size_t i = 0; i < pending; ++i) {
      candidates.scores[places[i]] = candidates.upper_scores[places[i]] = sums[i];
    }
    pending = 0;
  };
  // The rows lie scattered over a table larger than L2.
  for (Index place = 0; place < candidates.size; ++place) {
    if (candidates.scores[place] == candidates.upper_scores[place]) continue;
    const float* row = block.row(static_cast<Index>(candidates.items[place]) - items.first_item());
    for (Index c = 0; c < block.columns; c += line_floats) __builtin_prefetch(row + c);
  }
  for (Index place = 0; place < candidates.size; ++place) {
    if (candidates.scores[place] == candidates.upper_scores[place]) continue;
    rows[pending] = block.row(static_cast<Index>(candidates.items[place]) - items.first_item());
    places[pending++] = place;
    if (pending == rows.size()) finish();
  }
  if (pending > 0) finish();
}

/// Rare: adds what may reach a user's threshold, and makes room.
__attribute__((noinline)) void add_products(CoarseUsers& users, Index row, const PackedItems& items, Index panel,
                                            const std::int32_t* products, std::uint64_t reaching) {
  const std::span<const std::uint32_t> ids = items.panel_ids(panel);
  reaching &= allowed_bits(users.marks, users.rule, row, panel, static_cast<Index>(ids.size()));
  if (reaching == 0) return;
  const auto u = static_cast<std::size_t>(row);
  const double scale = users.codes.scales[u] * items.codes().bounds(panel).scale;
  const double error = users.thresholds.errors[u];
  const Candidates candidates = users.top.candidates(users.first + row);
  for (; reaching != 0; reaching &= reaching - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(reaching));
    candidates.scores[candidates.size] = static_cast<float>(products[i] * scale - error);
    candidates.upper_scores[candidates.size] = static_cast<float>(products[i] * scale + error);
    candidates.items[candidates.size] = ids[i];
    ++candidates.size;
  }
  if (candidates.size < candidates.full) return;
  if (cut_by_bounds(candidates, most_after_cut(candidates)) && candidates.size < candidates.full) return;
  rescore(candidates, items, users.vectors.row(row));
  cut(candidates, most_after_cut(candidates));
}

/// sum += products of codes. As an instruction: of the compiler's own function GCC 12 keeps copies of the sums, more
/// than there are registers (1.6 times the time of a tile).
RANKWISE_VNNI inline __attribute__((always_inline)) void add_product(__m512i& sum, __m512i users, __m512i items) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(users), "v"(items));
}

template <int kUsers>
RANKWISE_VNNI inline void coarse_tile(CoarseUsers& users, Index first_row, const PackedItems& items, Index panel) {
  __m512i sums[kUsers][tile_vectors];
  const std::int32_t* shifts = items.codes().shifts(panel);
#pragma GCC unroll 3
  for (int v = 0; v < tile_vectors; ++v) {
    const __m512i shift = _mm512_loadu_si512(shifts + v * vector_items);
#pragma GCC unroll 8
    for (int u = 0; u < kUsers; ++u) sums[u][v] = shift;
  }
  const Index stride = users.codes.stride;
  const std::uint8_t* user = users.codes.codes.data() + first_row * stride;
  const std::int8_t* line = items.codes().panel(panel);
  for (Index c = 0; c < stride; c += code_columns, line += panel_items * code_columns) {
    const __m512i first = _mm512_loadu_si512(line);
    const __m512i second = _mm512_loadu_si512(line + 64);
    const __m512i third = _mm512_loadu_si512(line + 128);
#pragma GCC unroll 8
    for (int u = 0; u < kUsers; ++u) {
      std::int32_t quadruple = 0;
      __builtin_memcpy(&quadruple, user + u * stride + c, sizeof(quadruple));
      const __m512i factors = _mm512_set1_epi32(quadruple);
      add_product(sums[u][0], factors, first);
      add_product(sums[u][1], factors, second);
      add_product(sums[u][2], factors, third);
    }
  }
#pragma GCC unroll 8
  for (int u = 0; u < kUsers; ++u) {
    const Index row = first_row + u;
    const __m512i least = _mm512_set1_epi32(users.thresholds.least_products[static_cast<std::size_t>(row)]);
    const __mmask16 first = _mm512_cmpge_epi32_mask(sums[u][0], least);
    const __mmask16 second = _mm512_cmpge_epi32_mask(sums[u][1], least);
    const __mmask16 third = _mm512_cmpge_epi32_mask(sums[u][2], least);
    if (__builtin_expect((first | second | third) == 0, 1)) continue;
    alignas(64) std::int32_t products[panel_items];
#pragma GCC unroll 3
    for (int v = 0; v < tile_vectors; ++v) _mm512_store_si512(products + v * vector_items, sums[u][v]);
    const std::uint64_t reaching = std::uint64_t{first} | std::uint64_t{second} << 16 | std::uint64_t{third} << 32;
    add_products(users, row, items, panel, products, reaching);
  }
}

RANKWISE_VNNI void rank_panels(CoarseUsers& users, const PackedItems& items) {
  const Index rows = users.vectors.rows;
  for (Index panel = 0; panel < items.panels(); ++panel) {
    set_thresholds(users, items.codes().bounds(panel), items.columns());
    for (Index row = 0; row < rows; row += tile_users) {
      if (!is_attainable(users, row)) continue;
      if (row + tile_users <= rows) {
        coarse_tile<tile_users>(users, row, items, panel);
      } else {
        for (Index last = row; last < rows; ++last) coarse_tile<1>(users, last, items, panel);
      }
    }
  }
}

}  // namespace

bool has_coarse_products() {
  return __builtin_cpu_supports("avx512vnni") != 0 && simd_target() == "avx512";
}

void coarse_rank_block(ConstMatrixView users, const PackedItems& items, const PositionBits& marks, MarkedItems rule,
                       TopItems& top, Index first_user) {
  CoarseUsers coarse{users, user_codes(users), marks, rule, top, first_user, PanelThresholds(users.rows)};
  rank_panels(coarse, items);
  for (Index row = 0; row < users.rows; ++row) {
    const Candidates candidates = top.candidates(first_user + row);
    static_cast<void>(cut_by_bounds(candidates, candidates.count + candidates.count / 8));
    rescore(candidates, items, users.row(row));
  }
}

#else

bool has_coarse_products() {
  return false;
}

void coarse_rank_block(ConstMatrixView /*users*/, const PackedItems& /*items*/, const PositionBits& /*marks*/,
                       MarkedItems /*rule*/, TopItems& /*top*/, Index /*first_user*/) {}

#endif

}  // namespace rankwise::kernels
