#include "io/hdf5/compared_reading.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace rankwise {

namespace {

/// Rows as they lie in the file, and their way to memory.
class StoredRows {
 public:
  StoredRows(const OpenDataset& dataset, ComparedRows& known, Index columns)
      : dataset_(dataset),
        known_(known),
        type_(dataset.type()),
        columns_(columns),
        value_bytes_(static_cast<Index>(H5Tget_size(type_.get()))) {}

  /// `part` is of one chunk.
  void read(RowRange part, const RowPlace& place) {
    const RowRange chunk = known_.chunk_of(part.begin);
    if (!known_.holds(part.begin)) {
      if (known_.is_compared(part.begin)) return dataset_.transfer(part, place);
      if (part.size() == chunk.size() && fits_in(place)) return read_chunk_in_place(chunk, place);
      require_intact(
          known_.hold(part.begin, row_bytes(), [this](RowRange rows, void* out) { read_stored(rows, out); }));
    }
    copy_held(part, known_.held().data() + (part.begin - chunk.begin) * row_bytes(), place);
  }

 private:
  [[nodiscard]] Index row_bytes() const { return value_bytes_ * columns_; }
  [[nodiscard]] bool fits_in(const RowPlace& place) const {
    return place.is_dense() && value_bytes_ <= place.value_bytes();
  }
  void require_intact(const std::optional<std::string>& damage) const {
    if (damage) dataset_.file.refuse(dataset_.name + ":", *damage);
  }
  void read_stored(RowRange rows, void* out) const {
    dataset_.transfer(rows, {type_.get(), out, columns_, 0, columns_});
  }

  void read_chunk_in_place(RowRange chunk, const RowPlace& place) {
    read_stored(chunk, place.out);
    require_intact(known_.compare(chunk.begin, {place.row(0), static_cast<std::size_t>(chunk.size() * row_bytes())}));
    dataset_.convert(type_.get(), place.type, chunk.size() * columns_, place.out);
  }

  void copy_held(RowRange part, const char* stored, const RowPlace& place) const {
    const Index values = part.size() * columns_;
    const auto bytes = static_cast<std::size_t>(part.size() * row_bytes());
    if (fits_in(place)) {
      std::memcpy(place.out, stored, bytes);
      return dataset_.convert(type_.get(), place.type, values, place.out);
    }
    std::vector<char> converted(static_cast<std::size_t>(values * std::max(value_bytes_, place.value_bytes())));
    std::memcpy(converted.data(), stored, bytes);
    dataset_.convert(type_.get(), place.type, values, converted.data());
    const Index copied = columns_ * place.value_bytes();
    for (Index r = 0; r < part.size(); ++r) {
      std::memcpy(place.row(r) + place.first_column * place.value_bytes(), converted.data() + r * copied,
                  static_cast<std::size_t>(copied));
    }
  }

  const OpenDataset& dataset_;
  ComparedRows& known_;
  Hdf5Handle type_;
  Index columns_;
  Index value_bytes_;
};

}  // namespace

void read_compared(const OpenDataset& dataset, ComparedRows& known, RowRange rows, const RowPlace& place) {
  StoredRows stored(dataset, known, place.columns);
  for (Index begin = rows.begin; begin < rows.end;) {
    const RowRange part{begin, std::min(known.chunk_of(begin).end, rows.end)};
    stored.read(part, place.after(begin - rows.begin));
    begin = part.end;
  }
}

}  // namespace rankwise
