// Sample runs:
//   rankwise export --model model.h5 --output model.npz
//   rankwise export --model model.h5 --directory model-arrays
//   rankwise export --model items.h5 --output items.npz
//   mpirun -n 8 rankwise export --model model.h5 --output items.faiss

#include "jobs/export/export.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

#include "distributed/als/described_rows.hpp"
#include "io/arrays/faiss_index.hpp"
#include "io/arrays/npy_folder.hpp"
#include "io/arrays/npz_writer.hpp"
#include "io/files/commit.hpp"
#include "io/model/item_model.hpp"
#include "io/model/model.hpp"
#include "jobs/export/model_arrays.hpp"
#include "jobs/options/file_clashes.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/run/compared_input.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view notes =
    R"(A model of factors: users (users x k) and items (items x k), float32, a row for each user or item in the order of user_ids and
item_ids; user_entries and item_entries: how many interactions each row was trained on (of a row with 0 the factors mean nothing);
with biases user_biases, item_biases and global_mean. Ids are int64, or fixed-width text (U).
An item model: a .npz that scipy.sparse.load_npz reads, CSC, items x items: column j has the weights by which other items speak for
item j; item_ids and item_entries beside it.
.faiss: an index of faiss (IndexIDMap of IndexFlatIP) of the items that were trained on, for a search with rows of users; labels are
integer ids, or the rows of items if ids are text. With biases, the vector's last number is the item's bias: search with a last 1.
--directory writes each array as a .npy file.)";

const Endings export_endings{".npz", ".faiss"};

/// What the folder may have of ours.
constexpr std::array<std::string_view, 9> folder_arrays{"users",       "items",        "user_ids",
                                                        "item_ids",    "user_entries", "item_entries",
                                                        "user_biases", "item_biases",  "global_mean"};

bool is_faiss(const ExportOptions& options) {
  return ending_of(options.output) == ".faiss";
}

void require_sense(const ExportOptions& options) {
  if (options.output.empty() == options.directory.empty()) {
    throw Error(ExitCode::usage, "expected one of --output FILE (.npz, .faiss) and --directory DIR (.npy files)");
  }
  if (!options.output.empty() && ending_of(options.output).empty()) {
    throw Error(ExitCode::usage,
                fmt::format("--output {}: expected a name that ends in .npz or .faiss, which says what to "
                            "write",
                            options.output));
  }
}

/// Arrays of an older export that the new one does not have would be taken for its own. For one rank.
void require_no_others(const std::string& folder, std::span<const SharedArray> arrays) {
  for (const std::string_view name : folder_arrays) {
    if (std::ranges::find(arrays, name, &SharedArray::name) != arrays.end()) continue;
    const fs::path path = fs::path(folder) / fmt::format("{}.npy", name);
    std::error_code ignored;
    if (!fs::exists(path, ignored)) continue;
    throw Error(ExitCode::cannot_create,
                fmt::format("{}: is of another model, as this one has no {}; expected a folder "
                            "without it",
                            path.string(), name));
  }
}

void write_arrays(const ExportOptions& options, JobContext& context, const std::vector<SharedArray>& arrays) {
  const Communicator& comm = context.comm;
  if (options.directory.empty()) {
    write_npz(comm, options.output, arrays);
  } else {
    agree_on(comm, [&] {
      if (comm.is_root()) require_no_others(options.directory, arrays);
    });
    write_npy_folder(comm, options.directory, arrays);
  }
  Index bytes = 0;
  std::vector<std::string> names;
  for (const SharedArray& array : arrays) {
    bytes += array.bytes();
    names.push_back(array.name);
  }
  const std::string& target = options.directory.empty() ? options.output : options.directory;
  context.report.line(fmt::format("wrote {}: {}", target, fmt::join(names, ", ")));
  context.report.event("exported", {{"arrays", fmt::format("{}", fmt::join(names, " "))}, {"bytes", bytes}});
}

/// Rows without an interaction in the training, over all ranks.
struct UntrainedRows {
  Index unknown = 0;    ///< their factors mean nothing
  Index described = 0;  ///< their factors are what their features predict
};

/// `factors(block)` and `entries(block)`: of some of the rows. Collective.
template <class Factors, class Entries>
UntrainedRows count_untrained(const Communicator& comm, Index rows, bool has_features, const Factors& factors,
                              const Entries& entries) {
  UntrainedRows found;
  for_row_blocks(comm, rows_of_rank(comm, rows), Index{1} << 16, [&](RowRange block) {
    const std::vector<Index> counts = entries(block);
    const auto untrained = static_cast<Index>(std::ranges::count(counts, 0));
    Index described = 0;
    if (has_features) described = std::ranges::count(described_rows(factors(block).view(), counts), 1);
    found.unknown += untrained - described;
    found.described += described;
  });
  return {comm.sum(found.unknown), comm.sum(found.described)};
}

