#include "kernels/base/philox.hpp"

namespace rankwise {

PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

PhiloxCounter RandomStream::words(Index row, std::uint32_t draw) const {
  const auto row_bits = static_cast<std::uint64_t>(row);
  return philox4x32({static_cast<std::uint32_t>(row_bits), static_cast<std::uint32_t>(row_bits >> 32), draw,
                     static_cast<std::uint32_t>(purpose_)},
                    {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
}

double RandomStream::uniform(Index row, std::uint32_t draw) const {
  const PhiloxCounter w = words(row, draw);
  const std::uint64_t bits = (std::uint64_t{w[0]} << 32 | w[1]) >> 11;
  return static_cast<double>(bits) * 0x1.0p-53;
}

// The draw number has 32 bits; what `second` has beyond them selects another seed.
double pair_draw(std::uint64_t seed, RandomPurpose purpose, std::uint64_t first, std::uint64_t second) {
  const RandomStream stream(seed + (second >> 32) * 0x9E3779B97F4A7C15ULL, purpose);
  return stream.uniform(static_cast<Index>(first), static_cast<std::uint32_t>(second));
}

}  // namespace rankwise
