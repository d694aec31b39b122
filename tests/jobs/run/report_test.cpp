#include "jobs/run/report.hpp"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "jobs/run/phase_table.hpp"
#include "tests/io/shared_folder.hpp"

namespace rankwise {
namespace {

std::vector<nlohmann::json> events_of(const std::string& path) {
  std::vector<nlohmann::json> events;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) events.push_back(nlohmann::json::parse(line));
  return events;
}

TEST(PhaseSummary, SpansRanksThatSawDifferentPhases) {
  const Communicator comm = Communicator::world();
  const Index rank = comm.rank();
  const Index ranks = comm.size();
  std::vector<PhaseCost> mine{{"common", 1'000'000'000 * (rank + 1), 2e9, 10}};
  if (rank == ranks - 1) mine.push_back({"only last", 3'000'000'000, 0, 0});
  const auto phases = summarize_phases(comm, mine);
  ASSERT_EQ(phases.size(), 2U);
  EXPECT_EQ(phases[0].name, "common");
  EXPECT_DOUBLE_EQ(phases[0].min_seconds, 1);
  EXPECT_DOUBLE_EQ(phases[0].max_seconds, static_cast<double>(ranks));
  EXPECT_DOUBLE_EQ(phases[0].mean_seconds, static_cast<double>(ranks + 1) / 2);
  EXPECT_DOUBLE_EQ(phases[0].imbalance(), 2.0 * static_cast<double>(ranks) / static_cast<double>(ranks + 1));
  EXPECT_DOUBLE_EQ(phases[0].flops, 2e9 * static_cast<double>(ranks));
  EXPECT_DOUBLE_EQ(phases[0].gflops(), 2);
  EXPECT_EQ(phases[0].interactions, 10 * ranks);
  EXPECT_DOUBLE_EQ(phases[0].interactions_per_second(), 10);
  EXPECT_EQ(phases[1].name, "only last");
  EXPECT_DOUBLE_EQ(phases[1].min_seconds, ranks == 1 ? 3 : 0);
  EXPECT_DOUBLE_EQ(phases[1].max_seconds, 3);
}

TEST(PhaseSummary, NothingHappenedIsFine) {
  const Communicator comm = Communicator::world();
  EXPECT_TRUE(summarize_phases(comm, {}).empty());
}

TEST(PhaseTable, ShowsDashesWhereNothingWasCounted) {
  PhaseSummary read{"read", 1, 1.5, 2, 0, 0};
  PhaseSummary sweep{"sweep", 2, 2, 2, 4e11, 1000};
  const std::string table = phase_table(std::vector{read, sweep}, 400);
  EXPECT_NE(table.find("read       1.000      1.500      2.000       1.33         -        -               -"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("sweep      2.000      2.000      2.000       1.00     200.0      50%             500"),
            std::string::npos)
      << table;
}

TEST(Report, LogsEventsPhasesAndTheEnd) {
  const Communicator comm = Communicator::world();
  const SharedFolder folder(comm);
  const std::string path = folder.file("log.jsonl");
  {
    Report report(comm, {.quiet = true, .log_json = path, .threads = 1});
    report.event("epoch", {{"epoch", Index{3}}, {"loss", 0.5}, {"note", "a \"word\"\n\xff"}, {"broken", std::nan("")}});
    {
      const auto timer = report.phase("sweep");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    {
      const auto timer = report.phase("sweep");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    report.warning("a list is empty");
    report.add_flops("sweep", 1e6);
    report.add_bytes_sent(Index{100} * (comm.rank() + 1));
    report.finish();
  }
  if (comm.is_root()) {
    auto events = events_of(path);
    EXPECT_EQ(events.size(), 4U);
    if (events.size() == 4) {
      EXPECT_EQ(events[1]["event"], "warning");
      EXPECT_EQ(events[1]["text"], "a list is empty");
      events.erase(events.begin() + 1);
      EXPECT_EQ(events[0]["event"], "epoch");
      EXPECT_EQ(events[0]["epoch"], 3);
      EXPECT_EQ(events[0]["loss"], 0.5);
      EXPECT_EQ(events[0]["note"], "a \"word\"\n\\xff");
      EXPECT_TRUE(events[0]["broken"].is_null());
      EXPECT_GE(events[0]["seconds"].get<double>(), 0);
      EXPECT_EQ(events[1]["event"], "phase");
      EXPECT_EQ(events[1]["phase"], "sweep");
      EXPECT_GE(events[1]["min_seconds"].get<double>(), 0.04);
      EXPECT_GT(events[1]["gflops"].get<double>(), 0);
      EXPECT_GT(events[1]["share_of_peak"].get<double>(), 0);
      EXPECT_LT(events[1]["share_of_peak"].get<double>(), 1);
      EXPECT_EQ(events[2]["event"], "finished");
      EXPECT_EQ(events[2]["min_bytes_sent"], 100);
      EXPECT_EQ(events[2]["max_bytes_sent"], 100 * comm.size());
      EXPECT_GT(events[2]["max_peak_memory_bytes"].get<double>(), 1e6);
      EXPECT_GT(events[2]["peak_gflops"].get<double>(), 0.1);
    }
  }
}

TEST(Report, ALogThatCannotBeMadeIsAgreedOn) {
  const Communicator comm = Communicator::world();
  try {
    const Report report(comm, {.quiet = true, .log_json = "/nowhere/at/all.json", .threads = 1});
    ADD_FAILURE() << "the log was made";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::cannot_create);
    EXPECT_NE(std::string(error.what()).find("/nowhere/at/all.json"), std::string::npos);
  }
}

TEST(Report, AFullDiskIsAgreedOn) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const Communicator comm = Communicator::world();
  Report report(comm, {.quiet = true, .log_json = "/dev/full", .threads = 1});
  report.event("epoch", {});
  report.finish();
  EXPECT_THROW(report.require_log(), AgreedError);
  report.require_log();  // told once
}

}  // namespace
}  // namespace rankwise
