#include "io/dataset/blend_attributes.hpp"

#include <fmt/format.h>
#include <span>
#include <string_view>

namespace rankwise {

void write_blend_origin(Hdf5Writer& file, const BlendOrigin& blend) {
  if (blend.parts.empty()) return;
  std::vector<std::string> models;
  std::vector<std::string> digests;
  std::vector<std::string> weights;
  for (const BlendPart& part : blend.parts) {
    models.push_back(part.file);
    digests.push_back(fmt::format("{:016x}", part.digest));
    weights.push_back(fmt::format("{}", part.weight));
  }
  file.write_attribute("/", "blend-scores", std::string_view(blend.scores));
  file.write_attribute("/", "blend-models", std::span<const std::string>(models));
  file.write_attribute("/", "blend-digests", std::span<const std::string>(digests));
  file.write_attribute("/", "blend-weights", std::span<const std::string>(weights));
}

}  // namespace rankwise
