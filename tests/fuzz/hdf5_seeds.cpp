// Makes small HDF5 files for the fuzzers to begin with, a folder for each of them: hdf5_seeds FOLDER. Not kept with the
// sources, since the program writes them.

#include <algorithm>
#include <filesystem>
#include <hdf5.h>

#include "io/dataset/id_file.hpp"
#include "io/dataset/provenance_attributes.hpp"
#include "io/hdf5/writer.hpp"
#include "tests/fuzz/base_files.hpp"

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

/// A small matrix in AnnData's layout: /X by rows, names in /obs, none in /var.
void write_annotated(const std::string& path) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t matrix = H5Gcreate2(file, "/X", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t observations = H5Gcreate2(file, "/obs", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const auto add_text = [](hid_t group, const char* name, const std::string& text) {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, text.size());
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, type, text.data());
    H5Aclose(attribute);
  };
  add_text(matrix, "encoding-type", "csr_matrix");
  add_text(observations, "_index", "name");
  const auto add_numbers = [](hid_t group, const char* name, const std::vector<std::int64_t>& numbers) {
    const hsize_t size = numbers.size();
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    const hid_t set = H5Dcreate2(group, name, H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data());
    H5Dclose(set);
  };
  add_numbers(matrix, "data", {5, 1, 2, 4});
  add_numbers(matrix, "indices", {0, 3, 1, 2});
  add_numbers(matrix, "indptr", {0, 2, 2, 4});
  add_numbers(observations, "name", {11, 12, 13});
  const hsize_t two = 2;
  const hid_t pair = H5Screate_simple(1, &two, nullptr);
  const hid_t shape = H5Acreate2(matrix, "shape", H5T_STD_I64LE, pair, H5P_DEFAULT, H5P_DEFAULT);
  const std::int64_t extents[2] = {3, 4};
  H5Awrite(shape, H5T_NATIVE_INT64, extents);
  H5Aclose(shape);
  H5Gclose(matrix);
  H5Gclose(observations);
  fuzz::require(H5Fclose(file) >= 0, "the file can be written");
}

/// Lists as recommend writes them: three users, of whom one has an empty list.
void write_lists(const std::string& path) {
  const Communicator& comm = fuzz::single_rank();
  Hdf5Writer file(comm, path, 4096);
  Provenance provenance = sample_provenance();
  provenance.kind = "recommendations";
  write_provenance(file, provenance);
  file.create_group("/users");
  write_ids(comm, file, "/users/ids", {{0, 3}, 3, std::vector<std::string>{"anna", "ben", "\u00fc"}});
  file.create_group("/recommendations");
  const std::vector<Index> offsets{0, 2, 2, 3};
  file.write_filled_rows<Index>("/recommendations/indptr", 4, {0, 4}, [&](RowRange rows, Index* out) {
    std::copy(offsets.begin() + rows.begin, offsets.begin() + rows.end, out);
  });
  write_ids(comm, file, "/recommendations/items", {{0, 3}, 3, std::vector<std::int64_t>{7, 11, 7}});
  file.commit();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: hdf5_seeds FOLDER\n");
    return 2;
  }
  LLVMFuzzerInitialize(&argc, &argv);
  const std::filesystem::path folder = argv[1];
  for (const char* const reader : {"annotated_log", "centroids", "hdf5", "listed_items", "verify"})
    create_directories(folder / reader);
  for (const fuzz::BaseFile& file : fuzz::base_files) {
    std::string reader = file.kind;
    std::ranges::replace(reader, '-', '_');
    const std::filesystem::path own = folder / reader;
    create_directories(own);
    file.write((own / file.name).string());
    copy_file(own / file.name, folder / "verify" / (std::string(file.kind) + "_" + file.name),
              std::filesystem::copy_options::overwrite_existing);
  }
  using std::filesystem::copy_options;
  copy(folder / "clustering", folder / "centroids", copy_options::overwrite_existing | copy_options::recursive);
  write_foreign((folder / "hdf5" / "oldest.h5").string(), false);
  write_foreign((folder / "hdf5" / "newest.h5").string(), true);
  write_lists((folder / "listed_items" / "lists.h5").string());
  write_annotated((folder / "annotated_log" / "rows.h5").string());
  return 0;
}
