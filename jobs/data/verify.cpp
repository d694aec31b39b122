#include "jobs/data/verify.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "io/files/unfinished_file.hpp"
#include "io/verify/listed_files.hpp"
#include "io/verify/verify_file.hpp"
#include "jobs/options/file_clashes.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/run/outcome.hpp"
#include "jobs/run/standard_output.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/units.hpp"
#include "slurm/batch/sbatch_file.hpp"

namespace rankwise {

namespace fs = std::filesystem;
namespace po = boost::program_options;

namespace {

struct VerifyOptions {
  std::vector<std::string> files;
};

/// Collects what is wrong. Each line is printed as an error; the last one ends the job, with the worst exit code.
class Faults {
 public:
  explicit Faults(const Communicator& comm) : comm_(comm) {}

  void add(ExitCode code, const std::string& line) {
    if (last_ && comm_.is_root()) print_error(*last_);
    last_ = line;
    worst_ = std::max(worst_, code);
  }
  void throw_if_any() const {
    if (last_) throw AgreedError(worst_, *last_);
  }

 private:
  const Communicator& comm_;
  ExitCode worst_ = ExitCode::done;
  std::optional<std::string> last_;
};

std::string writer_text(WriterState writer) {
  return writer == WriterState::alive ? "alive" : writer == WriterState::dead ? "dead" : "unknown";
}

std::string intact_line(const std::string& path, const Verification& found, double seconds) {
  return fmt::format("{}: intact: {} of {}, {}, {:.2f} s\n", path, found.kind,
                     counted(found.datasets, found.kind == list_files_kind ? "file" : "dataset"),
                     bytes_text(static_cast<double>(found.file_bytes)), seconds);
}

void verify_one(const std::string& path, const JobContext& context, Faults& faults) {
  const Communicator& comm = context.comm;
  const auto begin = std::chrono::steady_clock::now();
  Verification found;
  try {
    found = check_file(comm, path);
  } catch (const AgreedError& error) {
    faults.add(error.code(), error.what());
    return;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (const std::string& fault : found.faults) faults.add(ExitCode::bad_data, fault);
  if (found.faults.empty()) {
    agree_on(comm, [&] {
      if (comm.is_root()) print_result(intact_line(path, found, seconds));
    });
  }
  context.report.event("verified", {{"file", path},
                                    {"kind", found.kind},
                                    {"datasets", found.datasets},
                                    {"bytes", found.file_bytes},
                                    {"faults", static_cast<Index>(found.faults.size())},
                                    {"file_seconds", seconds}});
}

/// Of a folder and all below it, in order of their paths; folders that links name are not entered.
struct FolderContent {
  std::vector<std::string> files;  ///< with an ending of HDF5, and manifests of lists
  std::vector<FoundUnfinished> unfinished;
};

/// For one rank. Throws Error(no_input) where a folder cannot be read, or nothing is found.
FolderContent content_of(const std::string& folder) {
  FolderContent content{{}, unfinished_files(folder)};
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string path = entry->path().string();
    std::error_code ignored;  // it may be gone by now
    if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) {
      std::ranges::move(unfinished_files(path), std::back_inserter(content.unfinished));
    } else if (entry->is_regular_file(ignored) &&
               (std::ranges::find(hdf5_endings, ending_of(path)) != hdf5_endings.end() || is_manifest_name(path))) {
      content.files.push_back(path);
    }
  }
  if (error) throw Error(ExitCode::no_input, fmt::format("{}: {}", folder, error.message()));
  if (content.files.empty() && content.unfinished.empty()) {
    throw Error(ExitCode::no_input,
                fmt::format("{}: holds no file whose name ends in {}", folder, fmt::join(hdf5_endings, " or ")));
  }
  std::ranges::sort(content.files);
  return content;
}

std::string age_text(double seconds) {
  constexpr std::array<std::pair<double, const char*>, 3> units{{{86400, "d"}, {3600, "h"}, {60, "min"}}};
  for (const auto& [unit, name] : units) {
    if (seconds >= 2 * unit) return fmt::format("{:.0f} {}", std::floor(seconds / unit), name);
  }
  return fmt::format("{:.0f} s", std::floor(seconds));
}

std::string unfinished_line(const FoundUnfinished& file) {
  const std::string removal = fmt::format("rm {}", slurm::shell_word(file.path));
  const std::string writer =
      file.writer == WriterState::alive ? "a run is writing it now"
      : file.writer == WriterState::dead
          ? fmt::format("its writer was killed; the next run that writes {} removes it, or: {}", file.target, removal)
          : fmt::format("whether a run is writing it now is not known; if none is: {}", removal);
  return fmt::format("{}: unfinished: {}, last written {} ago; {}\n", file.path,
                     bytes_text(static_cast<double>(file.bytes)), age_text(file.seconds_since_write), writer);
}

/// Its HDF5 files, and what killed runs left of files that they were writing.
void verify_folder(const std::string& folder, const JobContext& context, Faults& faults) {
  const Communicator& comm = context.comm;
  std::string paths;
  try {
    paths = agree_on(comm, [&] {
      if (!comm.is_root()) return std::string();
      const FolderContent content = content_of(folder);
      for (const FoundUnfinished& file : content.unfinished) {
        print_result(unfinished_line(file));
        context.report.event("unfinished", {{"file", file.path},
                                            {"bytes", file.bytes},
                                            {"seconds_since_write", file.seconds_since_write},
                                            {"writer", writer_text(file.writer)}});
      }
      return fmt::format("{}", fmt::join(content.files, std::string_view("\0", 1)));
    });
  } catch (const AgreedError& error) {
    faults.add(error.code(), error.what());
    return;
  }
  comm.broadcast(paths);
  std::istringstream each(paths);
  for (std::string path; std::getline(each, path, '\0');) verify_one(path, context, faults);
}

void verify(const VerifyOptions& options, const JobContext& context) {
  const Communicator& comm = context.comm;
  Faults faults(comm);
  for (const std::string& path : options.files) {
    std::error_code ignored;
    const bool is_folder = comm.max(Index{comm.is_root() && fs::is_directory(path, ignored)}) != 0;
    if (is_folder) {
      verify_folder(path, context, faults);
    } else {
      verify_one(path, context, faults);
    }
  }
  faults.throw_if_any();
}

RunJob describe_verify(po::options_description& description) {
  auto options = std::make_shared<VerifyOptions>();
  // clang-format off
  description.add_options()
    // A folder's files, which nothing else of a run may be: roles know no more.
    ("file", read_folder(&options->files, {})->value_name("FILE|DIR")->required(), "file to verify, or folder whose HDF5 files are verified, with those below it; repeatable; --file may be left out");
  // clang-format on
  return [options](JobContext& context) { verify(*options, context); };
}

}  // namespace

Job verify_job() {
  return {
      "verify", "checks whether files still hold what was written, or which rows of which dataset are damaged",
      "Every byte is read, shared out over the ranks, and compared with digests in the file: XXH3-64 over chunks of "
      "about 1 MiB\nof each dataset's rows, and one over attributes, shapes and the digests themselves. Then "
      "datasets, models, checkpoints\nand clusterings are read as the other jobs read them. Of a dataset, each matrix "
      "must have the entries of its transpose,\namounts of orders must be the sums of their lines, and dataset-digest "
      "must be that of its rows.\nIds must be UTF-8, and no two rows of a dataset or model may have the same id.\nOf a "
      "folder, files that killed runs left unfinished are "
      "named too. All files are checked; the highest exit code of any is\nreturned: 65 if one is damaged or holds no "
      "digests, 66 if one is missing.",
      describe_verify, "file"};
}

}  // namespace rankwise
