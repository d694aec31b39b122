#include "io/arrays/faiss_index.hpp"

#include <cstdint>

#include "io/arrays/placed_file.hpp"

namespace rankwise {

namespace {

template <class Number>
void append(std::string& text, Number number) {
  text += bytes_of(std::span<const Number>(&number, 1));
}

/// What both indices begin with: faiss' write_index_header().
void append_header(std::string& text, std::string_view kind, std::int32_t dimensions, std::int64_t vectors) {
  constexpr std::int64_t unused = std::int64_t{1} << 20;
  constexpr std::uint8_t is_trained = 1;
  constexpr std::int32_t inner_product = 0;
  text += kind;
  append(text, dimensions);
  append(text, vectors);
  append(text, unused);
  append(text, unused);
  append(text, is_trained);
  append(text, inner_product);
}

}  // namespace

void write_faiss_index(const Communicator& comm, const std::string& path, const SharedArray& vectors,
                       const SharedArray& labels) {
  const Index count = vectors.shape[0];
  const auto dimensions = static_cast<std::int32_t>(vectors.shape[1]);
  std::string begin;
  append_header(begin, "IxMp", dimensions, count);
  append_header(begin, "IxFI", dimensions, count);
  append(begin, static_cast<std::uint64_t>(count * vectors.shape[1]));
  std::string before_labels;
  append(before_labels, static_cast<std::uint64_t>(count));

  const Index labels_begin = std::ssize(begin) + vectors.bytes();
  PlacedFile file(comm, path, labels_begin + std::ssize(before_labels) + labels.bytes());
  file.write(begin, 0);
  static_cast<void>(file.write(vectors, std::ssize(begin)));
  file.write(before_labels, labels_begin);
  static_cast<void>(file.write(labels, labels_begin + std::ssize(before_labels)));
  file.commit();
}

}  // namespace rankwise
