#include "io/model/verified_checkpoint.hpp"

#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/verify_digests.hpp"

namespace rankwise {

Provenance verified_provenance(const Communicator& comm, const std::string& path, const std::string& kind) {
  return damage_named([&] {
    verify_digests(comm, path);
    return agree_on(comm, [&] { return read_provenance(Hdf5Reader(path), kind); });
  });
}

}  // namespace rankwise
