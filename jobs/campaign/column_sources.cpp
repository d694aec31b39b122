#include "jobs/campaign/column_sources.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <limits>
#include <utility>

#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/values_at_rows.hpp"
#include "io/hdf5/reader.hpp"
#include "io/tables/table_condition.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/nearest_name.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

Index rows_of(const std::optional<TableReader>& table) {
  return table ? table->rows() : 0;
}

/// The rows of a file's users, those held out whole behind the others: a part of the first and one of the second table.
std::pair<RowRange, RowRange> divided(const DatasetTablesReader& tables, RowRange rows) {
  const Index users = rows_of(tables.users());
  const Index all = users + rows_of(tables.heldout_users());
  return {{std::min(rows.begin, users), std::min(rows.end, users)},
          {std::clamp(rows.begin, users, all) - users, std::clamp(rows.end, users, all) - users}};
}

void append(ColumnValues& values, ColumnValues more) {
  if (auto* codes = std::get_if<Categories>(&values)) {
    std::ranges::copy(std::get<Categories>(more).codes, std::back_inserter(codes->codes));
  } else if (auto* numbers = std::get_if<Numbers>(&values)) {
    std::ranges::copy(std::get<Numbers>(more), std::back_inserter(*numbers));
  } else {
    std::ranges::move(std::get<Texts>(more), std::back_inserter(std::get<Texts>(values)));
  }
}

/// A file may have fewer rows than the dataset has users held out whole: these have no values.
void fill_up(ColumnValues& values, Index rows) {
  const auto count = static_cast<std::size_t>(rows);
  if (auto* codes = std::get_if<Categories>(&values)) codes->codes.resize(count, Categories::missing);
  if (auto* numbers = std::get_if<Numbers>(&values)) numbers->resize(count, std::numeric_limits<double>::quiet_NaN());
  if (auto* texts = std::get_if<Texts>(&values)) texts->resize(count);
}

std::uint64_t digest_in(const std::string& path) {
  const Hdf5Reader file(path);
  return file.has_attribute("/", "dataset-digest") ? file.read_unsigned("/", "dataset-digest") : 0;
}

}  // namespace

ColumnSources::ColumnSources(JobContext& context, const std::string& data_path, std::uint64_t data_digest,
                             const IdRows& users)
    : context_(context), data_path_(data_path), data_digest_(data_digest), users_(users) {
  auto tables = std::make_unique<DatasetTablesReader>(context.comm, data_path, context.common.input_check);
  if (tables->users()) sources_.push_back({data_path, std::move(tables), std::nullopt, users.rows});
}

void ColumnSources::add(const std::string& path) {
  if (path.empty()) return;
  const Communicator& comm = context_.comm;
  auto tables = std::make_unique<DatasetTablesReader>(comm, path, context_.common.input_check);
  if (!tables->users()) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: holds no table of users; expected a file of profile or of propensity", path));
  }
  const Index total = rows_of(tables->users()) + rows_of(tables->heldout_users());
  const RowRange mine = Partition::by_count(total, comm.size()).range(comm.rank());
  Texts ids = agree_on(comm, [&] {
    const auto [first, second] = divided(*tables, mine);
    Texts texts = tables->users()->index(first);
    if (second.size() > 0) std::ranges::move(tables->heldout_users()->index(second), std::back_inserter(texts));
    return texts;
  });
  std::vector<Index> rows = find_rows_by_id(comm, users_, {mine, total, std::move(ids)});
  const Index unknown = comm.sum(static_cast<Index>(std::ranges::count(rows, Index{-1})));
  if (unknown == users_.total_rows) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: none of its {} is a user of {}; expected a table of the "
                                                      "same customers",
                                                      path, counted(total, "row"), data_path_));
  }
  if (unknown > 0) {
    context_.report.warning(
        fmt::format("{}: has no row for {} of the {} of {}: their values of its columns are missing", path, unknown,
                    counted(users_.total_rows, "user"), data_path_));
  }
  const std::uint64_t digest = agree_on(comm, [&] { return digest_in(path); });
  if (digest != 0 && digest != data_digest_) {
    context_.report.warning(
        fmt::format("{}: was made of another dataset than {}; customers are matched by id", path, data_path_));
  }
  sources_.push_back({path, std::move(tables), std::move(rows), mine});
}

bool ColumnSources::has(const Source& source, const std::string& name) {
  return std::ranges::find(source.tables->users()->columns(), name, &TableColumnInfo::name) !=
         source.tables->users()->columns().end();
}

const ColumnSources::Source* ColumnSources::find(const std::string& name) const {
  for (auto source = sources_.rbegin(); source != sources_.rend(); ++source) {
    if (has(*source, name)) return &*source;
  }
  return nullptr;
}

std::string ColumnSources::file_of(const std::string& name) const {
  const Source* const source = find(name);
  return source == nullptr ? std::string() : source->path;
}

ColumnValues ColumnSources::read(const Source& source, const std::string& name) const {
  const auto [first, second] = divided(*source.tables, source.mine);
  ColumnValues values = read_values(*source.tables->users(), name, first);
  if (second.size() > 0) append(values, read_values(*source.tables->heldout_users(), name, second));
  fill_up(values, source.mine.size());
  return values;
}

ColumnValues ColumnSources::column(const std::string& option, const std::string& name) {
  const Communicator& comm = context_.comm;
  const Source* const source = find(name);
  if (source == nullptr) {
    std::vector<std::string> names;
    for (const Source& each : sources_) {
      for (const TableColumnInfo& column : each.tables->users()->columns()) names.push_back(column.name);
    }
    throw AgreedError(
        ExitCode::usage,
        names.empty() ? fmt::format("{}: no file has a column {}; expected --profile or --propensity, or a dataset of "
                                    "prepare --users",
                                    option, shown(name))
                      : fmt::format("{}: no file has a column {}{}; there are {}", option, shown(name),
                                    nearest_hint(name, names, ""), fmt::join(names, ", ")));
  }
  ColumnValues values = agree_on(comm, [&] {
    ColumnValues read_here = read(*source, name);
    if (source->rows && std::holds_alternative<Texts>(read_here)) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {} of {} has texts; expected numbers or categories", option,
                                                  shown(name), source->path));
    }
    return read_here;
  });
  if (!source->rows) return values;
  if (const auto* categories = std::get_if<Categories>(&values)) {
    return Categories{
        values_at_rows<std::int32_t>(comm, *source->rows, source->mine, categories->codes, Categories::missing),
        categories->categories};
  }
  return values_at_rows<double>(comm, *source->rows, source->mine, std::get<Numbers>(values),
                                std::numeric_limits<double>::quiet_NaN());
}

}  // namespace rankwise
