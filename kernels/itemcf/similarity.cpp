#include "kernels/itemcf/similarity.hpp"

#include <cmath>

namespace rankwise {

namespace {

struct Exponents {
  double left;
  double right;
};

Exponents exponents_of(const SimilaritySettings& settings) {
  switch (settings.kind) {
    case SimilarityKind::jaccard:
      return {1, 1};
    case SimilarityKind::conditional:
      return {1, settings.popularity_exponent};
    case SimilarityKind::rp3beta:
      return {settings.walk_exponent, settings.popularity_exponent};
    default:
      return {settings.asymmetry, 1 - settings.asymmetry};
  }
}

/// A root that is common has the square root's exact bits.
double power(double base, double exponent) {
  if (exponent == 0.5) return std::sqrt(base);
  if (exponent == 1) return base;
  return exponent == 0 ? 1 : std::pow(base, exponent);
}

}  // namespace

Similarity::Similarity(const SimilaritySettings& settings, std::span<const double> sizes)
    : adds_(settings.kind == SimilarityKind::jaccard), shrinkage_(settings.shrinkage) {
  const Exponents exponents = exponents_of(settings);
  left_.reserve(sizes.size());
  right_.reserve(sizes.size());
  for (const double size : sizes) {
    left_.push_back(power(size, exponents.left));
    right_.push_back(power(size, exponents.right));
  }
}

}  // namespace rankwise
