#include "jobs/data/inspect.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <vector>

#include "io/config/json_text.hpp"
#include "io/hdf5/describe_file.hpp"
#include "io/hdf5/file_digests.hpp"
#include "io/hdf5/reader.hpp"
#include "io/hdf5/row_digests.hpp"
#include "io/tables/table_file.hpp"
#include "jobs/data/inspect_tables.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/run/standard_output.hpp"
#include "kernels/text/text_encoding.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

namespace {

struct InspectOptions {
  std::vector<std::string> files;
  bool json = false;
};

/// A sparse matrix as a group holds it.
struct SparseSummary {
  Index rows = 0;
  Index columns = 0;
  Index entries = 0;
  [[nodiscard]] double density() const {
    const double cells = static_cast<double>(rows) * static_cast<double>(columns);
    return cells > 0 ? static_cast<double>(entries) / cells : 0;
  }
};

/// What each epoch or iteration gave, by name, in the order of the file.
using History = std::vector<std::pair<std::string, AttributeValue>>;

std::string text_of(const AttributeValue& value) {
  return std::visit(
      [](const auto& typed) -> std::string {
        using T = std::decay_t<decltype(typed)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return printable(decoded_text(typed));
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          return fmt::format("[{}]", printable(fmt::format("{}", fmt::join(typed, ", "))));
        } else if constexpr (std::is_arithmetic_v<T>) {
          return fmt::format("{}", typed);
        } else {
          return fmt::format("[{}]", fmt::join(typed, ", "));
        }
      },
      value);
}

Json json_of(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return decoded_text(*text);
  return std::visit([](const auto& typed) { return Json(typed); }, value);
}

std::optional<SparseSummary> sparse_summary(const FileDescription& file, const FileObject& group) {
  const AttributeValue* encoding = group.attribute("encoding-type");
  const AttributeValue* shape = group.attribute("shape");
  const FileObject* data = file.find(group.path + "/data");
  if (encoding == nullptr || shape == nullptr || data == nullptr || data->shape.size() != 1) return std::nullopt;
  if (const auto* extents = std::get_if<std::vector<std::int64_t>>(shape); extents != nullptr && extents->size() == 2) {
    return SparseSummary{(*extents)[0], (*extents)[1], data->shape.front()};
  }
  return std::nullopt;
}

/// Everything under /history that is a short list of numbers.
History read_history(const std::string& path, const FileDescription& file, InputCheck check) {
  constexpr Index most_epochs = 100'000;
  History history;
  const Hdf5Reader reader = open_checked(path, check);
  for (const FileObject& object : file.objects) {
    const bool is_list = object.kind == FileObject::Kind::dataset && object.shape.size() == 1;
    if (!object.path.starts_with("/history/") || !is_list || object.shape.front() > most_epochs) continue;
    const RowRange all{0, object.shape.front()};
    const std::string name = object.path.substr(9);
    if (object.type == "float64") history.emplace_back(name, reader.read_rows<double>(object.path, all));
    if (object.type == "int64") history.emplace_back(name, reader.read_rows<std::int64_t>(object.path, all));
  }
  return history;
}

std::string digest_text(const AttributeValue& value) {
  const auto* digest = std::get_if<std::uint64_t>(&value);
  return digest == nullptr ? text_of(value) : fmt::format("{:016x}", *digest);
}

bool is_digest(const std::string& attribute) {
  return attribute == "dataset-digest" || attribute == "source-digest" || attribute == "warm-start-digest" ||
         attribute == "tables-digest" || attribute == "model-digest" || attribute == "dimension-ids-digest" ||
         attribute == table_digest_attribute || attribute == metadata_digest_attribute;
}

/// Of how many datasets the file holds digests; nothing where it holds none at all.
std::optional<Index> digested_datasets(const FileDescription& file) {
  if (file.objects.front().attribute(metadata_digest_attribute) == nullptr) return std::nullopt;
  return std::ranges::count_if(file.objects, [&](const FileObject& object) {
    return object.kind == FileObject::Kind::dataset && file.find(digest_table_name(object.path)) != nullptr;
  });
}

Json describe_as_json(const std::string& path, const FileDescription& file, const History& history,
                      const std::vector<TableSummary>& tables) {
  Json result{{"file", path}, {"bytes", file.file_bytes}};
  if (const auto digested = digested_datasets(file)) result["digested_datasets"] = *digested;
  Json objects = Json::array();
  for (const FileObject& object : file.objects) {
    const bool is_dataset = object.kind == FileObject::Kind::dataset;
    Json entry{{"path", object.path}};
    entry["kind"] = is_dataset ? "dataset" : object.kind == FileObject::Kind::group ? "group" : "link";
    if (object.kind != FileObject::Kind::group) entry["type"] = object.type;
    if (is_dataset) {
      entry["shape"] = object.shape;
      entry["stored_bytes"] = object.stored_bytes;
    }
    if (const auto sparse = sparse_summary(file, object)) {
      entry["sparse"] = {{"rows", sparse->rows},
                         {"columns", sparse->columns},
                         {"entries", sparse->entries},
                         {"density", sparse->density()}};
    }
    Json attributes = Json::object();
    for (const auto& [name, type, value] : object.attributes) {
      attributes[name] = is_digest(name) ? Json(digest_text(value)) : json_of(value);
    }
    entry["attributes"] = std::move(attributes);
    objects.push_back(std::move(entry));
  }
  result["objects"] = std::move(objects);
  Json epochs = Json::object();
  for (const auto& [name, values] : history) epochs[name] = json_of(values);
  if (!history.empty()) result["history"] = std::move(epochs);
  if (!tables.empty()) result["tables"] = tables_json(tables);
  return result;
}

