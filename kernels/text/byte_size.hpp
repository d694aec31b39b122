#pragma once
// Sizes of memory as options have them.

#include <functional>
#include <string>
#include <string_view>

#include "kernels/base/types.hpp"

namespace rankwise {

/// "512MiB", "4GiB", "1.5 GB" or plain bytes. Throws Error(usage), naming the option.
[[nodiscard]] Index parse_bytes(std::string_view option, std::string_view text);

/// A notifier that stores them.
[[nodiscard]] std::function<void(const std::string&)> bytes_of(std::string option, Index& target);

/// "3.25 GiB", "512 B".
[[nodiscard]] std::string bytes_text(double bytes);

}  // namespace rankwise
