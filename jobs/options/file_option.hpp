#pragma once
// Options that name files and folders say how a run uses them, so that no run writes over what it reads.

#include <boost/program_options.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rankwise {

enum class FileUse {
  read,
  files_read,        ///< read: a file, a folder of files, a pattern or a list (io/files/input_paths.hpp)
  read_from_folder,  ///< read, and may be a file of the folder that the run works in: a checkpoint to begin from
  written,
  folder_read,
  folder_written,
};

using Endings = std::vector<std::string_view>;

/// What the names of output files may end in, by what is written into them. A name without an ending fits all.
inline const Endings hdf5_endings{".h5", ".hdf5"};
inline const Endings csv_endings{".csv"};
inline const Endings csv_or_hdf5_endings{".csv", ".h5", ".hdf5"};
inline const Endings json_endings{".json"};
inline const Endings json_lines_endings{".jsonl", ".ndjson", ".json", ".log"};
inline const Endings svg_endings{".svg"};
inline const Endings batch_script_endings{".sbatch", ".slurm", ".sh", ".job"};

/// The name of an output that is standard output. Fits only an option that has it among its endings.
inline constexpr std::string_view standard_output_name = "-";

/// What an option says about the file or folder that it names.
class FileRole {
 public:
  FileRole(FileUse use, Endings endings, std::vector<std::string_view> own)
      : use_(use), endings_(std::move(endings)), own_(std::move(own)) {}
  virtual ~FileRole() = default;
  FileRole(const FileRole&) = default;
  FileRole& operator=(const FileRole&) = default;

  [[nodiscard]] FileUse use() const { return use_; }
  /// Of an output file; empty: any.
  [[nodiscard]] const Endings& endings() const { return endings_; }
  /// Of a folder: paths in it that the run itself keeps there. One that ends in '/' or '-' stands for all that begin
  /// so.
  [[nodiscard]] const std::vector<std::string_view>& own() const { return own_; }

 private:
  FileUse use_;
  Endings endings_;
  std::vector<std::string_view> own_;
};

/// Boost's value of an option, with a role.
template <class Value>
class FileValue : public boost::program_options::typed_value<Value>, public FileRole {
 public:
  FileValue(Value* target, const char* name, FileRole role)
      : boost::program_options::typed_value<Value>(target), FileRole(std::move(role)) {
    this->value_name(name);
  }
};

/// A file that the run reads. `Value` is std::string, or a vector of them for an option that may be repeated; without a
/// target the option's notifier takes the value.
template <class Value>
[[nodiscard]] auto* read_file(Value* target) {
  return new FileValue<Value>(target, "FILE", {FileUse::read, {}, {}});
}
[[nodiscard]] inline auto* read_file() {
  return read_file<std::string>(nullptr);
}

/// A file that holds a secret which the run reads, or `env:NAME`, an environment variable that does.
[[nodiscard]] inline auto* secret_file(std::string* target) {
  return new FileValue<std::string>(target, "FILE|env:NAME", {FileUse::read, {}, {}});
}

/// Files that the run reads, each value one or many.
[[nodiscard]] inline auto* read_files(std::vector<std::string>* target) {
  return new FileValue<std::vector<std::string>>(target, "FILE", {FileUse::files_read, {}, {}});
}

/// A checkpoint that the run continues from.
[[nodiscard]] inline auto* checkpoint_file(std::string* target) {
  return new FileValue<std::string>(target, "FILE", {FileUse::read_from_folder, {}, {}});
}

/// A file that the run writes, whose name has one of these endings or none.
[[nodiscard]] inline auto* written_file(std::string* target, const Endings& endings) {
  return new FileValue<std::string>(target, "FILE", {FileUse::written, endings, {}});
}

/// A folder of which the run reads these files.
template <class Value>
[[nodiscard]] auto* read_folder(Value* target, std::vector<std::string_view> own) {
  return new FileValue<Value>(target, "DIR", {FileUse::folder_read, {}, std::move(own)});
}

/// A folder in which the run keeps these files.
[[nodiscard]] inline auto* written_folder(std::string* target, std::vector<std::string_view> own) {
  return new FileValue<std::string>(target, "DIR", {FileUse::folder_written, {}, std::move(own)});
}

/// The role that the option declares; null if it names no file.
[[nodiscard]] inline const FileRole* role_of(const boost::program_options::option_description& option) {
  return dynamic_cast<const FileRole*>(option.semantic().get());
}

}  // namespace rankwise
