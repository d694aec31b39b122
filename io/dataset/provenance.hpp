#pragma once
// Where an output file comes from; written into each as attributes of its root group.

#include <cstdint>
#include <string>

namespace rankwise {

struct Provenance {
  std::string kind;           ///< "dataset", "model", "recommendations", "clustering", "checkpoint", ...
  std::string version;        ///< program version and git revision
  std::string configuration;  ///< the resolved options that determine the content, one `name = value` a line, sorted
  std::uint64_t seed = 0;
  std::uint64_t dataset_digest = 0;  ///< content digest of the dataset that the file is or was made from; 0 where none
  std::uint64_t warm_start_digest = 0;  ///< metadata digest of the model that a training began with; 0 where none
  std::uint64_t tables_digest =
      0;  ///< of the tables that a training took features from (tables_digest()); 0 where none
  std::int64_t format_version = 0;  ///< of a file that was read; of one that is written, 0: the newest of its kind
};

/// That users have pseudonyms instead of ids: attributes of a dataset's root.
struct PseudonymMark {
  std::string method;
  std::string key_id;  ///< the same for the same key
};

}  // namespace rankwise
