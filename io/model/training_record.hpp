#pragma once
// What a model of any kind says of its training: on what of which dataset, and what it descends from.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/log/fold.hpp"
#include "io/dataset/provenance.hpp"
#include "io/dataset/trained_on.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/writer.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// See ModelReader, whose members have these names.
struct TrainingRecord {
  Provenance provenance = {};
  std::uint64_t content_digest = 0;
  std::vector<std::uint64_t> lineage = {};
  std::vector<std::uint64_t> lineage_datasets = {};
  std::vector<std::uint64_t> lineage_trained_on_all = {};
  TrainedOn trained_on = TrainedOn::training;
  std::optional<Fold> trained_fold = {};
  std::string dataset_configuration = {};
  std::optional<std::int64_t> last_training_seconds = {};
  bool compared_epochs = false;  ///< whether its epoch was chosen by what was held out
  Index users = 0;               ///< of the training
  Index items = 0;
};

/// Attributes of the root: trained-on, dataset-configuration, last-training-time. Collective, as the writer is.
void write_training_part(Hdf5Writer& file, TrainedOn trained_on, const std::string& dataset_configuration,
                         std::optional<std::int64_t> last_training_seconds);

/// These, the provenance of a model of this kind, the fold in it, and the file's digest; nothing else of the record.
/// Not collective; throws Error(bad_data) that names the file.
[[nodiscard]] TrainingRecord read_training_record(const Hdf5Reader& file, const std::string& kind);

}  // namespace rankwise
