#include "io/hdf5/library/attribute_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <unordered_map>

#include "io/hdf5/library/handle.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

// The layouts of "HDF5 File Format Specification Version 3.0", section III.E (global heap) and IV.B (variable length).
constexpr std::size_t collection_header = 16;  // "GCOL", version, 3 reserved, size
constexpr std::size_t object_header = 16;      // number, reference count, 4 reserved, size
constexpr std::size_t most_collection_bytes = std::size_t{1} << 26;

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ExitCode::bad_data, reason);
}

[[noreturn]] void refuse_heap() {
  refuse("is damaged: its text is not where it should be");
}

/// A little-endian number; the caller has checked that its bytes are there.
template <class Number>
Number number_at(std::string_view bytes, std::size_t offset) {
  Number number = 0;
  for (std::size_t b = sizeof(Number); b-- > 0;) {
    number = static_cast<Number>(number << 8 | static_cast<unsigned char>(bytes[offset + b]));
  }
  return number;
}

/// "Converts" a variable-length string in a file to opaque bytes: leaves the reference as it stands.
herr_t keep_reference(hid_t /*from*/, hid_t /*to*/, H5T_cdata_t* data, std::size_t /*count*/, std::size_t /*stride*/,
                      std::size_t /*background_stride*/, void* /*values*/, void* /*background*/, hid_t /*transfer*/) {
  data->need_bkg = H5T_BKG_NO;
  return 0;
}

constexpr const char* conversion_name = "heap reference";

/// The bytes of a file, read with all offsets checked.
class FileBytes {
 public:
  explicit FileBytes(hid_t object) {
    const Hdf5Handle file(H5Iget_file_id(object), H5Fclose);
    const Hdf5Handle creation(file ? H5Fget_create_plist(file.get()) : H5I_INVALID_HID, H5Pclose);
    std::size_t address_bytes = 0;
    std::size_t length_bytes = 0;
    if (!creation || H5Pget_sizes(creation.get(), &address_bytes, &length_bytes) < 0 ||
        H5Pget_userblock(creation.get(), &base_) < 0) {
      refuse(fmt::format("cannot be read: {}", hdf5_reason()));
    }
    if (address_bytes != 8 || length_bytes != 8) refuse("lies in a file whose addresses are not 8 bytes wide");
    void* handle = nullptr;  // of HDF5's own file: the path may name a later one
    struct stat status {};
    if (H5Fget_vfd_handle(file.get(), H5P_DEFAULT, &handle) < 0 || fstat(*static_cast<const int*>(handle), &status)) {
      refuse(fmt::format("cannot be read: {}", std::generic_category().message(errno)));
    }
    descriptor_ = *static_cast<const int*>(handle);
    size_ = static_cast<std::uint64_t>(status.st_size);
  }

  /// Throws when the file does not have them.
  [[nodiscard]] std::string read(std::uint64_t address, std::size_t bytes) const {
    if (address > size_ || base_ > size_ - address || bytes > size_ - address - base_) refuse_heap();
    std::string read(bytes, '\0');
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t got =
          pread(descriptor_, read.data() + done, bytes - done, static_cast<off_t>(base_ + address + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) refuse(fmt::format("cannot be read: {}", std::generic_category().message(errno)));
      done += static_cast<std::size_t>(got);
    }
    return read;
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  hsize_t base_ = 0;  // HDF5's addresses count from the end of the user block
};

/// Texts in the heap. Those that follow each other mostly lie in one collection, which is kept.
class Heap {
 public:
  explicit Heap(const FileBytes& file) : file_(file) {}

  std::string text_at(std::string_view reference) {
    const auto length = number_at<std::uint32_t>(reference, 0);
    const auto address = number_at<std::uint64_t>(reference, 4);
    const auto object = number_at<std::uint32_t>(reference, 12);
    if (length == 0) return {};
    if (objects_.empty() || address != address_) take_collection(address);
    const auto found = objects_.find(object);
    if (found == objects_.end() || found->second.size() < length) refuse_heap();
    return std::string(found->second.substr(0, length));
  }

 private:
  void take_collection(std::uint64_t address) {
    objects_.clear();
    const std::string header = file_.read(address, collection_header);
    const auto size = number_at<std::uint64_t>(header, 8);
    if (!header.starts_with("GCOL\1") || size < collection_header || size > most_collection_bytes) refuse_heap();
    collection_ = file_.read(address, static_cast<std::size_t>(size));
    address_ = address;
    note_objects();
  }

