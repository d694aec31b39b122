#include "jobs/quarterly/step_results.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace fs = std::filesystem;

std::string output_of(const Chain& chain, std::string_view step, std::string_view ending) {
  const auto found = std::ranges::find(chain.steps, step, &ChainStep::name);
  if (found == chain.steps.end()) return {};
  const auto output =
      std::ranges::find_if(found->outputs, [ending](const std::string& path) { return path.ends_with(ending); });
  return output == found->outputs.end() ? std::string() : *output;
}

std::string from_folder(const Chain& chain, const std::string& path) {
  return encoded_text(fs::path(path).lexically_relative(chain.settings.directory).string());
}

nlohmann::ordered_json read_json(const std::string& path) {
  try {
    return nlohmann::ordered_json::parse(read_small_file(path));
  } catch (const nlohmann::json::exception& error) {
    refuse_json(path, error);
  }
}

void refuse_json(const std::string& path, const nlohmann::json::exception& error) {
  throw Error(ExitCode::bad_data, fmt::format("{}: is not what a step of the chain writes: {}", path, error.what()));
}

}  // namespace rankwise
