#include "io/log/reader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "distributed/comm/key_exchange.hpp"
#include "io/files/input_paths.hpp"
#include "io/log/probe.hpp"
#include "io/text/text_part.hpp"

namespace rankwise {

namespace {
void check_alike(const std::vector<std::string>& paths, const std::vector<LogLayout>& layouts) {
  for (std::size_t f = 1; f < layouts.size(); ++f) {
    if ((layouts[f].columns.time >= 0) != (layouts[0].columns.time >= 0)) {
      throw Error(ExitCode::usage, fmt::format("{} and {}: only one has a time column", paths[0], paths[f]));
    }
    if ((layouts[f].columns.value_factors == 0) != (layouts[0].columns.value_factors == 0)) {
      throw Error(ExitCode::usage, fmt::format("{} and {}: only one has a value column", paths[0], paths[f]));
    }
  }
}

/// Each thread reads its part of every file, until all parts of all ranks begin where the part before them ended.
/// Collective.
std::vector<PartRead> read_parts(const Communicator& comm, const LogPlan& plan, int threads,
                                 std::vector<FileBegins>& begins) {
  const int parts = comm.size() * threads;
  std::vector<PartRead> reads(static_cast<std::size_t>(threads));
  begins.assign(reads.size(), FileBegins(plan.layouts.size(), PartSpan::unknown));
  WrongBegins unread{.any = true, .mine = std::vector<char>(reads.size(), 1)};
  while (unread.any) {
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int t = 0; t < threads; ++t) {
      const auto own = static_cast<std::size_t>(t);
      if (unread.mine[own] == 0) continue;
      reads[own] = {};
      reads[own] = read_part(plan, {comm.rank() * threads + t, parts}, begins[own]);
    }
    std::vector<FileSpans> spans;
    for (const PartRead& read : reads) spans.push_back(read.spans);
    unread = correct_begins(comm, text_layouts(plan), spans, begins);
  }
  return reads;
}

/// True line numbers: a part's data lines follow the header and the lower parts' lines. An entry for each part of this
/// rank, with one for each file. Collective.
std::vector<std::vector<Index>> count_lines_before(const Communicator& comm, const std::vector<LogLayout>& layouts,
                                                   const std::vector<PartRead>& reads) {
  std::vector<std::vector<Index>> before(reads.size(), std::vector<Index>(layouts.size()));
  for (std::size_t f = 0; f < layouts.size(); ++f) {
    Index lines = 0;
    for (const PartRead& read : reads) lines += read.parts[f].lines;
    Index next = layouts[f].lines_before + comm.exclusive_sum(lines);
    for (std::size_t part = 0; part < reads.size(); ++part) {
      before[part][f] = next;
      next += reads[part].parts[f].lines;
    }
  }
  return before;
}

/// The part of this rank that failed in the earliest file; the first part if none failed.
std::size_t earliest_failing(const std::vector<PartRead>& reads) {
  const auto file_of = [](const PartRead& read) { return read.failure.file; };
  return static_cast<std::size_t>(std::ranges::min_element(reads, {}, file_of) - reads.begin());
}

/// Parts as one log with true line numbers.
InteractionLog joined(std::vector<PartRead> reads, const std::vector<std::vector<Index>>& lines_before) {
  Index rows = 0;
  for (std::size_t part = 0; part < reads.size(); ++part) {
    InteractionLog& log = reads[part].log;
    Index row = 0;
    for (std::size_t f = 0; f < reads[part].parts.size(); ++f) {
      for (; row < reads[part].parts[f].rows_end; ++row) {
        log.positions[static_cast<std::size_t>(row)] += lines_before[part][f];
      }
    }
    log.rejected.follow(lines_before[part]);
    rows += log.size();
  }
  InteractionLog log = std::move(reads.front().log);
  if (reads.size() == 1) return log;
  log.reserve(rows);
  for (std::size_t part = 1; part < reads.size(); ++part) log.append(std::exchange(reads[part].log, {}));
  return log;
}

void check_entry_counts(const Communicator& comm, const InteractionLog& log, const std::vector<LogLayout>& layouts,
                        const std::vector<Index>& entries) {
  agree_on(comm, [&] {
    for (std::size_t f = 0; f < layouts.size(); ++f) {
      if (layouts[f].format == TextFormat::matrix_market && entries[f] != layouts[f].matrix_entries) {
        throw Error(ExitCode::bad_data, fmt::format("{}: the size line promises {} entries, the file holds {}",
                                                    log.files[f], layouts[f].matrix_entries, entries[f]));
      }
    }
  });
}

/// Stops at the first bad row if there are more than are allowed. Collective.
void refuse_bad_rows(const Communicator& comm, const LogPlan& plan, Index rows_read,
                     const std::vector<std::vector<Index>>& lines_before, std::vector<PartRead>& reads) {
  if (plan.max_bad.is_zero()) return;
  Index bad_rows = 0;
  std::size_t first = 0;  // the part with the first one of the earliest file; parts of one file are in its order
  for (std::size_t part = 0; part < reads.size(); ++part) {
    bad_rows += reads[part].bad_rows;
    if (reads[part].first_bad.file < reads[first].first_bad.file) first = part;
  }
  bad_rows = comm.sum(bad_rows);
  const Index allowed = plan.max_bad.allowed(rows_read);
  if (bad_rows <= allowed) return;
  TextFailure& failure = reads[first].first_bad;
  if (failure.error) {
    failure.error = Error(failure.error->code(), fmt::format("{}; {} of {} rows are bad, --max-bad allows {}",
                                                             failure.error->what(), bad_rows, rows_read, allowed));
  }
  agree_on_earliest(comm, plan.files, lines_before[first], failure);
}

/// What each thread of this rank has read.
std::vector<ReadParts> parts_of(const Communicator& comm, const std::vector<PartRead>& reads,
                                const std::vector<FileBegins>& begins,
                                const std::vector<std::vector<Index>>& lines_before) {
  const int threads = static_cast<int>(reads.size());
  std::vector<ReadParts> parts;
  for (int t = 0; t < threads; ++t) {
    const auto own = static_cast<std::size_t>(t);
    ReadParts& part = parts.emplace_back();
    part.part = comm.rank() * threads + t;
    part.of_parts = comm.size() * threads;
    part.begins = begins[own];
    part.lines_before = lines_before[own];
    for (const FilePart& file : reads[own].parts) part.lines.push_back(file.lines);
  }
  return parts;
}
}  // namespace

