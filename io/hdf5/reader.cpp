#include "io/hdf5/reader.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <hdf5.h>
#include <map>
#include <utility>

#include "io/hdf5/compared_reading.hpp"
#include "io/hdf5/compared_rows.hpp"
#include "io/hdf5/library/attribute_text.hpp"
#include "io/hdf5/library/handle.hpp"
#include "io/hdf5/library/input_file.hpp"
#include "io/hdf5/library/row_transfer.hpp"
#include "io/hdf5/row_digests.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

constexpr std::size_t most_text_bytes = std::size_t{1} << 24;

}  // namespace

struct Hdf5Reader::Impl {
  Hdf5InputFile file;
  std::map<std::string, ComparedRows> compared = {};  // by dataset

  void check_range(const std::string& name, const Hdf5Shape& held, RowRange rows) const {
    if (rows.begin < 0 || rows.end < rows.begin || rows.end > held.rows()) {
      file.refuse(name, fmt::format("has {} rows, but rows {} to {} are needed", held.rows(), rows.begin, rows.end));
    }
  }
  [[nodiscard]] std::vector<std::string> read_varying(const std::string& name, RowRange rows) const;
  void read_selected(const std::string& name, RowRange rows, const RowPlace& place);
};

Hdf5Reader::Hdf5Reader(std::string path) : impl_(new Impl{Hdf5InputFile(std::move(path))}) {}
Hdf5Reader::~Hdf5Reader() = default;
Hdf5Reader::Hdf5Reader(Hdf5Reader&&) noexcept = default;
Hdf5Reader& Hdf5Reader::operator=(Hdf5Reader&&) noexcept = default;

const std::string& Hdf5Reader::path() const {
  return impl_->file.path();
}

const FileVersion& Hdf5Reader::version() const {
  return impl_->file.version();
}

void Hdf5Reader::compare_with(std::vector<DigestTable> tables) {
  for (DigestTable& table : tables) {
    const std::string name = table.dataset;
    const Index rows = shape(name).rows();
    impl_->compared.emplace(name, ComparedRows(std::move(table), rows));
  }
}

bool Hdf5Reader::compares() const {
  return !impl_->compared.empty();
}

bool Hdf5Reader::has(const std::string& object) const {
  return impl_->file.has(object);
}

bool Hdf5Reader::has_group(const std::string& object) const {
  return impl_->file.has_group(object);
}

Hdf5Shape Hdf5Reader::shape(const std::string& dataset) const {
  return shape_of(impl_->file, dataset);
}

Hdf5Shape Hdf5Reader::shape(const std::string& dataset, Hdf5Kind kind, std::size_t dimensions) const {
  Hdf5Shape found = shape(dataset);
  if (found.kind != kind) {
    impl_->file.refuse(dataset, fmt::format("holds {}, expected {}", kind_text(found.kind), kind_text(kind)));
  }
  if (found.extents.size() != dimensions) {
    impl_->file.refuse(dataset, fmt::format("has {} dimensions, expected {}", found.extents.size(), dimensions));
  }
  return found;
}

void Hdf5Reader::check_rows(const std::string& dataset, Hdf5Element element, RowRange rows) const {
  impl_->check_range(dataset, shape(dataset, kind_of(element), 1), rows);
}

void Hdf5Reader::Impl::read_selected(const std::string& name, RowRange rows, const RowPlace& place) {
  if (rows.size() == 0) return;
  const OpenDataset dataset{file, name, file.open_dataset(name)};
  const auto found = compared.find(name);
  if (found == compared.end()) {
    dataset.transfer(rows, place);
  } else {
    read_compared(dataset, found->second, rows, place);
  }
}

void Hdf5Reader::read_into(const std::string& dataset, Hdf5Element element, RowRange rows, void* out, Index stride,
                           Index first_column, Index columns) const {
  impl_->read_selected(dataset, rows, {memory_type(element), out, stride, first_column, columns});
}

void Hdf5Reader::read_matrix(const std::string& dataset, RowRange rows, MatrixView out) const {
  const Hdf5Shape held = shape(dataset);
  if (held.kind != Hdf5Kind::floating || !held.has_columns(out.columns)) {
    impl_->file.refuse(dataset, fmt::format("does not hold floating-point rows of {} columns", out.columns));
  }
  impl_->check_range(dataset, held, rows);
  read_into(dataset, Hdf5Element::float32, rows, out.data, out.stride, 0, out.columns);
}

void Hdf5Reader::read_numbers(const std::string& dataset, RowRange rows, Index columns, std::span<double> out) const {
  const Hdf5Shape held = shape(dataset);
  if (held.kind == Hdf5Kind::text)
    impl_->file.refuse(dataset, fmt::format("holds {} values, expected numbers", held.type));
  if (!held.has_columns(columns)) {
    impl_->file.refuse(dataset, fmt::format("does not hold rows of {} numbers", columns));
  }
  impl_->check_range(dataset, held, rows);
  if (held.kind == Hdf5Kind::boolean && held.type.starts_with("bits")) {
    // HDF5 itself makes no numbers of bit fields.
    impl_->read_selected(dataset, rows, {H5T_NATIVE_B64, out.data(), columns, 0, columns});
    for (double& value : out) value = static_cast<double>(std::bit_cast<std::uint64_t>(value));
    return;
  }
  read_into(dataset, Hdf5Element::float64, rows, out.data(), columns, 0, columns);
}

