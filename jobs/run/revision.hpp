#pragma once
// Stamped by the build (write_revision.cmake).

namespace rankwise {

[[nodiscard]] const char* version_number();
[[nodiscard]] const char* git_revision();

}  // namespace rankwise
