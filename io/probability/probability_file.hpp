#pragma once
// The file of probabilities, JSON (docs/FORMATS.md): steps from scores to shares of pairs that were bought, of one
// model. It is a file of its own and names its digest, so that the model stays the file that sweeps, gates and
// quarters know.

#include <cstdint>
#include <optional>
#include <string>

#include "distributed/probability/probability_map.hpp"
#include "distributed/probability/reliability.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

struct ProbabilityFile {
  std::string version;  ///< of the program
  std::string configuration;
  std::string data_file;
  std::uint64_t data_digest = 0;
  std::string model_file;
  std::uint64_t model_digest = 0;
  std::optional<std::int64_t> within_seconds;  ///< of the training part's end; nothing: the whole validation part
  Index top = 0;                               ///< items of the lists that were looked at
  Index users = 0;                             ///< who had a list
  ProbabilityMap map;
  Reliability fitted;                    ///< on the validation part, of which the steps were made
  std::optional<Reliability> checked;    ///< on the held-out part
  std::optional<Reliability> of_scores;  ///< there too, of the scores themselves as probabilities
};

/// JSON with a newline at its end; the same values give the same bytes.
[[nodiscard]] std::string probability_json(const ProbabilityFile& file);

/// The map and what it is of; reliabilities are not read. `path`: for messages. Throws Error(bad_data), one line with
/// the place, unless bands and steps are as probability_json() writes them: bands of falling popularity, the last from
/// 0 entries on, rising scores and rates.
[[nodiscard]] ProbabilityFile parse_probabilities(const std::string& text, const std::string& path);

/// The same of a file. Throws Error(no_input) if it cannot be read.
[[nodiscard]] ProbabilityFile read_probabilities(const std::string& path);

}  // namespace rankwise