std::string size_text(const FileDescription& file, const FileObject& object) {
  if (object.kind == FileObject::Kind::link) return printable(object.type);
  if (object.kind == FileObject::Kind::dataset) {
    const std::string shape = object.shape.empty() ? "one value" : fmt::format("{}", fmt::join(object.shape, " x "));
    return fmt::format("{:<10} {:<22} {}", object.type, shape, bytes_text(static_cast<double>(object.stored_bytes)));
  }
  const auto sparse = sparse_summary(file, object);
  if (!sparse) return {};
  return fmt::format("sparse     {:<22} {} entries, {:.4g}% filled, {:.1f} a row",
                     fmt::format("{} x {}", sparse->rows, sparse->columns), sparse->entries, sparse->density() * 100,
                     sparse->rows > 0 ? static_cast<double>(sparse->entries) / static_cast<double>(sparse->rows) : 0.0);
}

/// A text of several lines.
std::string indented(const AttributeValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return "    " + text_of(value) + "\n";
  std::string result;
  std::istringstream lines(decoded_text(*text));
  for (std::string line; std::getline(lines, line);) result += "    " + printable(line) + "\n";
  return result;
}

/// The values of one column of the history as text.
std::vector<std::string> history_cells(const AttributeValue& values) {
  std::vector<std::string> cells;
  if (const auto* numbers = std::get_if<std::vector<double>>(&values)) {
    for (const double number : *numbers) cells.push_back(fmt::format("{:.9g}", number));
  } else if (const auto* counts = std::get_if<std::vector<std::int64_t>>(&values)) {
    for (const std::int64_t count : *counts) cells.push_back(fmt::format("{}", count));
  }
  return cells;
}

std::string history_table(const History& history, bool is_clustering) {
  const std::string_view step = is_clustering ? "iteration" : "epoch";
  std::string table = fmt::format("  {} by {}:\n    {}", is_clustering ? "inertia" : "loss", step, step);
  std::size_t steps = 0;
  std::vector<std::vector<std::string>> columns;
  for (const auto& [name, values] : history) {
    table += fmt::format("  {:>16}", printable(name));
    columns.push_back(history_cells(values));
    steps = std::max(steps, columns.back().size());
  }
  table += "\n";
  for (std::size_t s = 0; s < steps; ++s) {
    table += fmt::format("    {:>{}}", s + 1, step.size());
    for (const auto& cells : columns) table += fmt::format("  {:>16}", s < cells.size() ? cells[s] : "-");
    table += "\n";
  }
  return table;
}

std::string describe_as_text(const std::string& path, const FileDescription& file, const History& history,
                             const std::vector<TableSummary>& tables) {
  const FileObject& root = file.objects.front();
  const AttributeValue* kind = root.attribute("kind");
  std::string text =
      fmt::format("{}: {}, {}\n", path, kind == nullptr ? "HDF5 file of another program" : text_of(*kind),
                  bytes_text(static_cast<double>(file.file_bytes)));
  for (const auto& [name, type, value] : root.attributes) {
    if (name == "kind") continue;
    if (name == "configuration" || name.ends_with("-configuration")) {
      text += fmt::format("  {}:\n", name) + indented(value);
    } else {
      text += fmt::format("  {}: {}\n", printable(name), is_digest(name) ? digest_text(value) : text_of(value));
    }
  }
  const std::optional<Index> digested = digested_datasets(file);
  if (digested) {
    text +=
        fmt::format("  digests: of {} dataset{} (rankwise verify compares)\n", *digested, *digested == 1 ? "" : "s");
  }
  std::size_t width = 0;
  for (const FileObject& object : file.objects) width = std::max(width, printable(object.path).size());
  text += "  holds:\n";
  for (const FileObject& object : file.objects) {
    const bool is_digests = digested && (object.path + "/").starts_with(digests_group + "/");
    if (object.path == "/" || is_digests) continue;
    text += fmt::format("    {:<{}}  {}\n", printable(object.path), width, size_text(file, object));
  }
  text += tables_text(tables);
  if (!history.empty()) text += history_table(history, kind != nullptr && text_of(*kind) == "clustering");
  return text;
}

void inspect(const InspectOptions& options, const JobContext& context) {
  agree_on(context.comm, [&] {
    if (!context.comm.is_root()) return;
    for (const std::string& path : options.files) {
      const FileDescription file = describe_file(path);
      const History history = read_history(path, file, context.common.input_check);
      const std::vector<TableSummary> tables = summarize_tables(path, file, context.common.input_check);
      if (options.json) {
        print_data(json_text(describe_as_json(path, file, history, tables), one_line) + "\n");
      } else {
        print_result(describe_as_text(path, file, history, tables));
      }
    }
  });
}

RunJob describe_inspect(po::options_description& description) {
  auto options = std::make_shared<InspectOptions>();
  // clang-format off
  description.add_options()
    ("file", read_file(&options->files)->required(), "file to describe, repeatable; --file may be left out")
    ("json", po::bool_switch(&options->json), "one JSON object a file and line, for machines");
  // clang-format on
  return [options](JobContext& context) { inspect(*options, context); };
}

}  // namespace

Job inspect_job() {
  return {"inspect", "shows what a dataset, a model, a clustering or any other HDF5 file holds",
          "Links out of the file are listed and never followed. Sizes are those in the file, after compression.",
          describe_inspect, "file"};
}

}  // namespace rankwise
