#include "tests/fuzz/hdf5_edits.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "io/hdf5/library/handle.hpp"
#include "tests/fuzz/harness.hpp"

namespace rankwise::fuzz {

namespace {

constexpr hsize_t most_bytes = 1 << 16;  // of a dataset that is written

constexpr std::array doubles{0.0,
                             -1.0,
                             0.5,
                             1e300,
                             -1e-320,
                             std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity()};
constexpr std::array<std::int64_t, 9> integers{0,
                                               1,
                                               -1,
                                               2,
                                               1000,
                                               std::numeric_limits<std::int32_t>::max(),
                                               std::int64_t{1} << 32,
                                               std::numeric_limits<std::int64_t>::max(),
                                               std::numeric_limits<std::int64_t>::min()};

Hdf5Handle copy_of(hid_t type) {
  return {H5Tcopy(type), H5Tclose};
}

Hdf5Handle any_type(Script& script) {
  static const std::array numbers{H5T_STD_I8LE,  H5T_STD_I32LE,  H5T_STD_I64LE,  H5T_STD_U8LE,   H5T_STD_U64LE,
                                  H5T_STD_I64BE, H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_IEEE_F32BE, H5T_NATIVE_LDOUBLE};
  const unsigned choice = script.take() % 20;
  if (choice < numbers.size()) return copy_of(numbers[choice]);
  if (choice < 14) return fixed_string_type(1 + script.take());
  if (choice == 14) return text_type();
  if (choice == 15) return {H5Tenum_create(H5T_STD_I32LE), H5Tclose};
  if (choice == 16) return {H5Tvlen_create(H5T_IEEE_F32LE), H5Tclose};
  if (choice == 17) return {H5Tcreate(H5T_OPAQUE, 1 + script.take() % 16U), H5Tclose};
  if (choice == 18) {
    const hsize_t extent = 2;
    return {H5Tarray_create2(H5T_STD_I32LE, 1, &extent), H5Tclose};
  }
  Hdf5Handle compound(H5Tcreate(H5T_COMPOUND, 8), H5Tclose);
  H5Tinsert(compound.get(), "x", 0, H5T_IEEE_F64LE);
  return compound;
}

hsize_t any_extent(Script& script) {
  const std::uint8_t choice = script.take();
  if (choice < 0xF0) return choice % 12U;
  static constexpr std::array<hsize_t, 5> large{100'000, hsize_t{1} << 31, hsize_t{1} << 32, hsize_t{1} << 62,
                                                hsize_t{1} << 63};
  return large[choice % large.size()];
}

Hdf5Handle any_space(Script& script, std::vector<hsize_t>& extents) {
  static constexpr std::array<std::size_t, 8> ranks{0, 1, 1, 1, 1, 2, 2, 3};
  const std::size_t rank = script.choose(ranks);
  const bool is_null = rank == 0 && script.take() % 4 == 0;
  extents.clear();
  for (std::size_t d = 0; d < rank; ++d) extents.push_back(any_extent(script));
  if (rank == 0) return {H5Screate(is_null ? H5S_NULL : H5S_SCALAR), H5Sclose};
  // Room to grow lets chunks be larger than what there is.
  const std::vector<hsize_t> most(rank, H5S_UNLIMITED);
  const bool can_grow = script.take() % 4 == 0;
  return {H5Screate_simple(static_cast<int>(rank), extents.data(), can_grow ? most.data() : nullptr), H5Sclose};
}

/// How a dataset is stored.
Hdf5Handle any_storage(Script& script, std::size_t rank) {
  Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const unsigned choice = script.take() % 8;
  if (choice < 3) return creation;
  if (choice == 3) {
    H5Pset_layout(creation.get(), H5D_COMPACT);
  } else if (choice == 4) {
    H5Pset_external(creation.get(), "/dev/zero", 0, H5F_UNLIMITED);
  } else if (rank > 0) {
    std::vector<hsize_t> chunk;
    for (std::size_t d = 0; d < rank; ++d) chunk.push_back(std::max<hsize_t>(1, any_extent(script)));
    H5Pset_chunk(creation.get(), static_cast<int>(rank), chunk.data());
    if (choice > 5) H5Pset_shuffle(creation.get());
    if (choice > 6) H5Pset_deflate(creation.get(), 9);
  }
  return creation;
}

/// Bytes of what a dataset or an attribute holds; 0 where that is more than is written.
std::size_t byte_count(hid_t space, hid_t type) {
  const hssize_t points = H5Sget_simple_extent_npoints(space);
  const std::size_t size = H5Tget_size(type);
  if (points <= 0 || size == 0 || static_cast<hsize_t>(points) > most_bytes / size) return 0;
  return static_cast<std::size_t>(points) * size;
}

class Editor {
 public:
  Editor(hid_t file, const std::vector<FileObject>& objects, Script& script)
      : file_(file), objects_(objects), script_(script) {}

