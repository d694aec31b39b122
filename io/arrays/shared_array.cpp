#include "io/arrays/shared_array.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <utility>

#include "distributed/rows/partition.hpp"

namespace rankwise {

static_assert(std::endian::native == std::endian::little, "files hold the bytes of memory");

void for_row_blocks(const Communicator& comm, RowRange mine, Index block_rows,
                    const std::function<void(RowRange)>& step) {
  const Index blocks = comm.max((mine.size() + block_rows - 1) / block_rows);
  for (Index block = 0; block < blocks; ++block) {
    const Index begin = std::min(mine.begin + block * block_rows, mine.end);
    step({begin, std::min(begin + block_rows, mine.end)});
  }
}

RowRange rows_of_rank(const Communicator& comm, Index total) {
  return Partition::by_count(total, comm.size()).range(comm.rank());
}

SharedArray root_array(const Communicator& comm, std::string name, std::string type, std::vector<Index> shape,
                       Index row_bytes, std::string bytes) {
  const Index rows = shape.empty() ? 1 : shape.front();
  SharedArray array{.name = std::move(name),
                    .type = std::move(type),
                    .shape = std::move(shape),
                    .row_bytes = row_bytes,
                    .mine = comm.is_root() ? RowRange{0, rows} : RowRange{rows, rows},
                    .give = {}};
  array.give = [bytes = comm.is_root() ? std::move(bytes) : std::string()](const TakeBytes& take) { take(bytes); };
  return array;
}

std::string npy_header(const SharedArray& array) {
  std::string shape;
  for (const Index size : array.shape) shape += fmt::format("{}{}", shape.empty() ? "" : ", ", size);
  if (array.shape.size() == 1) shape += ',';
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", array.type, shape);
  constexpr std::size_t begin_bytes = 10;  // magic, version, size of the text
  constexpr std::size_t alignment = 64;
  const std::size_t size = (begin_bytes + text.size() + 1 + alignment - 1) / alignment * alignment - begin_bytes;
  text.resize(size - 1, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(size & 0xffU);
  header += static_cast<char>(size >> 8U);
  return header + text;
}

}  // namespace rankwise
