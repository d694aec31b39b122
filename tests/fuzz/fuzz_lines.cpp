// Lines of plain, packed and UTF-16 files; a file that can be shared gives the same lines whole and in two ranges.

#include <vector>

#include "io/text/line_reader.hpp"
#include "tests/fuzz/harness.hpp"

namespace {

void append_lines(rankwise::LineReader reader, std::vector<std::string>& lines) {
  while (const auto line = reader.next()) lines.emplace_back(*line);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const fuzz::InputFile file(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const FileKind kind = probe_file(file.path());
    std::vector<std::string> whole;
    append_lines(LineReader(file.path(), kind), whole);
    if (!kind.can_be_shared() || kind.text_bytes == 0) return;
    const Index cut = static_cast<Index>(data[size / 2]) % kind.text_bytes;
    std::vector<std::string> parts;
    append_lines(LineReader(file.path(), kind, 0, cut), parts);
    append_lines(LineReader(file.path(), kind, cut, kind.text_bytes), parts);
    fuzz::require(cut == 0 || parts == whole, "ranges give the lines of the whole");
  });
  return 0;
}