std::vector<std::string> Hdf5Reader::read_strings(const std::string& dataset, RowRange rows) const {
  constexpr Index piece_bytes = Index{1} << 26;
  const Hdf5Shape held = shape(dataset, Hdf5Kind::text, 1);
  impl_->check_range(dataset, held, rows);
  if (held.varies) return impl_->read_varying(dataset, rows);
  std::vector<std::string> values;
  values.reserve(static_cast<std::size_t>(rows.size()));
  // Its own type: HDF5 does not convert ASCII to UTF-8, which it is.
  const Hdf5Handle opened = impl_->file.open_dataset(dataset);
  const Hdf5Handle type = impl_->file.checked(Hdf5Handle(H5Dget_type(opened.get()), H5Tclose), dataset);
  const H5T_str_t padding = impl_->file.checked(H5Tget_strpad(type.get()), dataset);
  const Index piece_rows = std::max<Index>(1, piece_bytes / static_cast<Index>(held.element_bytes));
  std::vector<char> piece;
  for (Index first = rows.begin; first < rows.end; first += piece_rows) {
    const RowRange part{first, std::min(first + piece_rows, rows.end)};
    piece.resize(static_cast<std::size_t>(part.size()) * held.element_bytes);
    impl_->read_selected(dataset, part, {type.get(), piece.data(), 1, 0, 1});
    for (std::size_t at = 0; at < piece.size(); at += held.element_bytes) {
      values.push_back(unpadded({piece.data() + at, held.element_bytes}, padding));
    }
  }
  return values;
}

std::vector<std::string> Hdf5Reader::Impl::read_varying(const std::string& name, RowRange rows) const {
  std::string references(static_cast<std::size_t>(rows.size()) * text_reference_bytes, '\0');
  const TextReferences conversion;
  const OpenDataset dataset{file, name, file.open_dataset(name)};
  // No file of this program holds such texts, so there are no digests to compare with.
  dataset.transfer(rows, {conversion.type(), references.data(), 1, 0, 1});
  try {
    return texts_of(dataset.opened.get(), references);
  } catch (const Error& error) {
    file.refuse(name, error.what());
  }
}

void Hdf5Reader::read_bytes(const std::string& dataset, RowRange rows, std::span<char> out) const {
  const Hdf5Shape held = shape(dataset);
  if (held.extents.size() != 1 && held.extents.size() != 2) {
    impl_->file.refuse(dataset, fmt::format("has {} dimensions, expected 1 or 2", held.extents.size()));
  }
  impl_->check_range(dataset, held, rows);
  const Hdf5Handle type =
      impl_->file.checked(Hdf5Handle(H5Dget_type(impl_->file.open_dataset(dataset).get()), H5Tclose), dataset);
  const Index columns = held.extents.size() == 2 ? held.extents[1] : 1;
  impl_->read_selected(dataset, rows, {type.get(), out.data(), columns, 0, columns});
}

bool Hdf5Reader::has_attribute(const std::string& object, const std::string& name) const {
  return impl_->file.has_attribute(object, name);
}

std::int64_t Hdf5Reader::read_integer(const std::string& object, const std::string& name) const {
  std::int64_t value = 0;
  impl_->file.read_attribute(object, name, H5T_INTEGER, H5T_NATIVE_INT64, &value);
  return value;
}

std::uint64_t Hdf5Reader::read_unsigned(const std::string& object, const std::string& name) const {
  std::uint64_t value = 0;
  impl_->file.read_attribute(object, name, H5T_INTEGER, H5T_NATIVE_UINT64, &value);
  return value;
}

double Hdf5Reader::read_number(const std::string& object, const std::string& name) const {
  double value = 0;
  impl_->file.read_attribute(object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, &value);
  return value;
}

std::string Hdf5Reader::read_text(const std::string& object, const std::string& name) const {
  std::vector<std::string> texts = read_texts(object, name);
  if (texts.size() != 1) {
    impl_->file.refuse(fmt::format("attribute {} of {}", name, object),
                       fmt::format("holds {} values, expected one", texts.size()));
  }
  return std::move(texts.front());
}

std::vector<std::string> Hdf5Reader::read_texts(const std::string& object, const std::string& name) const {
  hsize_t size = 0;
  const Hdf5Handle attribute = impl_->file.open_attribute(object, name, H5T_STRING, size);
  if (size == 0) return {};
  try {
    std::vector<std::string> texts = rankwise::read_texts(attribute.get(), most_text_bytes);
    for (std::string& text : texts) text = decoded_text(text);
    return texts;
  } catch (const Error& error) {
    impl_->file.refuse(fmt::format("attribute {} of {}", name, object), error.what());
  }
}

std::vector<std::int64_t> Hdf5Reader::read_integers(const std::string& object, const std::string& name) const {
  hsize_t size = 0;
  const Hdf5Handle attribute = impl_->file.open_attribute(object, name, H5T_INTEGER, size);
  std::vector<std::int64_t> values(size);
  impl_->file.checked(H5Aread(attribute.get(), H5T_NATIVE_INT64, values.data()), name);
  return values;
}

void refuse_object(const Hdf5Reader& file, const std::string& object, const std::string& reason) {
  throw Error(ExitCode::bad_data, fmt::format("{}: {}: {}", file.path(), object, reason));
}

}  // namespace rankwise
