#include "io/arrays/npz_writer.hpp"

#include <cstdint>
#include <limits>
#include <vector>

#include "io/arrays/placed_file.hpp"

namespace rankwise {

namespace {

/// PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16 and 4.5.3.
constexpr std::uint32_t local_signature = 0x04034b50;
constexpr std::uint32_t central_signature = 0x02014b50;
constexpr std::uint32_t end64_signature = 0x06064b50;
constexpr std::uint32_t locator64_signature = 0x07064b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint16_t version_zip64 = 45;
constexpr std::uint16_t first_day = 0x0021;  // 1980-01-01, as zip files count days
constexpr std::uint16_t zip64_field = 1;
constexpr auto elsewhere_32 = std::numeric_limits<std::uint32_t>::max();  // the 64-bit field has it
constexpr auto elsewhere_16 = std::numeric_limits<std::uint16_t>::max();

/// Little-endian numbers behind each other.
class Record {
 public:
  template <class Number>
  Record& add(Number number) {
    for (unsigned shift = 0; shift < 8 * sizeof(Number); shift += 8) {
      text_ += static_cast<char>((static_cast<std::uint64_t>(number) >> shift) & 0xffU);
    }
    return *this;
  }
  Record& add_text(const std::string& text) {
    text_ += text;
    return *this;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct Member {
  std::string name;
  std::string header;  // of the array
  std::uint64_t bytes = 0;
  std::uint64_t begin = 0;  // of the local header
  std::uint32_t crc = 0;
};

/// What local and central headers have in common: from the version that is needed to the size of the name.
Record& add_common(Record& record, const Member& member) {
  constexpr std::uint16_t no_flags = 0;
  constexpr std::uint16_t stored = 0;
  constexpr std::uint16_t midnight = 0;
  return record.add(version_zip64)
      .add(no_flags)
      .add(stored)
      .add(midnight)
      .add(first_day)
      .add(member.crc)
      .add(elsewhere_32)
      .add(elsewhere_32)
      .add(static_cast<std::uint16_t>(member.name.size()));
}

std::string local_header(const Member& member) {
  Record record;
  record.add(local_signature);
  add_common(record, member).add(std::uint16_t{20}).add_text(member.name);
  record.add(zip64_field).add(std::uint16_t{16}).add(member.bytes).add(member.bytes);
  return record.text();
}

std::string central_header(const Member& member) {
  constexpr std::uint16_t no_comment = 0;
  constexpr std::uint16_t first_disk = 0;
  constexpr std::uint16_t no_attributes = 0;
  constexpr std::uint32_t no_system_attributes = 0;
  Record record;
  record.add(central_signature).add(version_zip64);
  add_common(record, member).add(std::uint16_t{28}).add(no_comment).add(first_disk).add(no_attributes);
  record.add(no_system_attributes).add(elsewhere_32).add_text(member.name);
  record.add(zip64_field).add(std::uint16_t{24}).add(member.bytes).add(member.bytes).add(member.begin);
  return record.text();
}

/// The end of the file, behind the central directory.
std::string end_records(std::uint64_t members, std::uint64_t directory_begin, std::uint64_t directory_bytes) {
  constexpr std::uint32_t first_disk = 0;
  Record record;
  record.add(end64_signature).add(std::uint64_t{44}).add(version_zip64).add(version_zip64);
  record.add(first_disk).add(first_disk).add(members).add(members).add(directory_bytes).add(directory_begin);
  record.add(locator64_signature).add(first_disk).add(directory_begin + directory_bytes).add(std::uint32_t{1});
  record.add(end_signature).add(std::uint16_t{0}).add(std::uint16_t{0}).add(elsewhere_16).add(elsewhere_16);
  record.add(elsewhere_32).add(elsewhere_32).add(std::uint16_t{0});
  return record.text();
}

}  // namespace

void write_npz(const Communicator& comm, const std::string& path, std::span<const SharedArray> arrays) {
  // 1. Where everything will be.
  std::vector<Member> members;
  std::uint64_t size = 0;
  for (const SharedArray& array : arrays) {
    Member member{.name = array.name + ".npy", .header = npy_header(array), .begin = size};
    member.bytes = member.header.size() + static_cast<std::uint64_t>(array.bytes());
    size += local_header(member).size() + member.bytes;
    members.push_back(std::move(member));
  }
  std::uint64_t directory_bytes = 0;
  for (const Member& member : members) directory_bytes += central_header(member).size();
  const std::uint64_t end_bytes = end_records(members.size(), size, directory_bytes).size();

  // 2. Arrays, and before each what its checksum belongs to.
  PlacedFile file(comm, path, static_cast<Index>(size + directory_bytes + end_bytes));
  std::string directory;
  for (std::size_t m = 0; m < members.size(); ++m) {
    Member& member = members[m];
    const auto begin = static_cast<Index>(member.begin + local_header(member).size());
    const std::uint32_t crc = file.write(arrays[m], begin + std::ssize(member.header));
    member.crc = joined_crc(crc_of(member.header), crc, arrays[m].bytes());
    file.write(local_header(member) + member.header, static_cast<Index>(member.begin));
    directory += central_header(member);
  }

  // 3. The directory.
  file.write(directory + end_records(members.size(), size, directory_bytes), static_cast<Index>(size));
  file.commit();
}

}  // namespace rankwise
