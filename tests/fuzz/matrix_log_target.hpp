#pragma once
// Files of sparse matrices, read as logs.

#include "io/matrices/matrix_log.hpp"
#include "tests/fuzz/harness.hpp"

namespace rankwise::fuzz {

inline void read_matrix_log(const std::uint8_t* data, std::size_t size) {
  const InputFile input(text_of(data, size));
  read_or_refuse([&] {
    if (!is_matrix_file(input.path())) return;
    const InteractionLog log = read_matrix_logs(single_rank(), {input.path()}).log;
    require(static_cast<Index>(log.values.size()) == log.size() && log.users.size() == log.size() &&
                log.items.size() == log.size(),
            "columns of a log are of one length");
    for (const double value : log.values) require(value - value == 0, "values of a log are finite");
  });
}

}  // namespace rankwise::fuzz
