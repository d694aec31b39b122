#include "jobs/recommend/files/list_manifest.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/config/json_text.hpp"
#include "io/verify/listed_files.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

/// As text, since a number of 64 bits is more than JavaScript can hold.
std::string digest_text(std::uint64_t digest) {
  return fmt::format("{:016x}", digest);
}

Json json_of(const ListedFile& file, FileSplit split) {
  Json json{{"file", file.name}};
  if (split == FileSplit::segments) json["segment"] = file.segment ? Json(*file.segment) : Json(nullptr);
  json["users"] = file.users;
  json["rows"] = file.rows;
  json["bytes"] = file.bytes;
  json["xxh3"] = digest_text(file.digest);
  return json;
}

}  // namespace

std::string manifest_json(const ListManifest& manifest) {
  Json json{{"format", 1},
            {"kind", list_files_kind},
            {"version", manifest.provenance.version},
            {"configuration", manifest.provenance.configuration},
            {"data_digest", digest_text(manifest.provenance.dataset_digest)},
            {"models", Json::array()}};
  for (const BlendPart& model : manifest.models) {
    json["models"].push_back({{"file", model.file}, {"digest", digest_text(model.digest)}});
  }
  if (!manifest.segments_file.empty()) {
    json["segments"] = {{"file", manifest.segments_file}, {"digest", digest_text(manifest.segments_digest)}};
  }
  json["split"] = manifest.split == FileSplit::segments ? "segments" : "shards";
  Index users = 0;
  Index rows = 0;
  for (const ListedFile& file : manifest.files) {
    users += file.users;
    rows += file.rows;
  }
  json["users"] = users;
  json["rows"] = rows;
  json["files"] = Json::array();
  for (const ListedFile& file : manifest.files) json["files"].push_back(json_of(file, manifest.split));
  return json_text(json, 2) + "\n";
}

std::vector<std::string> files_of_manifest(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return {};
  std::vector<std::string> names;
  try {
    for (DescribedFile& file : read_list_manifest(path)) names.push_back(std::move(file.name));
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_data) throw;
  }
  return names;
}

}  // namespace rankwise
