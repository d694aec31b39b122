#include "kernels/process/file_descriptor.hpp"

#include <unistd.h>

namespace rankwise {

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) close(number_);
}

bool FileDescriptor::close_now() {
  const int number = std::exchange(number_, -1);
  return number < 0 || close(number) == 0;
}

}  // namespace rankwise
