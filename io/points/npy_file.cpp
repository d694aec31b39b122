#include "io/points/npy_file.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <utility>
#include <vector>

#include "io/points/npy_header.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// Exactly bytes [offset, offset + size) of the file.
std::vector<char> read_bytes(const InputFile& file, Index offset, Index size) {
  std::vector<char> bytes(static_cast<std::size_t>(size));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const std::size_t got =
        file.read_at(offset + static_cast<Index>(filled), bytes.data() + filled, bytes.size() - filled);
    if (got == 0) refuse_array("the file ends early");
    filled += got;
  }
  return bytes;
}

/// Runs `step`, whose errors do not name the file, with the file's name in front of them.
template <class Step>
void naming(const std::string& path, Step&& step) {
  try {
    step();
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace

NpyFile::NpyFile(std::string path) : NpyFile(path, open_named(path)) {}

NpyFile::NpyFile(std::string path, std::shared_ptr<const InputFile> file)
    : path_(std::move(path)), file_(std::move(file)) {
  naming(path_, [&] { parse_header(); });
}

void NpyFile::parse_header() {
  const Index file_bytes = version().bytes;
  const auto begin = read_bytes(*file_, 0, std::min(file_bytes, static_cast<Index>(npy_front_bytes)));
  const NpyFront front = npy_front(std::string_view(begin.data(), begin.size()));
  data_begin_ = front.header_begin + front.header_bytes;
  if (data_begin_ > file_bytes) refuse_array("the file ends early");

  const auto text = read_bytes(*file_, front.header_begin, front.header_bytes);
  const NpyHeader header = parse_npy_header(std::string_view(text.data(), text.size()));
  const NpyNumbers& element = npy_numbers(header.descr);
  if (header.shape.size() != 2) {
    refuse_array(fmt::format("has {} dimension{}, expected 2: rows and columns", header.shape.size(),
                             header.shape.size() == 1 ? "" : "s"));
  }
  if (header.fortran_order) refuse_array("is in Fortran order, expected C order (numpy.ascontiguousarray)");
  rows_ = header.shape[0];
  columns_ = header.shape[1];
  element_bytes_ = element.bytes;
  decode_ = element.decode;
  // By division: a product of hostile sizes may overflow.
  const Index values = (file_bytes - data_begin_) / element.bytes;
  const bool fits = rows_ == 0 || columns_ == 0 ? file_bytes == data_begin_
                                                : columns_ <= values && rows_ <= values / columns_ &&
                                                      rows_ * columns_ * element.bytes == file_bytes - data_begin_;
  if (!fits) {
    refuse_array(fmt::format("claims {} x {} numbers of {} bytes, but holds {} bytes of data", rows_, columns_,
                             element.bytes, file_bytes - data_begin_));
  }
}

void NpyFile::read_rows(RowRange rows, std::span<double> out) const {
  naming(path_, [&] {
    const Index row_bytes = columns_ * element_bytes_;
    decode_(read_bytes(*file_, data_begin_ + rows.begin * row_bytes, rows.size() * row_bytes), out);
    file_->check_unchanged();
  });
}

}  // namespace rankwise
