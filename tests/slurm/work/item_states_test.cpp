#include "slurm/work/item_states.hpp"

#include <gtest/gtest.h>

#include "slurm/batch/slurm_queue.hpp"

namespace rankwise::slurm {
namespace {

using Place = TaskInQueue::Place;

const Job job{.name = "s-0", .submission = "s", .tasks = {{"a"}}, .id = "17"};

ItemState state_of(std::string_view attempts, const TaskInQueue& task) {
  return item_state("a", job, task, parse_attempts(attempts));
}

TEST(Attempts, ReadBackAndPassByWhatIsCutShort) {
  const auto attempts = parse_attempts(
      "begin 100 s-0 17_0 0 n1\nend 160 s-0 17_0 0 75\nnonsense\nbegin 300 s-0 17_0 1 n2\nend 310 s-0 17_0 1 13");
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].begin_seconds, 100);
  EXPECT_EQ(attempts[0].end_seconds, 160);
  EXPECT_EQ(attempts[0].exit_code, 75);
  EXPECT_EQ(attempts[1].restart, 1);
  EXPECT_EQ(attempts[1].host, "n2");
  EXPECT_FALSE(attempts[1].exit_code);  // "13" may be the beginning of "137"
}

TEST(Attempts, TwoJobsAtOnceEndEachItsOwn) {
  const auto attempts =
      parse_attempts("begin 1 s-0 17_0 0 n1\nbegin 9 s-0 17_0 1 n2\nend 12 s-0 17_0 0 143\nend 20 s-0 17_0 1 0\n");
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].exit_code, 143);
  EXPECT_EQ(attempts[1].exit_code, 0);
}

TEST(ItemState, WhatEndedByItselfIsOverWhateverTheQueueSays) {
  for (const Place place : {Place::absent, Place::waiting, Place::running, Place::ended, Place::unknown}) {
    EXPECT_EQ(state_of("begin 1 s-0 17_0 0 n1\nend 2 s-0 17_0 0 0\n", {place, "17_0", ""}).phase, ItemPhase::done);
    const ItemState failed = state_of("begin 1 s-0 17_0 0 n1\nend 2 s-0 17_0 0 3\n", {place, "17_0", ""});
    EXPECT_EQ(failed.phase, ItemPhase::failed);
    EXPECT_EQ(failed.exit_code, 3);
  }
}

TEST(ItemState, TheQueueDecidesForWhatIsToGoOn) {
  constexpr std::string_view stopped = "begin 1 s-0 17_0 0 n1\nend 2 s-0 17_0 0 75\n";
  EXPECT_EQ(state_of(stopped, {Place::waiting, "17_0", "BeginTime"}).phase, ItemPhase::waiting);
  EXPECT_EQ(state_of(stopped, {Place::waiting, "17_0", "BeginTime"}).reason, "BeginTime");
  EXPECT_EQ(state_of(stopped, {Place::running, "17_0", ""}).phase, ItemPhase::waiting);  // behind others of its job
  EXPECT_EQ(state_of(stopped, {Place::unknown, "", "squeue: no"}).phase, ItemPhase::unknown);
  EXPECT_EQ(state_of(stopped, {}).phase, ItemPhase::lost);
  EXPECT_EQ(state_of(stopped, {Place::ended, "17_0", "job 17_0 ended: TIMEOUT"}).reason, "job 17_0 ended: TIMEOUT");
  constexpr std::string_view begun = "begin 1 s-0 17_0 0 n1\n";
  EXPECT_EQ(state_of(begun, {Place::running, "17_0", ""}).phase, ItemPhase::running);
  EXPECT_EQ(state_of(begun, {}).phase, ItemPhase::lost);
  EXPECT_EQ(state_of("", {}).phase, ItemPhase::lost);
  EXPECT_EQ(state_of("", {Place::waiting, "17_0", "Priority"}).phase, ItemPhase::waiting);
}

