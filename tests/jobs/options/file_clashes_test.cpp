// Which files of a run may not be one file: for every job and every pair of its options.

#include "jobs/options/file_clashes.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>

#include "jobs/options/options.hpp"
#include "jobs/run_job.hpp"
#include "tests/temporary_folder.hpp"

namespace rankwise {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const FileRole read_role{FileUse::read, {}, {}};
const FileRole written_role{FileUse::written, csv_endings, {}};

class FileClashes : public testing::Test {
 protected:
  FileClashes() {
    fs::current_path(folder_);
    std::ofstream("target") << "bytes";
  }
  ~FileClashes() override { fs::current_path(home_); }
  FileClashes(const FileClashes&) = delete;
  FileClashes& operator=(const FileClashes&) = delete;

  fs::path home_ = fs::current_path();
  TemporaryFolder made_;
  fs::path folder_ = made_.path;
};

std::string message_of(const std::vector<NamedFile>& files) {
  try {
    require_distinct_files(files);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return {};
}

/// "CODE: message" of what these files are refused with; "" if they are not.
std::string error_of(const std::vector<NamedFile>& files) {
  try {
    require_sound_files(files);
  } catch (const Error& error) {
    return fmt::format("{}: {}", static_cast<int>(error.code()), error.what());
  }
  return "";
}

/// A name that the option takes, of a file that does not exist.
std::string some_name(const FileRole& role, const std::string& stem) {
  return stem + (role.endings().empty() ? "" : std::string(role.endings().front()));
}

bool is_file(const FileRole& role) {
  return role.use() == FileUse::read || role.use() == FileUse::files_read || role.use() == FileUse::read_from_folder ||
         role.use() == FileUse::written;
}

struct JobFile {
  std::string option;
  FileRole role;
};

std::vector<JobFile> files_of(const Job& job) {
  po::options_description description;
  (void)job.describe(description);
  std::vector<JobFile> files{{"log-json", {FileUse::written, json_lines_endings, {}}}, {"config", read_role}};
  for (const auto& option : description.options()) {
    if (const FileRole* role = role_of(*option)) files.push_back({option->long_name(), *role});
  }
  return files;
}

/// What the job makes of these values of two options, and of some for the others that it needs.
std::vector<NamedFile> named_files(const Job& job, const std::vector<std::pair<std::string, std::string>>& given) {
  po::options_description description;
  (void)job.describe(description);
  std::vector<std::string> arguments;
  for (const auto& [option, path] : given) arguments.push_back("--" + option + "=" + path);
  for (const auto& option : description.options()) {
    const std::string& name = option->long_name();
    const bool is_given = std::ranges::any_of(given, [&](const auto& pair) { return pair.first == name; });
    if (is_given || !option->semantic()->is_required()) continue;
    const FileRole* role = role_of(*option);
    arguments.push_back("--" + name + "=" + (role != nullptr ? some_name(*role, "some-" + name) : "x"));
  }
  JobOptions options(job);
  options.parse_command_line(arguments);
  options.resolve(1);
  return options.files();
}

TEST_F(FileClashes, EveryPairOfAWrittenAndAnotherFileOfEveryJobIsRefused) {
  int pairs = 0;
  for (const Job& job : all_jobs()) {
    const std::vector<JobFile> files = files_of(job);
    for (const JobFile& written : files) {
      if (written.role.use() != FileUse::written) continue;
      const std::string link = some_name(written.role, "link");
      fs::remove(link);
      fs::create_symlink("target", link);
      for (const JobFile& other : files) {
        if (other.option == written.option || !is_file(other.role)) continue;
        const std::string name = some_name(other.role, "other");
        fs::remove(name);
        fs::create_hard_link("target", name);
        const std::string message = message_of(named_files(job, {{written.option, link}, {other.option, name}}));
        EXPECT_NE(message.find("--" + written.option + " " + link), std::string::npos) << job.name << ": " << message;
        EXPECT_NE(message.find("--" + other.option + " " + name), std::string::npos) << job.name << ": " << message;
        fs::remove(name);
        EXPECT_EQ(message_of(named_files(job, {{written.option, link}, {other.option, name}})), "") << job.name;
        ++pairs;
      }
      fs::remove(link);
    }
  }
  EXPECT_GT(pairs, 100);
}

TEST_F(FileClashes, ADirectoryInPlaceOfAFileIsRefusedByEveryOptionOfEveryJob) {
  int options = 0;
  for (const Job& job : all_jobs()) {
    for (const JobFile& option : files_of(job)) {
      if (!is_file(option.role)) continue;
      const bool is_written = option.role.use() == FileUse::written;
      const std::string name = some_name(option.role, "directory");
      fs::create_directories(name);
      const std::string problem = is_written ? "cannot create: it is a directory" : "is a directory, not a file";
      if (option.role.use() == FileUse::files_read) {  // a folder of files
        EXPECT_EQ(error_of(named_files(job, {{option.option, name}})), "") << job.name;
        continue;
      }
      EXPECT_EQ(error_of(named_files(job, {{option.option, name}})),
                fmt::format("{}: --{} {}: {}", is_written ? 73 : 66, option.option, name, problem))
          << job.name;
      ++options;
    }
  }
  EXPECT_GT(options, 60);
}

TEST_F(FileClashes, ANameThatIsTooLongIsRefusedByEveryOutputOfEveryJob) {
  int options = 0;
  for (const Job& job : all_jobs()) {
    for (const JobFile& option : files_of(job)) {
      if (option.role.use() != FileUse::written) continue;
      // Lists of a campaign always have a manifest, whose name is theirs and an ending.
      const bool has_manifest = job.name == "campaign assign" && option.option == "lists";
      const std::string manifest = has_manifest ? ".manifest.json" : "";
      const std::size_t ending = some_name(option.role, "").size() + manifest.size();
      const std::string longest = some_name(option.role, std::string(255 - ending, 'n'));
      EXPECT_EQ(error_of(named_files(job, {{option.option, longest}})), "") << job.name;
      EXPECT_EQ(error_of(named_files(job, {{option.option, "n" + longest}})),
                fmt::format("73: {}--{} n{}{}: cannot create: File name too long", has_manifest ? "a file of " : "",
                            option.option, longest, manifest))
          << job.name;
      ++options;
    }
  }
  EXPECT_GT(options, 30);
}

TEST_F(FileClashes, EveryOptionThatTakesAPathSaysHowItIsUsed) {
  for (const Job& job : all_jobs()) EXPECT_NO_THROW(JobOptions{job}) << job.name;
  const Job silent{"silent", "", "", [](po::options_description& description) -> RunJob {
                     description.add_options()("data", po::value<std::string>()->value_name("auto|FILE"), "");
                     return [](JobContext&) {};
                   }};
  EXPECT_THROW(JobOptions{silent}, std::logic_error);
}

TEST_F(FileClashes, OneLineNamesBothOptions) {
  EXPECT_EQ(message_of({{"--input", "target", read_role}, {"--output", "target", written_role}}),
            "--input and --output name the same file target; a run never writes over what it reads");
  EXPECT_EQ(message_of({{"--input", "target", read_role}, {"--output", "./target", written_role}}),
            "--input target and --output ./target are the same file; a run never writes over what it reads");
  EXPECT_EQ(message_of({{"--json", "new", written_role}, {"--csv", "new", written_role}}),
            "--json and --csv name the same file new; expected a file of its own for each");
  EXPECT_EQ(message_of({{"--input", "target", read_role}, {"--input", "target", read_role}}), "");
}

TEST_F(FileClashes, FilesToComeAreComparedByFolderAndName) {
  fs::create_directory("a");
  fs::create_directory("b");
  fs::create_directory_symlink("a", "c");
  fs::create_symlink("../a/new", "b/link");
  const auto both = [](const char* one, const char* other) {
    return message_of({{"--json", one, written_role}, {"--csv", other, written_role}}) != "";
  };
  EXPECT_TRUE(both("a/new", "c/new"));
  EXPECT_TRUE(both("a/new", "b/link"));
  EXPECT_TRUE(both("a/new", "b/../a/./new"));
  EXPECT_TRUE(both("missing/new", "./missing/new"));
  EXPECT_FALSE(both("a/new", "b/new"));
  EXPECT_FALSE(both("a/new", "a/other"));
  EXPECT_FALSE(both("missing/new", "absent/new"));
  EXPECT_FALSE(both("/dev/null", "/dev/null"));
}

TEST_F(FileClashes, AFoldersOwnFilesAreKeptForTheRun) {
  const FileRole folder{FileUse::folder_written, {}, {"newest", "records/", "epoch-"}};
  const auto clashes = [&folder](const char* path, FileUse use) {
    return message_of({{"--directory", "ck", folder}, {"--file", path, {use, {}, {}}}}) != "";
  };
  EXPECT_TRUE(clashes("ck/newest", FileUse::written));
  EXPECT_TRUE(clashes("ck/epoch-000001.h5", FileUse::read));
  EXPECT_TRUE(clashes("./x/../ck/records/t1.json", FileUse::read));
  EXPECT_TRUE(clashes("ck", FileUse::written));
  EXPECT_FALSE(clashes("ck/epoch-000001.h5", FileUse::read_from_folder));
  EXPECT_FALSE(clashes("ck/model.h5", FileUse::written));
  EXPECT_FALSE(clashes("ck/sub/newest", FileUse::written));
  EXPECT_FALSE(clashes("newest", FileUse::written));
}

TEST_F(FileClashes, EndingsAreKnownOrRefused) {
  const auto refusal = [](const char* path, const Endings& endings) -> std::string {
    try {
      require_known_ending({"--output", path, {FileUse::written, endings, {}}});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
    return {};
  };
  for (const char* path : {"a.csv", "a.CSV", "a", "a.d/b", ".csv", "/dev/stdout"})
    EXPECT_EQ(refusal(path, csv_endings), "") << path;
  EXPECT_EQ(refusal("a.csv.gz", csv_endings),
            "--output a.csv.gz: cannot write a file of the kind .csv.gz; expected a name that ends in .csv");
  EXPECT_EQ(
      refusal("x/a.parquet", csv_or_hdf5_endings),
      "--output x/a.parquet: cannot write a file of the kind .parquet; expected a name that ends in .csv, .h5, .hdf5");
}

}  // namespace
}  // namespace rankwise
