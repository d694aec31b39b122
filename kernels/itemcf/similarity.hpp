#pragma once
// How similar two items are by what they have in common (docs/DESIGN.md, "Item-based models").

#include <span>
#include <string_view>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// With C_ij = sum_u w_ui w_uj, n_i = C_ii, d_i = sum_u w_ui and shrinkage h, the similarity s_ij by which an item i
/// that a user has speaks for an item j.
enum class SimilarityKind {
  cosine,       ///< C / (n_i^a n_j^(1-a) + h)
  jaccard,      ///< C / (n_i + n_j - C + h)
  conditional,  ///< C / (n_i n_j^b + h): the share of i's users who have j, against popularity
  tfidf,        ///< cosine of entries that weigh sqrt(w_ui) ln((1 + items) / (1 + items of u))
  bm25,         ///< cosine of entries that weigh by BM25, times the same logarithm
  rp3beta       ///< random walks from i to j by a user, against popularity: C' / (d_i^alpha d_j^b)
};

struct SimilaritySettings {
  SimilarityKind kind = SimilarityKind::cosine;
  double asymmetry = 0.5;            ///< a: of cosine, tfidf and bm25
  double popularity_exponent = 0.5;  ///< b: of conditional and rp3beta
  double walk_exponent = 1;          ///< alpha: of rp3beta
  double shrinkage = 0;              ///< h: of all but rp3beta
};

/// The formula for items whose n_i (of rp3beta: d_i) are `sizes`.
class Similarity {
 public:
  Similarity(const SimilaritySettings& settings, std::span<const double> sizes);

  /// s_ij for C_ij = `common`; 0 if the denominator is not above 0.
  [[nodiscard]] float value(Index i, Index j, double common) const {
    const double left = left_[static_cast<std::size_t>(i)];
    const double right = right_[static_cast<std::size_t>(j)];
    const double whole = (adds_ ? left + right - common : left * right) + shrinkage_;
    return whole > 0 ? static_cast<float>(common / whole) : 0.0F;
  }

 private:
  bool adds_;
  double shrinkage_;
  std::vector<double> left_;   ///< of each item as i
  std::vector<double> right_;  ///< of each item as j
};

}  // namespace rankwise
