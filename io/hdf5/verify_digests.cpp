#include "io/hdf5/verify_digests.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "io/hdf5/compared_rows.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/row_digests.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr Index read_bytes_at_once = Index{1} << 24;

/// Chunks in a row whose digests differ, of one dataset; travels between ranks.
struct Damage {
  Index table = 0;
  RowRange rows;
  Index chunks = 1;
  std::uint64_t expected = 0;  // of the first chunk
  std::uint64_t found = 0;
};

/// Adds a later damage, to the last one where they touch.
void append(std::vector<Damage>& damages, const Damage& next) {
  if (!damages.empty() && damages.back().table == next.table && damages.back().rows.end == next.rows.begin) {
    damages.back().rows.end = next.rows.end;
    damages.back().chunks += next.chunks;
  } else {
    damages.push_back(next);
  }
}

/// A file with digests, opened on this rank.
struct Opened {
  Hdf5Reader file;
  FileDigests digests;
  Verification verification;

  [[nodiscard]] static Opened open(const std::string& path);
  [[nodiscard]] std::vector<Damage> damages(const Communicator& comm) const;
};

Opened Opened::open(const std::string& path) {
  Hdf5Reader file(path);
  const FileDescription description = describe_file(path);
  std::optional<FileDigests> digests = read_file_digests(file, description);
  if (!digests) {
    const bool has_some = file.has(digests_group) || file.has_attribute("/", metadata_digest_attribute);
    throw Error(ExitCode::bad_data,
                fmt::format("{}: {}", path,
                            has_some ? "holds only a part of its digests: another program changed it"
                                     : "holds no digests: an older version wrote it, or another program"));
  }
  const AttributeValue* kind = description.objects.front().attribute("kind");
  Verification verification;
  verification.kind =
      kind != nullptr && std::holds_alternative<std::string>(*kind) ? std::get<std::string>(*kind) : "file";
  verification.datasets = digests->datasets;
  verification.file_bytes = description.file_bytes;
  verification.faults = digests->faults;
  return {std::move(file), std::move(*digests), std::move(verification)};
}

/// Those among the chunks that fall to this rank: a contiguous share of each dataset's.
std::vector<Damage> Opened::damages(const Communicator& comm) const {
  std::vector<Damage> found;
  std::vector<char> values;
  for (std::size_t t = 0; t < digests.tables.size(); ++t) {
    const DigestTable& table = digests.tables[t];
    const Hdf5Shape shape = file.shape(table.dataset);
    const Index row_bytes = shape.row_bytes();
    const Index chunk_bytes = table.chunk_rows * row_bytes;
    const auto chunks = static_cast<Index>(table.digests.size());
    const Index end = chunks * (comm.rank() + 1) / comm.size();
    const Index step = std::max<Index>(1, read_bytes_at_once / std::max<Index>(1, chunk_bytes));
    for (Index first = chunks * comm.rank() / comm.size(); first < end; first += step) {
      const RowRange rows{first * table.chunk_rows,
                          std::min(std::min(first + step, end) * table.chunk_rows, shape.rows())};
      values.resize(static_cast<std::size_t>(rows.size() * row_bytes));
      file.read_bytes(table.dataset, rows, values);
      for (Index row = rows.begin; row < rows.end; row += table.chunk_rows) {
        const RowRange chunk{row, std::min(row + table.chunk_rows, rows.end)};
        const std::uint64_t expected = table.digests[static_cast<std::size_t>(row / table.chunk_rows)];
        const std::uint64_t digest = digest_of(
            {values.data() + (row - rows.begin) * row_bytes, static_cast<std::size_t>(chunk.size() * row_bytes)});
        if (digest != expected) append(found, {static_cast<Index>(t), chunk, 1, expected, digest});
      }
    }
  }
  return found;
}

std::string text_of(const Damage& damage) {
  std::string text = damage_text(damage.rows, damage.expected, damage.found);
  if (damage.chunks > 1) text += fmt::format(" in the first of {} chunks", damage.chunks);
  return text;
}

}  // namespace

Verification check_digests(const Communicator& comm, const std::string& path) {
  // 1. Structure and metadata, on every rank. Ranks may read through caches of their own.
  Opened opened = agree_on(comm, [&] { return Opened::open(path); });
  if (comm.min(opened.digests.found_metadata) != comm.max(opened.digests.found_metadata)) {
    throw AgreedError(ExitCode::io_error, fmt::format("{}: not all ranks read the same from it", path));
  }

  // 2. Rows, shared out.
  const std::vector<Damage> mine = agree_on(comm, [&] { return opened.damages(comm); });
  std::vector<Damage> all = comm.all_gather_varied(std::span<const Damage>(mine)).values;
  std::ranges::sort(all, {}, [](const Damage& damage) { return std::pair(damage.table, damage.rows.begin); });
  std::vector<Damage> joined;
  for (const Damage& damage : all) append(joined, damage);
  Verification verification = std::move(opened.verification);
  for (const Damage& damage : joined) {
    verification.faults.push_back(fmt::format(
        "{}: {}: {}", path, opened.digests.tables[static_cast<std::size_t>(damage.table)].dataset, text_of(damage)));
  }
  return verification;
}

void verify_digests(const Communicator& comm, const std::string& path) {
  const Verification verification = check_digests(comm, path);
  if (!verification.faults.empty()) throw AgreedError(ExitCode::bad_data, verification.faults.front());
}

}  // namespace rankwise
