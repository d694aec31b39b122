#include "kernels/ranking/score_block.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ranking/score_block.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/dense/symmetric_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int score_vectors = 3;
constexpr Index panel_items = score_vectors * vector_floats;

/// Transposes items [first, first + panel_items) into a panel: one line of panel_items floats per column, zeros beyond
/// the end.
HWY_INLINE void pack_panel(ConstMatrixView items, Index first, float* HWY_RESTRICT panel) {
  const Index count = std::min(panel_items, items.rows - first);
  std::fill_n(panel, panel_items * items.columns, 0.0F);
  for (Index i = 0; i < count; ++i) {
    const float* item = items.row(first + i);
    for (Index c = 0; c < items.columns; ++c) panel[c * panel_items + i] = item[c];
  }
}

/// Scores of kUsers users against one panel, written from scores[0].
template <int kUsers>
HWY_INLINE void score_panel(ConstMatrixView users, Index first_user, const float* HWY_RESTRICT panel, float* scores,
                            Index scores_stride) {
  const FloatTag d;
  FloatVector sums[kUsers][score_vectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(d);
  }
  const float* user = users.row(first_user);
  for (Index c = 0; c < users.columns; ++c) {
    FloatVector items[score_vectors];
    for (int v = 0; v < score_vectors; ++v) items[v] = hn::Load(d, panel + c * panel_items + v * vector_floats);
    for (int u = 0; u < kUsers; ++u) {
      const FloatVector factor = hn::Set(d, user[u * users.stride + c]);
      for (int v = 0; v < score_vectors; ++v) sums[u][v] = hn::MulAdd(factor, items[v], sums[u][v]);
    }
  }
  for (int u = 0; u < kUsers; ++u) {
    for (int v = 0; v < score_vectors; ++v) {
      hn::StoreU(sums[u][v], d, scores + u * scores_stride + v * vector_floats);
    }
  }
}

void score_block(ConstMatrixView users, ConstMatrixView items, MatrixView scores) {
  Matrix panel(1, items.columns * panel_items);  // contiguous: a padded stride would part its lines
  for (Index first = 0; first < items.rows; first += panel_items) {
    pack_panel(items, first, panel.row(0));
    Index user = 0;
    for (; user + tile_rows <= users.rows; user += tile_rows) {
      score_panel<tile_rows>(users, user, panel.row(0), scores.row(user) + first, scores.stride);
    }
    for (; user < users.rows; ++user) {
      score_panel<1>(users, user, panel.row(0), scores.row(user) + first, scores.stride);
    }
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(score_block);

void score_block(ConstMatrixView users, ConstMatrixView items, MatrixView scores) {
  HWY_DYNAMIC_DISPATCH(score_block)(users, items, scores);
}

}  // namespace rankwise::kernels
#endif
