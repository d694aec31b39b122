#include "io/text/small_table.hpp"

#include <fmt/format.h>

#include "io/text/text_probe.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

void read_small_table(const std::string& path, const std::function<void(RecordReader&)>& read) {
  TextLayout layout;
  layout.file = probe_file(path);
  choose_format(layout, path, TextFormat::csv, {});
  RecordReader reader(LineReader(path, layout.file), layout);
  try {
    read(reader);
  } catch (const Error& error) {
    reader.check_unchanged();
    throw Error(error.code(), fmt::format("line {}: {}", reader.line(), error.what()));
  }
}

}  // namespace rankwise
