#include "io/verified_checkpoint.hpp"

#include "io/hdf5_reader.hpp"
#include "io/provenance_attributes.hpp"
#include "io/verify_file.hpp"

namespace rankwise {

Provenance verified_provenance(const Communicator& comm, const std::string& path, const std::string& kind) {
  return damage_named([&] {
    verify_file(comm, path);
    return agree_on(comm, [&] { return read_provenance(Hdf5Reader(path), kind); });
  });
}

}  // namespace rankwise
