#include "kernels/statistics/resampling.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "kernels/base/philox.hpp"

namespace rankwise {

namespace {

constexpr std::size_t words_per_draw = 4;
constexpr std::size_t users_per_table = 8;

/// thresholds[w]: the 32-bit words below it give a weight of at most w; the last is above every word. The arithmetic of
/// the double precision is exact to a few 2^-53, far below the grid of 2^-32.
constexpr std::array<std::uint64_t, largest_bootstrap_weight + 1> weight_thresholds = [] {
  std::array<std::uint64_t, largest_bootstrap_weight + 1> thresholds{};
  double probability = 0.36787944117144232159552377016146;  // e^-1, of weight 0
  double cumulated = 0;
  for (int weight = 0; weight < largest_bootstrap_weight; ++weight) {
    cumulated += probability;
    thresholds.at(static_cast<std::size_t>(weight)) = static_cast<std::uint64_t>(cumulated * 0x1p32 + 0.5);
    probability /= weight + 1;
  }
  thresholds.back() = std::uint64_t{1} << 32;
  return thresholds;
}();

/// The weight of the least word that begins with each byte: most words begin so that nothing is left to compare.
constexpr std::array<std::uint8_t, 256> weight_by_first_byte = [] {
  std::array<std::uint8_t, 256> weights{};
  for (std::uint64_t byte = 0; byte < weights.size(); ++byte) {
    std::uint8_t weight = 0;
    while (byte << 24 >= weight_thresholds.at(weight)) ++weight;
    weights.at(byte) = weight;
  }
  return weights;
}();

std::uint8_t weight_of_word(std::uint32_t word) {
  std::uint8_t weight = weight_by_first_byte[word >> 24];
  while (word >= weight_thresholds[weight]) ++weight;
  return weight;
}

std::size_t replicates_of(std::span<const ResampledColumn> columns) {
  return columns.empty() ? 0 : columns.front().sums.size();
}

std::size_t blocks_of(std::size_t replicates) {
  return (replicates + replicates_per_block - 1) / replicates_per_block;
}

std::span<std::int64_t> sums_of_block(const ResampledColumn& column, std::size_t block) {
  const std::size_t first = block * replicates_per_block;
  return column.sums.subspan(first, std::min(replicates_per_block, column.sums.size() - first));
}

/// The sums of eight values under all signs: bit i of the place is set if the i-th value changes its sign.
using SignedSums = std::array<std::int64_t, 1 << users_per_table>;

SignedSums signed_sums(std::span<const std::int64_t> values) {
  SignedSums sums{};
  for (std::size_t bit = 0; bit < values.size(); ++bit) {
    const std::size_t half = std::size_t{1} << bit;
    for (std::size_t place = 0; place < half; ++place) {
      sums[place + half] = sums[place] - values[bit];
      sums[place] += values[bit];
    }
  }
  return sums;
}

/// Of an 8 x 8 matrix of bits with a row per byte (Warren, Hacker's Delight, 7-3).
std::uint64_t transposed_bits(std::uint64_t rows) {
  std::uint64_t swapped = (rows ^ (rows >> 7)) & 0x00AA00AA00AA00AA;
  rows ^= swapped ^ (swapped << 7);
  swapped = (rows ^ (rows >> 14)) & 0x0000CCCC0000CCCC;
  rows ^= swapped ^ (swapped << 14);
  swapped = (rows ^ (rows >> 28)) & 0x00000000F0F0F0F0;
  return rows ^ swapped ^ (swapped << 28);
}

/// For each replicate of a block the signs of at most eight users, the i-th user's in bit i.
std::array<std::uint8_t, replicates_per_block> signs_by_replicate(std::uint64_t seed,
                                                                  std::span<const std::uint64_t> users,
                                                                  std::size_t block) {
  std::array<std::uint64_t, users_per_table> words{};
  for (std::size_t u = 0; u < users.size(); ++u) words[u] = sign_flips(seed, users[u], block);
  std::array<std::uint8_t, replicates_per_block> signs{};
  for (std::size_t byte = 0; byte < sizeof(std::uint64_t); ++byte) {
    std::uint64_t rows = 0;
    for (std::size_t u = 0; u < users_per_table; ++u) rows |= (words[u] >> (8 * byte) & 0xFF) << (8 * u);
    const std::uint64_t transposed = transposed_bits(rows);
    for (std::size_t r = 0; r < 8; ++r) signs[8 * byte + r] = static_cast<std::uint8_t>(transposed >> (8 * r));
  }
  return signs;
}

}  // namespace

int bootstrap_weight(std::uint64_t seed, std::uint64_t user, std::size_t replicate) {
  const RandomStream stream(seed, RandomPurpose::bootstrap_weights);
  const auto draw = static_cast<std::uint32_t>(replicate / words_per_draw);
  return weight_of_word(stream.words(static_cast<Index>(user), draw)[replicate % words_per_draw]);
}

std::array<std::uint8_t, replicates_per_block> bootstrap_weights(std::uint64_t seed, std::uint64_t user,
                                                                 std::size_t block) {
  constexpr std::size_t draws = replicates_per_block / words_per_draw;
  const RandomStream stream(seed, RandomPurpose::bootstrap_weights);
  std::array<std::uint8_t, replicates_per_block> weights{};
  for (std::size_t draw = 0; draw < draws; ++draw) {
    const PhiloxCounter words =
        stream.words(static_cast<Index>(user), static_cast<std::uint32_t>(block * draws + draw));
    for (std::size_t w = 0; w < words_per_draw; ++w) weights[draw * words_per_draw + w] = weight_of_word(words[w]);
  }
  return weights;
}

void add_bootstrap_sums(std::uint64_t seed, std::span<const std::uint64_t> users,
                        std::span<const ResampledColumn> columns) {
  const std::size_t blocks = blocks_of(replicates_of(columns));
  for (std::size_t u = 0; u < users.size(); ++u) {
    for (std::size_t block = 0; block < blocks; ++block) {
      const auto weights = bootstrap_weights(seed, users[u], block);
      for (const ResampledColumn& column : columns) {
        const std::int64_t value = column.values[u];
        const std::span<std::int64_t> sums = sums_of_block(column, block);
        for (std::size_t r = 0; r < sums.size(); ++r) sums[r] += weights[r] * value;
      }
    }
  }
}

std::uint64_t sign_flips(std::uint64_t seed, std::uint64_t user, std::size_t block) {
  const RandomStream stream(seed, RandomPurpose::sign_flips);
  const PhiloxCounter words = stream.words(static_cast<Index>(user), static_cast<std::uint32_t>(block / 2));
  const std::size_t first = block % 2 * 2;
  return std::uint64_t{words[first + 1]} << 32 | words[first];
}

void add_sign_flip_sums(std::uint64_t seed, std::span<const std::uint64_t> users,
                        std::span<const ResampledColumn> columns) {
  const std::size_t blocks = blocks_of(replicates_of(columns));
  std::vector<SignedSums> tables(columns.size());
  for (std::size_t first = 0; first < users.size(); first += users_per_table) {
    const std::size_t count = std::min(users_per_table, users.size() - first);
    for (std::size_t c = 0; c < columns.size(); ++c) tables[c] = signed_sums(columns[c].values.subspan(first, count));
    for (std::size_t block = 0; block < blocks; ++block) {
      const auto signs = signs_by_replicate(seed, users.subspan(first, count), block);
      for (std::size_t c = 0; c < columns.size(); ++c) {
        const std::span<std::int64_t> sums = sums_of_block(columns[c], block);
        for (std::size_t r = 0; r < sums.size(); ++r) sums[r] += tables[c][signs[r]];
      }
    }
  }
}

double sign_flip_p(std::int64_t sum, std::span<const std::int64_t> flipped_sums) {
  const auto as_far = std::count_if(flipped_sums.begin(), flipped_sums.end(),
                                    [&](std::int64_t flipped) { return std::abs(flipped) >= std::abs(sum); });
  return static_cast<double>(1 + as_far) / static_cast<double>(1 + flipped_sums.size());
}

}  // namespace rankwise
