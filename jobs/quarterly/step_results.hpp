#pragma once
// What the steps of a chain have written for other programs: their JSON files.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

/// The step's output of this ending; empty if the chain has no such step, or it writes none.
[[nodiscard]] std::string output_of(const Chain& chain, std::string_view step, std::string_view ending);

/// The path as a page in the chain's folder links to it.
[[nodiscard]] std::string from_folder(const Chain& chain, const std::string& path);

/// The file as it is, its texts encoded as files have them (encoded_text). Throws Error (no_input, io_error, bad_data).
[[nodiscard]] nlohmann::ordered_json read_json(const std::string& path);

/// What `make` makes of the file; null for an empty path. A file that has not what is expected is Error(bad_data).
template <class Make>
[[nodiscard]] nlohmann::ordered_json made_of(const std::string& path, const Make& make);

/// Throws Error(bad_data) that names the file and what is missing in it.
[[noreturn]] void refuse_json(const std::string& path, const nlohmann::json::exception& error);

template <class Make>
nlohmann::ordered_json made_of(const std::string& path, const Make& make) {
  if (path.empty()) return nullptr;
  const nlohmann::ordered_json json = read_json(path);
  try {
    return make(json);
  } catch (const nlohmann::json::exception& error) {
    refuse_json(path, error);
  }
}

}  // namespace rankwise
