#include "io/log/pseudonym_key.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "kernels/base/error.hpp"
#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

namespace {

constexpr std::string_view variable_mark = "env:";

[[noreturn]] void refuse_system(const std::string& path, int error) {
  throw Error(ExitCode::no_input, fmt::format("{}: {}", path, std::strerror(error)));
}

void require_private(const std::string& path, int file) {
  constexpr unsigned permissions = 07777;
  constexpr unsigned owner_reads_and_writes = 0600;
  struct stat status {};
  if (fstat(file, &status) != 0) refuse_system(path, errno);
  if (!S_ISREG(status.st_mode)) {
    throw Error(ExitCode::usage, fmt::format("{}: is no regular file; expected a file with a key", path));
  }
  const unsigned mode = status.st_mode & permissions;
  if ((mode & ~owner_reads_and_writes) != 0) {
    throw Error(ExitCode::usage, fmt::format("{}: the mode of the key's file is {:04o}; expected 0600 or "
                                             "stricter (chmod 600)",
                                             path, mode));
  }
}

/// All bytes, or one more than a key may have.
std::string file_bytes(const std::string& path) {
  // Not blocking: a pipe would wait for a writer before it can be refused.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) refuse_system(path, errno);
  require_private(path, file.get());
  std::string bytes(static_cast<std::size_t>(most_key_bytes + 1), '\0');
  std::size_t held = 0;
  while (held < bytes.size()) {
    const ssize_t count = read(file.get(), bytes.data() + held, bytes.size() - held);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse_system(path, errno);
    if (count == 0) break;
    held += static_cast<std::size_t>(count);
  }
  bytes.resize(held);
  return bytes;
}

std::string variable_bytes(const std::string& source) {
  const std::string name = source.substr(variable_mark.size());
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) {
    throw Error(ExitCode::no_input,
                fmt::format("{}: the environment of the first rank has no variable {}", source, name));
  }
  return value;
}

std::string key_of(const std::string& source) {
  const std::string bytes = is_key_variable(source) ? variable_bytes(source) : file_bytes(source);
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = std::min(bytes.find_first_not_of(blanks), bytes.size());
  const std::string key = bytes.substr(begin, bytes.find_last_not_of(blanks) + 1 - begin);
  if (std::ssize(bytes) > most_key_bytes || std::ssize(key) < least_key_bytes) {
    throw Error(ExitCode::usage,
                fmt::format("{}: the key has {} bytes without blanks around it; expected {} to {} "
                            "(openssl rand -hex 32 makes one)",
                            source, std::ssize(bytes) > most_key_bytes ? "too many" : std::to_string(key.size()),
                            least_key_bytes, most_key_bytes));
  }
  return key;
}

}  // namespace

bool is_key_variable(const std::string& source) {
  return source.starts_with(variable_mark);
}

void refuse_hash_name(std::string_view option, const std::string& source) {
  constexpr std::array<std::string_view, 12> hashes{"md5",  "sha",    "sha1",    "sha-1",   "sha256",      "sha-256",
                                                    "sha3", "sha512", "sha-512", "blake2b", "hmac-sha256", "hash"};
  std::string lower = source;
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
  if (std::ranges::find(hashes, lower) == hashes.end()) return;
  throw Error(ExitCode::usage,
              fmt::format("{} {}: a hash without a key hides nothing: anyone can hash all possible ids and "
                          "compare. Expected the file of a secret key, or env:NAME",
                          option, source));
}

void refuse_plain_hash(const std::string& source) {
  refuse_hash_name("--pseudonyms", source);
}

std::string read_secret_key(const Communicator& comm, std::string_view option, const std::string& source) {
  std::string key = agree_on(comm, [&] {
    try {
      return comm.is_root() ? key_of(source) : std::string();
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{} {}", option, error.what()));
    }
  });
  comm.broadcast(key);
  return key;
}

std::string read_pseudonym_key(const Communicator& comm, const std::string& source) {
  return read_secret_key(comm, "--pseudonyms", source);
}

}  // namespace rankwise
