#pragma once
// The numbers that HDF5 files hold.

#include <cstddef>
#include <cstdint>

namespace rankwise {

enum class Hdf5Element { float32, float64, int32, int64, uint64 };

template <class T>
inline constexpr Hdf5Element hdf5_element = T::not_an_hdf5_element;
template <>
inline constexpr Hdf5Element hdf5_element<float> = Hdf5Element::float32;
template <>
inline constexpr Hdf5Element hdf5_element<double> = Hdf5Element::float64;
template <>
inline constexpr Hdf5Element hdf5_element<std::int32_t> = Hdf5Element::int32;
template <>
inline constexpr Hdf5Element hdf5_element<std::int64_t> = Hdf5Element::int64;
template <>
inline constexpr Hdf5Element hdf5_element<std::uint64_t> = Hdf5Element::uint64;

[[nodiscard]] constexpr std::size_t element_bytes(Hdf5Element element) {
  return element == Hdf5Element::float32 || element == Hdf5Element::int32 ? 4 : 8;
}

}  // namespace rankwise
