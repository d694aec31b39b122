#include "io/dataset/provenance_attributes.hpp"

#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// "a model", "an item-model"
std::string with_article(std::string_view kind) {
  if (kind.ends_with('s')) return std::string(kind);  // recommendations
  const bool begins_with_vowel =
      !kind.empty() && std::string_view("aeiou").find(kind.front()) != std::string_view::npos;
  return fmt::format("{} {}", begins_with_vowel ? "an" : "a", kind);
}

// The newest is raised when older programs can no longer read a file, the oldest when this one cannot.
struct FormatVersions {
  std::int64_t oldest;
  std::int64_t newest;
};

FormatVersions format_versions(const std::string& kind) {
  if (kind == "dataset") return {1, 3};
  return {1, 1};
}
}  // namespace

void write_provenance(Hdf5Writer& file, const Provenance& provenance) {
  file.write_attribute("/", "kind", provenance.kind);
  const std::int64_t newest = format_versions(provenance.kind).newest;
  file.write_attribute("/", "format-version", provenance.format_version > 0 ? provenance.format_version : newest);
  file.write_attribute("/", "version", provenance.version);
  file.write_attribute("/", "configuration", provenance.configuration);
  file.write_attribute("/", "seed", provenance.seed);
  file.write_attribute("/", "dataset-digest", provenance.dataset_digest);
  if (provenance.warm_start_digest != 0) {
    file.write_attribute("/", "warm-start-digest", provenance.warm_start_digest);
  }
  if (provenance.tables_digest != 0) file.write_attribute("/", "tables-digest", provenance.tables_digest);
}

Provenance read_provenance(const Hdf5Reader& file, const std::string& expected_kind) {
  if (!file.has_attribute("/", "kind")) {
    throw Error(ExitCode::bad_data, fmt::format("{} is not a file of this program (its root has no attribute kind), "
                                                "expected {}",
                                                file.path(), with_article(expected_kind)));
  }
  Provenance provenance;
  provenance.kind = file.read_text("/", "kind");
  const bool is_word = provenance.kind.size() <= 32 &&
                       provenance.kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos;
  if (!is_word) {
    throw Error(ExitCode::bad_data,
                fmt::format("{} is of an unknown kind, expected {}", file.path(), with_article(expected_kind)));
  }
  if (provenance.kind != expected_kind) {
    throw Error(ExitCode::bad_data, fmt::format("{} is {}, expected {}", file.path(), with_article(provenance.kind),
                                                with_article(expected_kind)));
  }
  const auto [oldest, newest] = format_versions(provenance.kind);
  provenance.format_version = file.read_integer("/", "format-version");
  if (provenance.format_version < oldest || provenance.format_version > newest) {
    throw Error(
        ExitCode::bad_data,
        fmt::format("{} has format version {}, this program reads version{}", file.path(), provenance.format_version,
                    oldest == newest ? fmt::format(" {}", newest) : fmt::format("s {} to {}", oldest, newest)));
  }
  provenance.version = file.read_text("/", "version");
  provenance.configuration = file.read_text("/", "configuration");
  provenance.seed = file.read_unsigned("/", "seed");
  provenance.dataset_digest = file.read_unsigned("/", "dataset-digest");
  if (file.has_attribute("/", "warm-start-digest")) {
    provenance.warm_start_digest = file.read_unsigned("/", "warm-start-digest");
  }
  if (file.has_attribute("/", "tables-digest")) provenance.tables_digest = file.read_unsigned("/", "tables-digest");
  return provenance;
}

}  // namespace rankwise