LogPlan plan_log(const Communicator& comm, const std::vector<std::string>& inputs, const LogOptions& options) {
  LogPlan plan;
  plan.missing = options.missing;
  plan.max_bad = options.max_bad;
  plan.missing_values = options.missing_values;
  plan.filter = options.filter;
  plan.quoting = options.quoting;
  plan.time_pattern = options.time.pattern;
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    InputPaths expanded = expand_inputs(inputs);
    plan.files = std::move(expanded.paths);
    plan.notes = std::move(expanded.notes);
    for (const std::string& path : plan.files) {
      ProbedLog probed = probe_log(path, options);
      plan.layouts.push_back(probed.layout);
      plan.keys.push_back(std::move(probed.keys));
      plan.notes.push_back(std::move(probed.note));
    }
    check_alike(plan.files, plan.layouts);
  });
  broadcast_texts(comm, plan.files);
  comm.broadcast(plan.layouts);
  plan.keys.resize(plan.files.size());
  for (std::size_t f = 0; f < plan.files.size(); ++f) {
    if (plan.layouts[f].format == TextFormat::json_lines) broadcast_texts(comm, plan.keys[f]);
  }
  return plan;
}

InteractionLog read_log(const Communicator& comm, const LogPlan& plan, int threads) {
  // 1. Each thread of each rank reads its part of every file.
  std::vector<FileBegins> begins;
  std::vector<PartRead> reads = read_parts(comm, plan, comm.min(threads), begins);

  // 2. The earliest failure of all parts ends all ranks.
  const std::vector<std::vector<Index>> lines_before = count_lines_before(comm, plan.layouts, reads);
  const std::size_t failing = earliest_failing(reads);
  agree_on_earliest(comm, plan.files, lines_before[failing], reads[failing].failure);

  // 3. One log a rank.
  std::vector<Index> entries(plan.layouts.size(), 0);
  for (const PartRead& read : reads) {
    for (std::size_t f = 0; f < entries.size(); ++f) entries[f] += read.parts[f].entries;
  }
  comm.all_reduce_sum(std::span(entries));
  refuse_bad_rows(comm, plan, std::accumulate(entries.begin(), entries.end(), Index{0}), lines_before, reads);
  std::vector<ReadParts> parts = parts_of(comm, reads, begins, lines_before);
  InteractionLog log = joined(std::move(reads), lines_before);
  log.parts = std::move(parts);
  for (const Index count : entries) log.rows_read += count;
  check_entry_counts(comm, log, plan.layouts, entries);

  agree_on_kind(comm, log.users);
  agree_on_kind(comm, log.items);
  if (log.ordered) agree_on_kind(comm, log.orders);

  std::array counts{&log.missing.user,       &log.missing.item,    &log.missing.value,  &log.missing.time,
                    &log.missing.fold,       &log.missing.split,   &log.missing.order,  &log.missing.event,
                    &log.filtered.condition, &log.filtered.period, &log.filtered.event, &log.repeated_headers};
  std::array<Index, counts.size()> sums{};
  std::ranges::transform(counts, sums.begin(), [](const Index* count) { return *count; });
  comm.all_reduce_sum(std::span<Index>(sums));
  for (std::size_t c = 0; c < counts.size(); ++c) *counts[c] = sums[c];
  log.rows_read -= log.repeated_headers;
  return log;
}

}  // namespace rankwise
