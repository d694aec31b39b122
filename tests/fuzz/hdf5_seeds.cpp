// Makes small HDF5 files for the fuzzers to begin with: hdf5_seeds FOLDER. Not kept with the sources, since the program
// writes them.

#include <filesystem>
#include <hdf5.h>

#include "tests/fuzz/harness.hpp"
#include "tests/io/damage.hpp"
#include "tests/io/sample_clustering.hpp"

namespace {

using namespace rankwise;

/// What a file from elsewhere may hold: the oldest format or the newest, chunks with every built-in filter, texts of
/// either kind, links.
void write_foreign(const std::string& path, bool newest) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (newest) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  const hid_t group = H5Gcreate2(file, "/group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const std::vector<double> numbers{1, 2, 3, 4, 5, 6, 7, 8};
  const hsize_t extents[2] = {4, 2};
  const hsize_t chunk[2] = {2, 2};
  const hid_t space = H5Screate_simple(2, extents, nullptr);
  const hid_t packed = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(packed, 2, chunk);
  H5Pset_shuffle(packed);
  H5Pset_deflate(packed, 6);
  H5Pset_fletcher32(packed);
  const hid_t scaled = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(scaled, 2, chunk);
  H5Pset_scaleoffset(scaled, H5Z_SO_INT, 0);
  const hid_t compact = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_layout(compact, H5D_COMPACT);
  const auto add = [&](const char* name, hid_t type, hid_t creation) {
    const hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data());
    H5Dclose(set);
  };
  add("/packed", H5T_IEEE_F32LE, packed);
  add("/scaled", H5T_STD_I32LE, scaled);
  add("/compact", H5T_IEEE_F64BE, compact);
  add("/group/plain", H5T_STD_U16LE, H5P_DEFAULT);
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, 4);
  const hsize_t rows = 3;
  const hid_t line = H5Screate_simple(1, &rows, nullptr);
  const hid_t names = H5Dcreate2(file, "/names", text, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(names, text, H5S_ALL, H5S_ALL, H5P_DEFAULT, "one two three");
  const hid_t varying = H5Tcopy(H5T_C_S1);
  H5Tset_size(varying, H5T_VARIABLE);
  const hid_t scalar = H5Screate(H5S_SCALAR);
  const hid_t attribute = H5Acreate2(group, "note", varying, scalar, H5P_DEFAULT, H5P_DEFAULT);
  const char* const note = "a note";
  H5Awrite(attribute, varying, &note);
  const hid_t shape = H5Acreate2(names, "shape", H5T_STD_I64LE, line, H5P_DEFAULT, H5P_DEFAULT);
  const std::int64_t values[3] = {1, -2, 3};
  H5Awrite(shape, H5T_NATIVE_INT64, values);
  H5Lcreate_soft("/packed", file, "/soft", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_external("other.h5", "/x", file, "/external", H5P_DEFAULT, H5P_DEFAULT);
  fuzz::require(H5Fclose(file) >= 0, "the file can be written");  // closes all that is open in it
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: hdf5_seeds FOLDER\n");
    return 2;
  }
  LLVMFuzzerInitialize(&argc, &argv);
  const Communicator& comm = fuzz::single_rank();
  const std::filesystem::path folder = argv[1];
  for (const char* const reader : {"dataset", "model", "clustering", "hdf5"}) create_directories(folder / reader);
  const Provenance provenance = sample_provenance();
  const auto path = [&](const char* name) { return (folder / name).string(); };

  write_dataset(comm, path("dataset/integers.h5"), sample_dataset(comm, {.users = 5, .items = 4}, SampleIds::integers),
                provenance);
  write_dataset(comm, path("dataset/heldout_users.h5"),
                sample_dataset(comm, {.users = 6, .items = 5, .heldout_users = 3}, SampleIds::strings), provenance);
  write_model(comm, path("model/integers.h5"),
              sample_model(comm, {.users = 3, .items = 2}, SampleIds::integers, 2, false), provenance);
  write_model(comm, path("model/biases.h5"), sample_model(comm, {.users = 2, .items = 3}, SampleIds::strings, 3, true),
              provenance);
  write_clustering(comm, path("clustering/plain.h5"), plain_clustering(comm, 5), provenance);
  write_clustering(comm, path("clustering/rich.h5"), rich_clustering(comm, 4), provenance);
  write_foreign(path("hdf5/oldest.h5"), false);
  write_foreign(path("hdf5/newest.h5"), true);
  return 0;
}
