#include "jobs/verify.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <vector>

#include "io/verify_file.hpp"
#include "jobs/byte_size.hpp"
#include "jobs/file_option.hpp"
#include "jobs/outcome.hpp"
#include "jobs/standard_output.hpp"

namespace rankwise {

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

std::string intact_line(const std::string& path, const Verification& found, double seconds) {
  return fmt::format("{}: intact: {} of {} dataset{}, {}, {:.2f} s\n", path, found.kind, found.datasets,
                     found.datasets == 1 ? "" : "s", bytes_text(static_cast<double>(found.file_bytes)), seconds);
}

void verify(const VerifyOptions& options, const JobContext& context) {
  const Communicator& comm = context.comm;
  Faults faults(comm);
  for (const std::string& path : options.files) {
    const auto begin = std::chrono::steady_clock::now();
    Verification found;
    try {
      found = check_file(comm, path);
    } catch (const AgreedError& error) {
      faults.add(error.code(), error.what());
      continue;
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
  faults.throw_if_any();
}

RunJob describe(po::options_description& description) {
  auto options = std::make_shared<VerifyOptions>();
  // clang-format off
  description.add_options()
    ("file", read_file(&options->files)->required(), "file to verify, repeatable; --file may be left out");
  // clang-format on
  return [options](JobContext& context) { verify(*options, context); };
}

}  // namespace

Job verify_job() {
  return {
      "verify", "tells whether files still hold what was written, or which rows of which dataset are damaged",
      "Every byte is read, shared out over the ranks, and compared with digests in the file: XXH3-64 over chunks of "
      "about 1 MiB\nof each dataset's rows, and one over attributes, shapes and the digests themselves. Then "
      "datasets, models, checkpoints\nand clusterings are read as the other jobs read them. Of a dataset, each matrix "
      "must have the entries of its transpose,\nand dataset-digest must be that of its rows. Ids must be UTF-8, and no "
      "two rows of a dataset or model may have the same id.\nAll files are checked; the highest exit code of any is "
      "returned: 65 if one is damaged or holds no digests, 66 if one is missing.",
      describe, "file"};
}

}  // namespace rankwise
