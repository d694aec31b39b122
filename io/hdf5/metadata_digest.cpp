#include "io/hdf5/metadata_digest.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/hdf5/row_digests.hpp"

namespace rankwise {

namespace {

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += digits[value >> 4U];
    text += digits[value & 15U];
  }
  return text;
}

std::string value_text(const std::string& text) {
  return hexadecimal(text);
}

template <class Number>
requires std::is_arithmetic_v<Number> std::string value_text(Number number) {
  std::array<char, sizeof number> bytes{};
  std::memcpy(bytes.data(), &number, sizeof number);
  return hexadecimal({bytes.data(), bytes.size()});
}

template <class T>
std::string value_text(const std::vector<T>& values) {
  std::string text = "[";
  for (const T& value : values) text += (text.size() > 1 ? "," : "") + value_text(value);
  return text + "]";
}

std::string object_line(const FileObject& object) {
  switch (object.kind) {
    case FileObject::Kind::group:
      return fmt::format("group {}\n", object.path);
    case FileObject::Kind::dataset:
      return fmt::format("dataset {} {} [{}]\n", object.path, object.type, fmt::join(object.shape, ","));
    case FileObject::Kind::link:
      return fmt::format("link {} {}\n", object.path, object.type);
  }
  return {};
}

}  // namespace

std::uint64_t metadata_digest(std::span<const FileObject> objects, std::span<const DigestTable> tables) {
  std::vector<std::string> lines;
  for (const FileObject& object : objects) {
    lines.push_back(object_line(object));
    for (const FileAttribute& attribute : object.attributes) {
      if (object.path == "/" && attribute.name == metadata_digest_attribute) continue;
      const std::string value = std::visit([](const auto& typed) { return value_text(typed); }, attribute.value);
      lines.push_back(fmt::format("attribute {} {} {} {}\n", object.path, attribute.name, attribute.type, value));
    }
  }
  for (const DigestTable& table : tables) {
    lines.push_back(fmt::format("digests {} {:016x}\n", digest_table_name(table.dataset),
                                digest_of({reinterpret_cast<const char*>(table.digests.data()),
                                           table.digests.size() * sizeof(std::uint64_t)})));
  }
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines) text += line;
  return digest_of(text);
}

}  // namespace rankwise
