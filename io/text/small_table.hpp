#pragma once
// Small text files with a header, read whole by one rank.

#include <functional>
#include <string>

#include "io/text/record_reader.hpp"

namespace rankwise {

/// Lets `read` take the records of a file in any format and compression; CSV unless its beginning or its name says
/// otherwise. Errors of `read` get their line. Local; throws Error (no_input, bad_data, io_error).
void read_small_table(const std::string& path, const std::function<void(RecordReader&)>& read);

}  // namespace rankwise
