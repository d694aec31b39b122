#pragma once
// Members of zip files, stored or deflated.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/files/input_file.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// One member, as the directory of the file has it.
struct ZipMember {
  std::string name;
  Index stored_bytes = 0;
  Index bytes = 0;  ///< unpacked
  Index header_begin = 0;
  std::uint32_t crc = 0;
  int method = 0;  ///< 0: stored, 8: deflated
};

/// The directory of a zip file, ZIP64 too. Every member throws Error (no_input, bad_data, io_error) without the file's
/// name. Not collective.
class ZipFile {
 public:
  explicit ZipFile(const std::string& path);

  [[nodiscard]] const std::shared_ptr<const InputFile>& file() const { return file_; }
  /// Null if there is none of this name.
  [[nodiscard]] const ZipMember* find(std::string_view name) const;

 private:
  std::shared_ptr<const InputFile> file_;
  std::vector<ZipMember> members_;
};

/// Reads a member once from its beginning.
class ZipMemberReader {
 public:
  ZipMemberReader(std::shared_ptr<const InputFile> file, const ZipMember& member);
  ~ZipMemberReader();
  ZipMemberReader(const ZipMemberReader&) = delete;
  ZipMemberReader& operator=(const ZipMemberReader&) = delete;

  /// Exactly `size` bytes; throws Error(bad_data, io_error) if the member has fewer, or is damaged.
  void read(char* to, std::size_t size);
  void skip(Index bytes);
  /// Goes on behind so many bytes of a stored member without reading them; finish() then has nothing to compare. Throws
  /// Error(bad_data) if the member has fewer.
  void pass_over(Index bytes);
  [[nodiscard]] bool is_stored() const { return member_.method == 0; }
  /// Of what was read so far.
  [[nodiscard]] std::uint32_t crc() const { return crc_; }
  /// Reads what is left and compares the sum of all bytes. Throws Error(bad_data, io_error).
  void finish();

 private:
  struct Inflation;
  std::size_t read_some(char* to, std::size_t size);

  std::shared_ptr<const InputFile> file_;
  ZipMember member_;
  Index place_ = 0;        // of stored bytes in the file
  Index stored_left_ = 0;  // not yet taken from the file
  Index bytes_left_ = 0;
  std::uint32_t crc_ = 0;
  std::unique_ptr<Inflation> inflation_;  // of a deflated member
};

}  // namespace rankwise
