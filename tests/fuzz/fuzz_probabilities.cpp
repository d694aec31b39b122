// Files of probabilities.

#include <cmath>

#include "io/probability/probability_file.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const std::string text(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const ProbabilityFile file = parse_probabilities(text, "probabilities.json");
    for (const Index entries : {Index{0}, Index{1}, Index{1000}, file.map.bands.front().least_entries}) {
      double before = 0;
      for (const float score : {-1e30F, -1.0F, 0.0F, 0.25F, 1.0F, 1e30F}) {
        const double probability = file.map.probability(entries, score);
        fuzz::require(probability >= before && probability <= 1, "probabilities never fall, and are at most 1");
        before = probability;
      }
    }
    const std::string written = probability_json(file);
    fuzz::require(probability_json(parse_probabilities(written, "probabilities.json")) == written,
                  "a file comes back as it was written");
  });
  return 0;
}
