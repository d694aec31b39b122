#include "io/points/point_format.hpp"

#include <array>
#include <fmt/format.h>
#include <string_view>

#include "io/files/input_file.hpp"
#include "io/hdf5/reader.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr std::string_view hdf5_signature = "\x89HDF\r\n\x1a\n";
constexpr std::string_view npy_signature = "\x93NUMPY";

std::string first_bytes(const std::string& path) {
  const std::shared_ptr<const InputFile> file = open_named(path);
  try {
    std::array<char, 8> bytes{};
    return {bytes.data(), file->read_at(0, bytes.data(), bytes.size())};
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
  }
}

PointFormat kind_of_hdf5(const std::string& path) {
  const Hdf5Reader file(path);
  const std::string kind = file.has_attribute("/", "kind") ? file.read_text("/", "kind") : "";
  return kind == "model"        ? PointFormat::model
         : kind == "dataset"    ? PointFormat::dataset
         : kind == "clustering" ? PointFormat::clustering
         : kind == "profile"    ? PointFormat::profile
                                : PointFormat::hdf5;
}

PointFormat detect(const std::string& path) {
  const std::string begin = first_bytes(path);
  if (begin == hdf5_signature) return kind_of_hdf5(path);
  return begin.starts_with(npy_signature) ? PointFormat::npy : PointFormat::text;
}

}  // namespace

const char* format_text(PointFormat format) {
  switch (format) {
    case PointFormat::model:
      return "a model";
    case PointFormat::dataset:
      return "a dataset";
    case PointFormat::clustering:
      return "a clustering";
    case PointFormat::hdf5:
      return "an HDF5 file";
    case PointFormat::npy:
      return "a .npy file";
    case PointFormat::text:
      return "a text file";
    case PointFormat::profile:
      return "a profile";
  }
  return "";
}

PointFormat detect_points(const Communicator& comm, const std::string& path) {
  const auto found =
      agree_on(comm, [&] { return comm.is_root() ? static_cast<std::int32_t>(detect(path)) : std::int32_t{0}; });
  return static_cast<PointFormat>(comm.max(found));
}

}  // namespace rankwise
