#pragma once
// From which models a file of lists or of their metrics is made, if they are several: attributes of its root group.
//
//   blend-scores     how scores were normalized: "standard", "rank"
//   blend-models     the names of the models' files, without folders
//   blend-digests    of each, as `inspect` shows it
//   blend-weights    of each, as given

#include <cstdint>
#include <string>
#include <vector>

#include "io/hdf5/writer.hpp"

namespace rankwise {

struct BlendPart {
  std::string file;
  std::uint64_t digest = 0;
  double weight = 0;
};

/// No parts: the file is made from one model.
struct BlendOrigin {
  std::string scores;
  std::vector<BlendPart> parts;
};

/// Writes nothing without parts. Collective, as the writer is.
void write_blend_origin(Hdf5Writer& file, const BlendOrigin& blend);

}  // namespace rankwise
