#include "io/model/training_record.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <sstream>
#include <string_view>

#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/metadata_digest.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

constexpr std::array<std::string_view, 3> trained_parts{"training", "training+validation", "all"};  // by TrainedOn
constexpr const char* last_training_name = "last-training-time";

/// The fold that a model was trained on, from its configuration and seed; nothing if it was trained on all. Throws
/// Error(bad_data) without the file's name.
std::optional<Fold> fold_of(const Provenance& model) {
  constexpr std::string_view setting = "fold = ";
  std::istringstream lines(model.configuration);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(setting)) continue;
    const std::string_view text = std::string_view(line).substr(setting.size());
    const std::optional<Fold> fold = parse_fold(text);
    if (!fold) {
      throw Error(
          ExitCode::bad_data,
          fmt::format("attribute configuration names the fold {}; expected one such as interactions:2/5", shown(text)));
    }
    return seeded(fold, model.seed);
  }
  return std::nullopt;
}

}  // namespace

void write_training_part(Hdf5Writer& file, TrainedOn trained_on, const std::string& dataset_configuration,
                         std::optional<std::int64_t> last_training_seconds) {
  file.write_attribute("/", "trained-on", trained_parts[static_cast<std::size_t>(trained_on)]);
  file.write_attribute("/", "dataset-configuration", std::string_view(dataset_configuration));
  if (last_training_seconds) file.write_attribute("/", last_training_name, *last_training_seconds);
}

TrainingRecord read_training_record(const Hdf5Reader& file, const std::string& kind) {
  TrainingRecord record;
  record.provenance = read_provenance(file, kind);
  if (file.has_attribute("/", metadata_digest_attribute))
    record.content_digest = file.read_unsigned("/", metadata_digest_attribute);
  try {
    record.trained_fold = fold_of(record.provenance);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", file.path(), error.what()));
  }
  if (file.has_attribute("/", "trained-on")) {
    const auto part = std::ranges::find(trained_parts, file.read_text("/", "trained-on"));
    if (part == trained_parts.end()) {
      throw Error(ExitCode::bad_data, fmt::format("{}: attribute trained-on is none of the known ones", file.path()));
    }
    record.trained_on = static_cast<TrainedOn>(part - trained_parts.begin());
  }
  if (file.has_attribute("/", "dataset-configuration"))
    record.dataset_configuration = file.read_text("/", "dataset-configuration");
  if (file.has_attribute("/", last_training_name))
    record.last_training_seconds = file.read_integer("/", last_training_name);
  return record;
}

}  // namespace rankwise