  void edit() {
    switch (script_.take() % 10) {
      case 0:
        return remove(some_path());
      case 1:
        return replace(some_path());
      case 2:
        return overwrite_number(some_path());
      case 3:
        return overwrite_bytes(some_path());
      case 4:
        return resize(some_path());
      case 5:
        return remove_attribute();
      case 6:
        return replace_attribute();
      case 7:
        return link(some_path());
      case 8:
        return move();
      default:
        return add_group(some_path());
    }
  }

 private:
  [[nodiscard]] const std::string& some_path() { return script_.choose(objects_).path; }
  void remove(const std::string& path) const { H5Ldelete(file_, path.c_str(), H5P_DEFAULT); }

  /// By another dataset of any type, extents and storage.
  void replace(const std::string& path) {
    const Hdf5Handle type = any_type(script_);
    std::vector<hsize_t> extents;
    const Hdf5Handle space = any_space(script_, extents);
    const Hdf5Handle storage = any_storage(script_, extents.size());
    remove(path);
    const Hdf5Handle set(
        H5Dcreate2(file_, path.c_str(), type.get(), space.get(), H5P_DEFAULT, storage.get(), H5P_DEFAULT), H5Dclose);
    if (set) write_pattern(set.get(), type.get(), space.get());
  }

  /// Small ascending numbers, so that offsets and ids may be sound.
  void write_pattern(hid_t set, hid_t type, hid_t space) {
    const H5T_class_t type_class = H5Tget_class(type);
    const std::size_t bytes = byte_count(space, type);
    if (bytes == 0 || (type_class != H5T_INTEGER && type_class != H5T_FLOAT && type_class != H5T_STRING)) return;
    if (H5Tis_variable_str(type) > 0) return;
    if (type_class == H5T_STRING) {
      const std::string text(bytes, static_cast<char>(script_.take()));
      H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text.data());
      return;
    }
    std::vector<double> values(bytes / H5Tget_size(type));
    const double step = script_.take() % 3U;
    for (std::size_t v = 0; v < values.size(); ++v) values[v] = step * static_cast<double>(v);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  }

