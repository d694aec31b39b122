#pragma once
// Tables of customers, of which a campaign takes columns: the dataset's own, a profile, scores.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/rows/id_rows.hpp"
#include "distributed/tables/table.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Columns of this rank's users, whose rows in other files are found by id.
class ColumnSources {
 public:
  /// `users` are those of the dataset at `data_path` that this rank has, those held out whole behind the others.
  /// `context` and `users` outlive this.
  ColumnSources(JobContext& context, const std::string& data_path, std::uint64_t data_digest, const IdRows& users);

  /// A file with a table of users, as `profile` writes one. A warning if it was made of another dataset, or knows not
  /// all of the users. Empty path: nothing. Collective; throws AgreedError (no_input; bad_data: it has no such table).
  void add(const std::string& path);

  /// Of the file that was added last among those that have the column, the dataset's table last of all. Missing where a
  /// file has no row. Collective; throws AgreedError (usage, which names `option`: no file has the column; bad_data: a
  /// column of texts in another file).
  [[nodiscard]] ColumnValues column(const std::string& option, const std::string& name);
  /// Where such a column is from, for messages.
  [[nodiscard]] std::string file_of(const std::string& name) const;

 private:
  struct Source {
    std::string path;
    std::unique_ptr<DatasetTablesReader> tables;
    std::optional<std::vector<Index>> rows;  // of each user, its row here, or -1; nothing: the same rows
    RowRange mine;                           // rows that this rank reads
  };
  [[nodiscard]] static bool has(const Source& source, const std::string& name);
  [[nodiscard]] const Source* find(const std::string& name) const;
  [[nodiscard]] ColumnValues read(const Source& source, const std::string& name) const;

  JobContext& context_;
  std::string data_path_;
  std::uint64_t data_digest_;
  const IdRows& users_;
  std::vector<Source> sources_;
};

}  // namespace rankwise