TEST(ItemState, KilledAloneFailsAndKilledWithItsJobIsLost) {
  constexpr std::string_view killed = "begin 1 s-0 17_0 0 n1\nend 2 s-0 17_0 0 139\n";
  EXPECT_EQ(state_of(killed, {}).phase, ItemPhase::failed);
  EXPECT_EQ(state_of(killed, {}).reason, "ended by signal 11");
  EXPECT_EQ(state_of(killed, {Place::ended, "17_0", "job 17_0 ended: CANCELLED"}).phase, ItemPhase::lost);
  EXPECT_EQ(state_of(killed, {Place::waiting, "17_0", ""}).phase, ItemPhase::waiting);
}

TEST(ItemStates, RunsOfAnEarlierSubmissionDoNotCountAndRefusedOnesChangeNothing) {
  const Job later{.name = "t-0", .submission = "t", .tasks = {{"b"}, {"a"}}, .id = "18"};
  Job refused{.name = "u-0", .submission = "u", .tasks = {{"a"}}, .id = "", .refused = true};
  const auto nowhere = [](const Job&, std::size_t) { return TaskInQueue(); };
  const auto attempts = [](const std::string& item) {
    return parse_attempts(item == "a" ? "begin 1 s-0 17_0 0 n1\nend 2 s-0 17_0 0 3\n" : "");
  };
  const std::vector<Job> jobs{job, later, refused};
  const auto states = item_states(jobs, nowhere, attempts);
  ASSERT_EQ(states.size(), 2U);
  EXPECT_EQ(states[0].name, "a");
  EXPECT_EQ(states[0].submission, "t");
  EXPECT_EQ(states[0].phase, ItemPhase::lost);
  EXPECT_EQ(states[1].name, "b");
}

TEST(Queue, LinesOfSqueueBecomePlaces) {
  const auto entries = parse_queue(
      "17_0|17|0|s-0|RUNNING|None\n17_1|17|1|s-0|PENDING|JobArrayTaskLimit\n17_2|17|2|s-0|TIMEOUT|TimeLimit\n"
      "17_3|17|3|s-0|COMPLETED|None\n17_4|17|4|s-0|CANCELLED|None\nslurm_load_jobs error: no\n");
  ASSERT_EQ(entries.size(), 5U);
  EXPECT_EQ(entries[1].array, "17");
  EXPECT_EQ(place_of(entries[0]).place, Place::running);
  EXPECT_EQ(place_of(entries[1]).place, Place::waiting);
  EXPECT_EQ(place_of(entries[1]).reason, "JobArrayTaskLimit");
  EXPECT_EQ(place_of(entries[2]).place, Place::ended);
  EXPECT_EQ(place_of(entries[2]).reason, "job 17_2 ended: TIMEOUT (TimeLimit)");
  EXPECT_EQ(place_of(entries[3]).place, Place::succeeded);
  EXPECT_EQ(place_of(entries[4]).reason, "job 17_4 ended: CANCELLED");
  EXPECT_EQ(parse_queue("a|b|c\n").size(), 0U);
}

TEST(Configuration, NumbersAreReadAndOthersLeft) {
  const auto configuration = parse_configuration("MaxArraySize            = 1001\nKillWait  = 30 sec\n\nfoo\n");
  EXPECT_EQ(number_in(configuration, "MaxArraySize", 5), 1001);
  EXPECT_EQ(number_in(configuration, "KillWait", 5), 5);
  EXPECT_EQ(number_in(configuration, "Absent", 5), 5);
  EXPECT_EQ(configuration.at("KillWait"), "30 sec");
}

TEST(Jobs, ItemsFillTasksAndTasksFillJobs) {
  Submission submission{.name = "s", .items = {}, .resources = {}, .after = {}, .batch = {}};
  for (int n = 0; n < 11; ++n) submission.items.push_back({"i" + std::to_string(n), {"true"}});
  const auto jobs = jobs_of(submission, 2, 4);
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].name, "s-0");
  EXPECT_EQ(jobs[0].tasks.size(), 4U);
  ASSERT_EQ(jobs[1].tasks.size(), 2U);
  EXPECT_EQ(jobs[1].tasks[1], std::vector<std::string>{"i10"});
}

}  // namespace
}  // namespace rankwise::slurm