/// Rows that a training knows nothing of, and rows that it knows by their features alone.
void tell_untrained(JobContext& context, const ModelReader& model) {
  const Communicator& comm = context.comm;
  const UntrainedRows users = count_untrained(
      comm, model.users(), model.user_features().has_value(), [&](RowRange rows) { return model.user_factors(rows); },
      [&](RowRange rows) { return model.user_entries(rows); });
  const UntrainedRows items = count_untrained(
      comm, model.items(), model.item_features().has_value(), [&](RowRange rows) { return model.item_factors(rows); },
      [&](RowRange rows) { return model.item_entries(rows); });
  if (users.unknown + items.unknown > 0) {
    context.report.line(
        fmt::format("{} and {} have no interaction that the model was trained on: their factors mean "
                    "nothing",
                    counted(users.unknown, "user"), counted(items.unknown, "item")));
  }
  if (users.described + items.described > 0) {
    context.report.line(
        fmt::format("{} and {} have no interaction that the model was trained on: their factors are what "
                    "their features predict",
                    counted(users.described, "user"), counted(items.described, "item")));
  }
  context.report.event("untrained_rows", {{"users", users.unknown},
                                          {"items", items.unknown},
                                          {"described_users", users.described},
                                          {"described_items", items.described}});
}

void export_factors(const ExportOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  const ModelReader model(comm, options.model, context.common.input_check);
  warn_if_not_compared(context, model, options.model);
  const auto timer = context.report.phase("export");
  if (!is_faiss(options)) {
    write_arrays(options, context, factor_arrays(comm, model, options.model));
    tell_untrained(context, model);
    return;
  }
  const SearchedItems items = searched_items(comm, model);
  write_faiss_index(comm, options.output, items.vectors, items.labels);
  context.report.line(fmt::format("wrote {}: {} of {} numbers, labelled by {}", options.output,
                                  counted(items.vectors.shape[0], "vector"), items.vectors.shape[1],
                                  items.labels_are_ids ? "item ids" : "item rows of the model, as ids are text"));
  if (items.left_out > 0) {
    context.report.line(fmt::format("{} left out, as the model knows nothing of {}", counted(items.left_out, "item"),
                                    verb(items.left_out, "it", "them")));
  }
  context.report.event("exported", {{"vectors", items.vectors.shape[0]},
                                    {"dimensions", items.vectors.shape[1]},
                                    {"labels", items.labels_are_ids ? "ids" : "rows"},
                                    {"left_out", items.left_out}});
}

void export_weights(const ExportOptions& options, JobContext& context) {
  if (options.output.empty() || is_faiss(options)) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("{} is an item model, which has no factors; expected --output with a "
                                  "name that ends in .npz",
                                  options.model));
  }
  const ItemModelReader model(context.comm, options.model, context.common.input_check);
  warn_if_not_compared(context, model, options.model);
  const auto timer = context.report.phase("export");
  write_arrays(options, context, weight_arrays(context.comm, model, options.model));
}

RunJob describe(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<ExportOptions>();
  std::vector<std::string_view> own{"users.npy",       "items.npy",        "user_ids.npy",
                                    "item_ids.npy",    "user_entries.npy", "item_entries.npy",
                                    "user_biases.npy", "item_biases.npy",  "global_mean.npy"};
  // clang-format off
  description.add_options()
    ("model", read_file(&options->model)->required(), "model, as als or itemcf writes it")
    ("output", written_file(&options->output, export_endings), "file to write, by its ending: .npz (arrays), or .faiss (an index of the items)")
    ("directory", written_folder(&options->directory, std::move(own)), "folder to write arrays into, each a .npy file; it is made if it does not exist");
  // clang-format on
  return {[options](JobContext& context) { export_model(*options, context); }, [options] { require_sense(*options); }};
}

}  // namespace

void export_model(const ExportOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  if (!options.output.empty()) check_output(comm, options.output);
  if (is_item_model(comm, options.model)) {
    export_weights(options, context);
  } else {
    export_factors(options, context);
  }
}

Job export_job() {
  return {"export", "write a model for other programs: model -> .npz, .npy files, an index of faiss", notes, describe};
}

}  // namespace rankwise
