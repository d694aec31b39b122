#include "io/verify/listed_files.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <vector>

#include "io/files/content_hash.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

DescribedFile described(const std::string& manifest, const Json& file) {
  if (!file.is_object() || !file.contains("file") || !file["file"].is_string() || !file.contains("bytes") ||
      !file["bytes"].is_number_unsigned() || !file.contains("xxh3") || !file["xxh3"].is_string()) {
    throw Error(ExitCode::bad_data, fmt::format("{}: expected file, bytes and xxh3 of each of its files", manifest));
  }
  const std::string name = decoded_text(file["file"].get<std::string>());
  if (name.empty() || name.find('/') != std::string::npos) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: names {}; expected files of its own folder", manifest, shown(name)));
  }
  return {name, file["bytes"].get<std::uintmax_t>(), file["xxh3"].get<std::string>()};
}

/// What is wrong with the file at `path`; empty: nothing.
std::string fault_of(const DescribedFile& file, const std::string& path) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(path, error);
  if (error) return fmt::format("{}: {}", path, error.message());
  if (bytes != file.bytes) return fmt::format("{}: has {} bytes; its manifest says {}", path, bytes, file.bytes);
  const std::string digest = fmt::format("{:016x}", file_digest(path));
  if (digest == file.digest) return {};
  return fmt::format("{}: is damaged: its digest is {}, its manifest says {}", path, digest, shown(file.digest));
}

}  // namespace

std::vector<DescribedFile> read_list_manifest(const std::string& path) {
  const std::optional<std::string> text = whole_file(path);
  if (!text) throw Error(ExitCode::no_input, fmt::format("{}: cannot open: {}", path, std::strerror(errno)));
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || json.value("kind", Json()) != list_files_kind || !json.contains("files") ||
      !json["files"].is_array()) {
    throw Error(ExitCode::bad_data, fmt::format("{}: is no manifest of lists; expected one of recommend "
                                                "--split-by-segment or --shards",
                                                path));
  }
  std::vector<DescribedFile> files;
  for (const Json& file : json["files"]) files.push_back(described(path, file));
  return files;
}

bool is_manifest_name(std::string_view path) {
  return path.ends_with(manifest_ending);
}

Verification check_listed_files(const Communicator& comm, const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  const std::vector<DescribedFile> files = agree_on(comm, [&] { return read_list_manifest(path); });
  Verification found{
      .kind = std::string(list_files_kind), .datasets = std::ssize(files), .file_bytes = 0, .faults = {}};
  for (const DescribedFile& file : files) found.file_bytes += static_cast<Index>(file.bytes);
  const std::vector<std::string> mine = agree_on(comm, [&] {
    std::vector<std::string> faults;
    for (auto f = static_cast<std::size_t>(comm.rank()); f < files.size(); f += static_cast<std::size_t>(comm.size()))
      faults.push_back(fault_of(files[f], (folder / files[f].name).string()));
    return faults;
  });
  for (std::size_t f = 0; f < files.size(); ++f) {
    const auto owner = static_cast<int>(f % static_cast<std::size_t>(comm.size()));
    std::string fault = comm.rank() == owner ? mine[f / static_cast<std::size_t>(comm.size())] : std::string();
    comm.broadcast(fault, owner);
    if (!fault.empty()) found.faults.push_back(fault);
  }
  return found;
}

}  // namespace rankwise
