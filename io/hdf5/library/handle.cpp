#include "io/hdf5/library/handle.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace rankwise {

namespace {

/// Keeps the first description that a walk meets and stops there.
herr_t keep_description(unsigned /*depth*/, const H5E_error2_t* error, void* kept) {
  *static_cast<std::string*>(kept) = error->desc != nullptr ? error->desc : "";
  return 1;
}

}  // namespace

void silence_hdf5() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string hdf5_reason() {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_description, &reason);
  if (reason.empty()) return "HDF5 gives no reason";
  std::ranges::replace_if(
      reason, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return reason;
}

hid_t memory_type(Hdf5Element element) {
  switch (element) {
    case Hdf5Element::float32:
      return H5T_NATIVE_FLOAT;
    case Hdf5Element::float64:
      return H5T_NATIVE_DOUBLE;
    case Hdf5Element::int32:
      return H5T_NATIVE_INT32;
    case Hdf5Element::int64:
      return H5T_NATIVE_INT64;
    case Hdf5Element::uint64:
      return H5T_NATIVE_UINT64;
  }
  return H5I_INVALID_HID;
}

hid_t file_type(Hdf5Element element) {
  switch (element) {
    case Hdf5Element::float32:
      return H5T_IEEE_F32LE;
    case Hdf5Element::float64:
      return H5T_IEEE_F64LE;
    case Hdf5Element::int32:
      return H5T_STD_I32LE;
    case Hdf5Element::int64:
      return H5T_STD_I64LE;
    case Hdf5Element::uint64:
      return H5T_STD_U64LE;
  }
  return H5I_INVALID_HID;
}

std::string type_text(hid_t type) {
  const std::size_t bits = 8 * H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return fmt::format("{}int{}", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
    case H5T_FLOAT:
      return fmt::format("float{}", bits);
    case H5T_STRING:
      return H5Tis_variable_str(type) > 0 ? "string" : fmt::format("string[{}]", bits / 8);
    case H5T_BITFIELD:
      return fmt::format("bits{}", bits);
    case H5T_ENUM:
      return fmt::format("enum{}", bits);
    case H5T_COMPOUND:
      return "compound";
    case H5T_ARRAY:
      return "array";
    case H5T_VLEN:
      return "lists";
    case H5T_REFERENCE:
      return "references";
    default:
      return "opaque";
  }
}

Hdf5Handle boolean_type() {
  Hdf5Handle type(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
  const std::int8_t no = 0;
  const std::int8_t yes = 1;
  if (!type || H5Tenum_insert(type.get(), "FALSE", &no) < 0 || H5Tenum_insert(type.get(), "TRUE", &yes) < 0) return {};
  return type;
}

bool is_boolean(hid_t enumeration) {
  if (H5Tget_nmembers(enumeration) != 2) return false;
  std::int64_t value = 0;  // as wide as any
  return H5Tget_size(enumeration) <= sizeof(value) && H5Tenum_valueof(enumeration, "FALSE", &value) >= 0 &&
         H5Tenum_valueof(enumeration, "TRUE", &value) >= 0;
}

namespace {

Hdf5Handle utf8_type(std::size_t bytes) {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  if (!type || H5Tset_size(type.get(), bytes) < 0 || H5Tset_cset(type.get(), H5T_CSET_UTF8) < 0 ||
      H5Tset_strpad(type.get(), bytes == H5T_VARIABLE ? H5T_STR_NULLTERM : H5T_STR_NULLPAD) < 0) {
    return {};
  }
  return type;
}

}  // namespace

Hdf5Handle fixed_string_type(std::size_t bytes) {
  return utf8_type(bytes);
}

Hdf5Handle text_type() {
  return utf8_type(H5T_VARIABLE);
}

}  // namespace rankwise
