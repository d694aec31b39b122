#include "io/arrays/npy_folder.hpp"

#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "io/arrays/placed_file.hpp"
#include "io/files/unfinished_file.hpp"

namespace rankwise {

namespace {

void make_folder(const Communicator& comm, const std::string& folder) {
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw cannot_create(folder, error.message());
  });
}

}  // namespace

void write_npy_folder(const Communicator& comm, const std::string& folder, std::span<const SharedArray> arrays) {
  make_folder(comm, folder);
  std::vector<std::unique_ptr<PlacedFile>> files;
  for (const SharedArray& array : arrays) {
    const std::string header = npy_header(array);
    const std::filesystem::path path = std::filesystem::path(folder) / (array.name + ".npy");
    files.push_back(std::make_unique<PlacedFile>(comm, path.string(), std::ssize(header) + array.bytes()));
    files.back()->write(header, 0);
    static_cast<void>(files.back()->write(array, std::ssize(header)));
  }
  for (const std::unique_ptr<PlacedFile>& file : files) file->commit();
}

}  // namespace rankwise
