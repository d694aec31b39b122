#include "io/arrays/placed_file.hpp"

#include <optional>
#include <vector>
#include <zlib.h>

#include "kernels/base/error.hpp"

namespace rankwise {

std::uint32_t crc_of(std::string_view text) {
  return static_cast<std::uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const unsigned char*>(text.data()), text.size()));
}

std::uint32_t joined_crc(std::uint32_t first, std::uint32_t second, Index second_bytes) {
  return static_cast<std::uint32_t>(crc32_combine(first, second, second_bytes));
}

PlacedFile::PlacedFile(const Communicator& comm, const std::string& path, Index bytes)
    : comm_(comm), output_(comm, path) {
  output_.reserve(bytes);
  agree_on(comm_, [&] { descriptor_ = output_.open_to_write(); });
}

void PlacedFile::write(std::string_view text, Index offset) {
  agree_on(comm_, [&] {
    if (comm_.is_root()) write_at(output_.path(), descriptor_.get(), text, offset);
  });
}

std::uint32_t PlacedFile::write(const SharedArray& array, Index offset) {
  const Index begin = offset + array.mine.begin * array.row_bytes;
  Index size = 0;
  std::uint32_t crc = crc_of({});
  std::optional<Error> failure;  // told at the end: giving is collective
  array.give([&](std::string_view bytes) {
    if (failure) return;
    try {
      write_at(output_.path(), descriptor_.get(), bytes, begin + size);
    } catch (const Error& error) {
      failure = error;
    }
    size += std::ssize(bytes);
    crc = joined_crc(crc, crc_of(bytes), std::ssize(bytes));
  });
  if (!failure && size != array.mine.size() * array.row_bytes) {
    failure = Error(ExitCode::internal, output_.path() + ": " + array.name + " has other bytes than its shape says");
  }
  agree(comm_, failure);
  const std::vector<std::uint64_t> crcs = comm_.all_gather(std::uint64_t{crc});
  const std::vector<Index> sizes = comm_.all_gather(size);
  std::uint32_t all = crc_of({});
  for (std::size_t rank = 0; rank < crcs.size(); ++rank) {
    all = joined_crc(all, static_cast<std::uint32_t>(crcs[rank]), sizes[rank]);
  }
  return all;
}

void PlacedFile::commit() {
  agree_on(comm_, [&] {
    if (!descriptor_.close_now()) throw Error(ExitCode::io_error, output_.path() + ": cannot be written");
  });
  output_.commit();
}

}  // namespace rankwise
