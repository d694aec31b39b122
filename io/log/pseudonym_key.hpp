#pragma once
// Secret keys, of pseudonyms and of draws, from a file or the environment.

#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

inline constexpr Index least_key_bytes = 16;
inline constexpr Index most_key_bytes = 4096;

/// Whether `source` names an environment variable: `env:NAME`. Anything else is a file.
[[nodiscard]] bool is_key_variable(const std::string& source);

/// Throws Error(usage) that names the option if `source` is the name of a hash, which people take for pseudonyms.
void refuse_hash_name(std::string_view option, const std::string& source);
/// Of --pseudonyms.
void refuse_plain_hash(const std::string& source);

/// All bytes of the file or variable, without spaces, tabs and line ends at the beginning and the end; nothing else is
/// interpreted, so that digits in hexadecimal are a key of so many characters. A file is a regular one with mode 0600
/// or stricter. The root reads, every rank receives. Collective over comm; throws AgreedError: no_input (no such file
/// or variable), usage (its mode; a key of fewer than least_key_bytes or more than most_key_bytes), and never shows the
/// key. Errors name the option.
[[nodiscard]] std::string read_secret_key(const Communicator& comm, std::string_view option, const std::string& source);
/// Of --pseudonyms.
[[nodiscard]] std::string read_pseudonym_key(const Communicator& comm, const std::string& source);

}  // namespace rankwise
