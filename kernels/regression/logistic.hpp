#pragma once
// What logistic regression says of one row.

namespace rankwise::kernels {

/// 1 / (1 + exp(-score)), without overflow.
[[nodiscard]] double logistic_probability(double score);

/// -log of the probability of the outcome (1: it came true, 0: not): log(1 + exp(score)) - outcome * score.
[[nodiscard]] double logistic_loss(double score, double outcome);

}  // namespace rankwise::kernels