  void overwrite_number(const std::string& path) {
    const Hdf5Handle set(H5Dopen2(file_, path.c_str(), H5P_DEFAULT), H5Dclose);
    if (!set) return;
    const Hdf5Handle type(H5Dget_type(set.get()), H5Tclose);
    const Hdf5Handle space(H5Dget_space(set.get()), H5Sclose);
    const std::size_t bytes = byte_count(space.get(), type.get());
    const H5T_class_t type_class = H5Tget_class(type.get());
    if (bytes == 0 || (type_class != H5T_INTEGER && type_class != H5T_FLOAT)) return;
    const std::size_t place = script_.take() % (bytes / H5Tget_size(type.get()));
    const auto change = [&](hid_t memory, auto& values, auto value) {
      H5Dread(set.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
      values[place] = value;
      H5Dwrite(set.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    };
    if (type_class == H5T_FLOAT) {
      std::vector<double> values(bytes / H5Tget_size(type.get()));
      change(H5T_NATIVE_DOUBLE, values, script_.choose(doubles));
    } else {
      std::vector<std::int64_t> values(bytes / H5Tget_size(type.get()));
      change(H5T_NATIVE_INT64, values, some_integer());
    }
  }

  [[nodiscard]] std::int64_t some_integer() {
    const std::uint8_t choice = script_.take();
    return choice % 2 == 0 ? choice / 2 : integers[choice / 2U % integers.size()];
  }

  /// All bytes of a dataset as they lie in the file; empty where it cannot be read.
  [[nodiscard]] static std::vector<char> bytes_of(hid_t set, hid_t type) {
    const Hdf5Handle space(H5Dget_space(set), H5Sclose);
    std::vector<char> bytes(
        H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tis_variable_str(type) > 0 ? 0 : byte_count(space.get(), type));
    if (!bytes.empty() && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0) bytes.clear();
    return bytes;
  }

  void overwrite_bytes(const std::string& path) {
    const Hdf5Handle set(H5Dopen2(file_, path.c_str(), H5P_DEFAULT), H5Dclose);
    if (!set) return;
    const Hdf5Handle type(H5Dget_type(set.get()), H5Tclose);
    std::vector<char> bytes = bytes_of(set.get(), type.get());
    if (bytes.empty()) return;
    for (std::size_t count = 1 + script_.take() % 4U; count > 0; --count) {
      const std::size_t place = script_.take() % bytes.size();
      bytes[place] = static_cast<char>(script_.take());
    }
    H5Dwrite(set.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  }

  /// Another number of rows of the same type and columns, with the same values as far as there are some.
  void resize(const std::string& path) {
    Hdf5Handle set(H5Dopen2(file_, path.c_str(), H5P_DEFAULT), H5Dclose);
    if (!set) return;
    const Hdf5Handle type(H5Dget_type(set.get()), H5Tclose);
    const Hdf5Handle space(H5Dget_space(set.get()), H5Sclose);
    std::vector<char> bytes = bytes_of(set.get(), type.get());
    std::array<hsize_t, H5S_MAX_RANK> extents{};
    const int rank = H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr);
    if (rank < 1) return;
    hsize_t& extent = extents[script_.take() % static_cast<unsigned>(rank)];
    extent = std::min<hsize_t>(extent + script_.take() % 4, extent + 3) - std::min<hsize_t>(extent, 2);
    const Hdf5Handle resized(H5Screate_simple(rank, extents.data(), nullptr), H5Sclose);
    set.reset();
    remove(path);
    const Hdf5Handle other(
        H5Dcreate2(file_, path.c_str(), type.get(), resized.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Dclose);
    if (!other || bytes.empty()) return;
    bytes.resize(byte_count(resized.get(), type.get()), bytes.back());
    if (!bytes.empty()) H5Dwrite(other.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  }

  /// An object and one of its attributes; an empty name where it has none.
  [[nodiscard]] std::pair<std::string, std::string> some_attribute() {
    std::vector<const FileObject*> owners;
    for (const FileObject& object : objects_) {
      if (!object.attributes.empty()) owners.push_back(&object);
    }
    if (owners.empty()) return {};
    const FileObject& owner = *script_.choose(owners);
    return {owner.path, script_.choose(owner.attributes).name};
  }

  void remove_attribute() {
    const auto [owner, name] = some_attribute();
    H5Adelete_by_name(file_, owner.c_str(), name.c_str(), H5P_DEFAULT);
  }

  /// By one of any type and extents, or of the same with another value.
  void replace_attribute() {
    const auto [owner, name] = some_attribute();
    const Hdf5Handle before(H5Aopen_by_name(file_, owner.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    if (!before) return;
    Hdf5Handle type(H5Aget_type(before.get()), H5Tclose);
    Hdf5Handle space(H5Aget_space(before.get()), H5Sclose);
    std::vector<hsize_t> extents;
    const std::uint8_t how = script_.take();
    if (how % 4 == 0) type = any_type(script_);
    if (how % 8 == 1) space = any_space(script_, extents);
    H5Adelete_by_name(file_, owner.c_str(), name.c_str(), H5P_DEFAULT);
    const Hdf5Handle after(H5Acreate_by_name(file_, owner.c_str(), name.c_str(), type.get(), space.get(), H5P_DEFAULT,
                                             H5P_DEFAULT, H5P_DEFAULT),
                           H5Aclose);
    const std::size_t bytes = byte_count(space.get(), type.get());
    if (!after || bytes == 0) return;
    write_attribute(after.get(), type.get(), bytes / H5Tget_size(type.get()));
  }

  void write_attribute(hid_t attribute, hid_t type, std::size_t count) {
    const H5T_class_t type_class = H5Tget_class(type);
    if (type_class == H5T_FLOAT) {
      const std::vector<double> values(count, script_.choose(doubles));
      H5Awrite(attribute, H5T_NATIVE_DOUBLE, values.data());
    } else if (type_class == H5T_INTEGER) {
      const std::vector<std::int64_t> values(count, some_integer());
      H5Awrite(attribute, H5T_NATIVE_INT64, values.data());
    } else if (type_class == H5T_STRING) {
      static constexpr std::array words{"",          "checkpoint", "clustering", "cosine", "dataset",
                                        "euclidean", "explicit",   "items",      "model",  "users"};
      const std::string text = script_.choose(words);
      if (H5Tis_variable_str(type) > 0) {
        const std::vector<const char*> texts(count, text.c_str());
        H5Awrite(attribute, type, texts.data());
      } else {
        std::string padded = text;
        padded.resize(count * H5Tget_size(type), static_cast<char>(script_.take()));
        H5Awrite(attribute, type, padded.data());
      }
    }
  }

  void link(const std::string& path) {
    const std::string target = some_path();
    const unsigned how = script_.take() % 3;
    if (how > 0 || target != path) remove(path);
    if (how == 0) H5Lcreate_hard(file_, target.c_str(), file_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT);
    if (how == 1) H5Lcreate_soft(target.c_str(), file_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT);
    if (how == 2) H5Lcreate_external("other.h5", "/", file_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT);
  }

  /// One object takes another's place.
  void move() {
    const std::string from = some_path();
    const std::string to = some_path();
    if (from == to || to.starts_with(from + "/") || from.starts_with(to + "/") || from == "/" || to == "/") return;
    remove(to);
    H5Lmove(file_, from.c_str(), file_, to.c_str(), H5P_DEFAULT, H5P_DEFAULT);
  }

  void add_group(const std::string& path) {
    if (script_.take() % 2 == 0) remove(path);
    const std::string name = script_.take() % 2 == 0 ? path : path + "/inner";
    const Hdf5Handle group(H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  }

  hid_t file_;
  const std::vector<FileObject>& objects_;
  Script& script_;
};

}  // namespace

void edit_file(const std::string& path, const std::vector<FileObject>& objects, Script& script) {
  constexpr int most_edits = 8;
  silence_hdf5();
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.get()), H5Fclose);
  require(static_cast<bool>(file), "a sound file can be opened for writing");
  Editor editor(file.get(), objects, script);
  for (int e = 0; e < most_edits && !script.is_over(); ++e) editor.edit();
  require(file.reset() >= 0, "an edited file can be closed");
}

}  // namespace rankwise::fuzz
