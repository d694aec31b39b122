#include "io/hdf5/library/file_image.hpp"

#include <algorithm>
#include <iterator>

namespace rankwise {

namespace {

Index end_of(const std::pair<const Index, std::string>& piece) {
  return piece.first + static_cast<Index>(piece.second.size());
}

}  // namespace

void FileImage::write(Index first_byte, std::string_view bytes) {
  if (bytes.empty()) return;
  std::string joined(bytes);
  Index begin = first_byte;
  const Index end = first_byte + static_cast<Index>(bytes.size());

  // Pieces that touch the new one become a part of it.
  auto piece = pieces_.upper_bound(begin);
  if (piece != pieces_.begin() && end_of(*std::prev(piece)) >= begin) --piece;
  while (piece != pieces_.end() && piece->first <= end) {
    const std::string& old = piece->second;
    if (piece->first < begin) {
      joined.insert(0, old, 0, static_cast<std::size_t>(begin - piece->first));
      begin = piece->first;
    }
    const Index beyond = end_of(*piece) - end;
    if (beyond > 0) joined.append(old, old.size() - static_cast<std::size_t>(beyond));
    piece = pieces_.erase(piece);
  }
  pieces_.emplace(begin, std::move(joined));
}

void FileImage::read(Index first_byte, Index size, char* out) const {
  std::fill_n(out, size, '\0');
  const Index end = first_byte + size;
  auto piece = pieces_.upper_bound(first_byte);
  if (piece != pieces_.begin()) --piece;
  for (; piece != pieces_.end() && piece->first < end; ++piece) {
    const Index from = std::max(piece->first, first_byte);
    const Index to = std::min(end_of(*piece), end);
    if (from < to) std::copy_n(piece->second.data() + (from - piece->first), to - from, out + (from - first_byte));
  }
}

}  // namespace rankwise