  /// Up to where the collection is sound.
  void note_objects() {
    const std::string_view collection = collection_;
    for (std::size_t at = collection_header; collection.size() - at >= object_header;) {
      const auto number = number_at<std::uint16_t>(collection, at);
      const auto size = number_at<std::uint64_t>(collection, at + 8);
      at += object_header;
      if (number == 0 || size > collection.size() - at) return;  // number 0: the free space behind the last object
      objects_.emplace(number, collection.substr(at, static_cast<std::size_t>(size)));
      const std::size_t padded = (static_cast<std::size_t>(size) + 7) / 8 * 8;
      if (padded > collection.size() - at) return;
      at += padded;
    }
  }

  const FileBytes& file_;
  std::uint64_t address_ = 0;
  std::string collection_;
  std::unordered_map<std::uint32_t, std::string_view> objects_;  // by their numbers
};

std::string without_padding(std::string_view text) {
  return std::string(text.substr(0, text.find('\0')));
}

}  // namespace

std::vector<std::string> read_texts(hid_t attribute, std::size_t most_bytes) {
  const Hdf5Handle type(H5Aget_type(attribute), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute), H5Sclose);
  const hssize_t points = space ? H5Sget_simple_extent_npoints(space.get()) : -1;
  if (!type || points < 0) refuse(fmt::format("cannot be read: {}", hdf5_reason()));
  if (H5Tget_class(type.get()) != H5T_STRING) refuse("is not text");
  const bool varying = H5Tis_variable_str(type.get()) > 0;
  const std::size_t width = varying ? text_reference_bytes : H5Tget_size(type.get());
  if (static_cast<std::size_t>(points) > most_bytes / width)
    refuse(fmt::format("holds {} texts of {} bytes", points, width));

  std::string bytes(static_cast<std::size_t>(points) * width, '\0');
  std::optional<TextReferences> conversion;
  if (varying) conversion.emplace();
  if (points > 0 && H5Aread(attribute, varying ? conversion->type() : type.get(), bytes.data()) < 0) {
    refuse(fmt::format("cannot be read: {}", hdf5_reason()));
  }
  std::vector<std::string> texts;
  std::optional<FileBytes> file;
  std::optional<Heap> heap;
  if (varying) heap.emplace(file.emplace(attribute));
  std::size_t total_bytes = 0;
  for (std::size_t at = 0; at < bytes.size(); at += width) {
    const std::string_view value = std::string_view(bytes).substr(at, width);
    texts.push_back(without_padding(varying ? heap->text_at(value) : std::string(value)));
    total_bytes += texts.back().size();
    if (total_bytes > most_bytes) refuse(fmt::format("holds more than {} bytes of text", most_bytes));
  }
  return texts;
}

TextReferences::TextReferences()
    : varying_(text_type()), reference_(H5Tcreate(H5T_OPAQUE, text_reference_bytes), H5Tclose) {
  if (!varying_ || !reference_ ||
      H5Tregister(H5T_PERS_SOFT, conversion_name, varying_.get(), reference_.get(), keep_reference) < 0) {
    throw Error(ExitCode::internal, fmt::format("HDF5: {}", hdf5_reason()));
  }
}

TextReferences::~TextReferences() {
  H5Tunregister(H5T_PERS_SOFT, conversion_name, varying_.get(), reference_.get(), keep_reference);
}

std::vector<std::string> texts_of(hid_t dataset, std::string_view references) {
  const FileBytes file(dataset);
  Heap heap(file);
  std::vector<std::string> texts;
  texts.reserve(references.size() / text_reference_bytes);
  std::uint64_t total_bytes = 0;
  for (std::size_t at = 0; at < references.size(); at += text_reference_bytes) {
    texts.push_back(without_padding(heap.text_at(references.substr(at, text_reference_bytes))));
    total_bytes += texts.back().size();
    if (total_bytes > file.size()) refuse("claims more text than the file holds");
  }
  return texts;
}

std::string unpadded(std::string_view text, H5T_str_t padding) {
  if (padding == H5T_STR_NULLTERM) return without_padding(text);
  const char pad = padding == H5T_STR_SPACEPAD ? ' ' : '\0';
  return std::string(text.substr(0, text.find_last_not_of(pad) + 1));  // npos + 1 = 0
}

}  // namespace rankwise
