#include "io/text_reader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <span>

#include "io/line_reader.hpp"
#include "io/log_probe.hpp"
#include "io/row_parser.hpp"
#include "io/text_part.hpp"

namespace rankwise {

namespace {
constexpr Index none = std::numeric_limits<Index>::max();

/// What one rank knows of its part of one file when it is done with it.
struct FilePart {
  Index lines = 0;     ///< data lines, blank ones too
  Index rows_end = 0;  ///< rows in the log after this part
  Index entries = 0;   ///< rows read, dropped ones too
};

struct LocalResult {
  std::vector<FilePart> parts;
  TextFailure failure;
};

void check_alike(const std::vector<std::string>& paths, const std::vector<FileLayout>& layouts) {
  for (std::size_t f = 1; f < layouts.size(); ++f) {
    if ((layouts[f].columns.time >= 0) != (layouts[0].columns.time >= 0)) {
      throw Error(ExitCode::usage, fmt::format("{} and {}: only one has a time column", paths[0], paths[f]));
    }
    if ((layouts[f].columns.value_factors == 0) != (layouts[0].columns.value_factors == 0)) {
      throw Error(ExitCode::usage, fmt::format("{} and {}: only one has a value column", paths[0], paths[f]));
    }
  }
}

/// Once, after the first MiB of a plain part: room for the rows that the rest will hold if it goes on like this.
/// Growing column by column would copy everything several times.
class RoomForRows {
 public:
  RoomForRows(Index part_bytes, Index rows_before) : part_bytes_(part_bytes), rows_before_(rows_before) {}
  void update(Index bytes_read, InteractionLog& log) {
    if (done_ || bytes_read < sample_bytes) return;
    done_ = true;
    const double rows = static_cast<double>(log.size() - rows_before_) * static_cast<double>(part_bytes_) /
                        static_cast<double>(bytes_read);
    log.reserve(log.size() + static_cast<Index>(1.02 * rows));
  }

 private:
  static constexpr Index sample_bytes = Index{1} << 20;
  Index part_bytes_;
  Index rows_before_;
  bool done_ = false;
};

/// Reads this rank's parts of all files; stops at its first failure. No collective call.
LocalResult read_local(const Communicator& comm, const LogPlan& plan, InteractionLog& log) {
  LocalResult result;
  result.parts.resize(plan.layouts.size());
  Index line_number = 0;
  for (std::size_t f = 0; f < plan.layouts.size(); ++f) {
    const FileLayout& layout = plan.layouts[f];
    FilePart& part = result.parts[f];
    const auto file = static_cast<Index>(f);
    line_number = 0;
    try {
      std::optional<LineReader> reader = open_part(comm, log.files[f], layout, file % comm.size());
      if (reader) {
        RowParser parser(layout, plan.missing);
        const Index lines_skipped = reader->lines();
        const Index begin = reader->offset();
        RoomForRows room(layout.gzip != 0 ? 0 : (layout.file_bytes - layout.data_begin) / comm.size(), log.size());
        line_number = 1;  // of the line being read
        while (const std::optional<std::string_view> line = reader->next()) {
          part.lines = reader->lines() - lines_skipped;
          if (!line->empty() && !trimmed(*line).empty()) {
            ++part.entries;
            if (parser.append(*line, log)) log.positions.push_back(InputPosition(file, part.lines).packed());
          }
          line_number = part.lines + 1;
          room.update(reader->offset() - begin, log);
        }
      }
    } catch (const Error& error) {
      result.failure = {file, error.code() == ExitCode::no_input ? 0 : line_number, error};
      return result;
    } catch (const std::bad_alloc&) {
      result.failure = {file, 0, Error(ExitCode::internal, "out of memory while reading")};
      return result;
    }
    part.rows_end = log.size();
  }
  return result;
}

/// True line numbers: a rank's data lines follow the header and the lower ranks' lines.
std::vector<Index> count_lines_before(const Communicator& comm, const std::vector<FileLayout>& layouts,
                                      const std::vector<FilePart>& parts) {
  std::vector<Index> before(layouts.size());
  for (std::size_t f = 0; f < layouts.size(); ++f) {
    before[f] = layouts[f].lines_before + comm.exclusive_sum(parts[f].lines);
  }
  return before;
}

void check_entry_counts(const Communicator& comm, const InteractionLog& log, const std::vector<FileLayout>& layouts,
                        const std::vector<Index>& entries) {
  agree_on(comm, [&] {
    for (std::size_t f = 0; f < layouts.size(); ++f) {
      if (layouts[f].format == LogFormat::matrix_market && entries[f] != layouts[f].matrix_entries) {
        throw Error(ExitCode::bad_data, fmt::format("{}: the size line promises {} entries, the file holds {}",
                                                    log.files[f], layouts[f].matrix_entries, entries[f]));
      }
    }
  });
}

/// An integer column with a negative id is bad data; the earliest one is named.
void refuse_negative_ids(const Communicator& comm, const InteractionLog& log, const IdColumn& column,
                         std::string_view role) {
  if (!column.are_integers()) return;  // the same on every rank
  const std::vector<std::int64_t>& ids = column.values();
  const auto found = std::find_if(ids.begin(), ids.end(), [](std::int64_t id) { return id < 0; });
  const auto row = static_cast<std::size_t>(found - ids.begin());
  const Index mine = found == ids.end() ? none : log.positions[row];
  const Index earliest = comm.min(mine);
  if (earliest == none) return;
  std::optional<Error> error;
  if (mine == earliest) {
    error = Error(ExitCode::bad_data, fmt::format("{}: {} id {} is negative; integer ids must be 0 or more",
                                                  log.place(InputPosition(earliest)), role, *found));
  }
  agree(comm, error);
}
}  // namespace

LogPlan plan_log(const Communicator& comm, const std::vector<std::string>& paths, const LogOptions& options) {
  LogPlan plan;
  plan.files = paths;
  plan.missing = options.missing;
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    for (const std::string& path : paths) {
      ProbedLog probed = probe_log(path, options);
      plan.layouts.push_back(probed.layout);
      plan.notes.push_back(std::move(probed.note));
    }
    check_alike(paths, plan.layouts);
  });
  comm.broadcast(plan.layouts);
  return plan;
}

InteractionLog read_log(const Communicator& comm, const LogPlan& plan) {
  InteractionLog log;
  log.files = plan.files;
  log.timed = plan.timed();
  log.folded = plan.folded();
  const LocalResult local = read_local(comm, plan, log);
  const std::vector<Index> lines_before = count_lines_before(comm, plan.layouts, local.parts);
  agree_on_earliest(comm, log.files, lines_before, local.failure);

  Index row = 0;
  std::vector<Index> entries;
  for (std::size_t f = 0; f < plan.layouts.size(); ++f) {
    for (; row < local.parts[f].rows_end; ++row) log.positions[static_cast<std::size_t>(row)] += lines_before[f];
    entries.push_back(local.parts[f].entries);
  }
  comm.all_reduce_sum(std::span(entries));
  for (const Index count : entries) log.rows_read += count;
  check_entry_counts(comm, log, plan.layouts, entries);

  agree_on_kind(comm, log.users);
  agree_on_kind(comm, log.items);
  refuse_negative_ids(comm, log, log.users, "user");
  refuse_negative_ids(comm, log, log.items, "item");

  std::array<Index, 5> missing{log.missing.user, log.missing.item, log.missing.value, log.missing.time,
                               log.missing.fold};
  comm.all_reduce_sum(std::span<Index>(missing));
  log.missing = {missing[0], missing[1], missing[2], missing[3], missing[4]};
  return log;
}

}  // namespace rankwise
