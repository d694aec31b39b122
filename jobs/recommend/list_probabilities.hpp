#pragma once
// How likely users buy what lists have, by a file of `calibrate`.

#include <optional>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/probability/probability_map.hpp"
#include "distributed/ranking/catalogue.hpp"
#include "io/dataset/dataset.hpp"
#include "io/model/training_record.hpp"
#include "jobs/recommend/lists.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The file's map; nothing for an empty path. Throws AgreedError: no_input, bad_data (a file that cannot be read, or is
/// of another model than `model` at `model_path`, or of another dataset), usage (lists of `top` items, of which the
/// file knows fewer). Collective over comm.
[[nodiscard]] std::optional<ProbabilityMap> read_list_probabilities(const Communicator& comm, const std::string& path,
                                                                    const DatasetReader& dataset,
                                                                    const TrainingRecord& model,
                                                                    const std::string& model_path, Index top);

/// Of each entry by its score and the item's training entries. NaN: in lists of popular items, whose scores are no
/// model's, and of a score below all that the map was fitted on in the item's band.
void add_probabilities(const ProbabilityMap& map, const Catalogue& catalogue, Lists& lists);

}  // namespace rankwise
