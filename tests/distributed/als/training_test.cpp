// The owner of the training loop: the order of what a driver sees, and how a training ends.

#include "distributed/als/training.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "tests/distributed/als/als_log.hpp"

namespace rankwise {
namespace {

/// Notes what is called, and throws at one of the calls.
class NotingDriver final : public PlainDriver {
 public:
  static constexpr std::size_t never = static_cast<std::size_t>(-1);
  explicit NotingDriver(std::size_t fails_at = never) : fails_at_(fails_at) {}

  void begin(const AlsTraining& /*training*/) override { note("begin"); }
  bool is_over(const AlsTraining& training) override {
    note("is over");
    return training.progress.epochs() >= most_epochs;
  }
  void begin_epoch(const AlsTraining& /*training*/, Index epoch) override { note("epoch " + std::to_string(epoch)); }
  std::shared_ptr<void> accompany(const HalfSweepTask& task) override {
    note(task.solves == SolvedSide::users ? "before users" : "before items");
    return std::shared_ptr<void>(this, [](NotingDriver* driver) { ++driver->left; });
  }
  void end_sweep(const HalfSweepTask& task, const HalfSweep& done) override {
    PlainDriver::end_sweep(task, done);
    note(task.solves == SolvedSide::users ? "users" : "items");
  }
  void end_epoch(const AlsTraining& training, EpochLoss& loss, double seconds) override {
    EXPECT_EQ(&training.progress.history.back(), &loss);
    EXPECT_GE(seconds, 0);
    note("end");
  }
  void pause(const AlsTraining& /*training*/, double /*seconds*/) override { note("pause"); }
  void finish() override { note("finish"); }
  void abandon() override { ++abandoned; }

  std::vector<std::string> calls;
  Index most_epochs = 100;
  int abandoned = 0;
  int left = 0;  ///< half-sweeps, by whatever way

 private:
  void note(const std::string& call) {
    calls.push_back(call);
    if (calls.size() - 1 == fails_at_) throw AgreedError(ExitCode::bad_data, "fails at " + call);
  }
  std::size_t fails_at_;
};

/// Whole sides, whose rows are sent while others are solved, and sides in batches; shared rows too.
std::vector<LogTraining> set_ups(const Communicator& comm) {
  LogTraining batches;
  batches.user_limit = batches.item_limit = {60, 60};
  LogTraining node;
  node.nodes = std::make_shared<const NodeGroup>(NodeGroup::of_nodes(comm));
  LogTraining shared;
  shared.least_shared = 1;
  return {LogTraining(), batches, node, shared};
}

bool is_complete(const AlsTraining& training) {
  return !training.users.side.incoming && !training.items.side.incoming;
}

TEST(Training, CallsItsDriverAtEachBoundary) {
  const Communicator comm = Communicator::world();
  AlsTraining training = training_of(comm, objectives()[0], Log(200, 150, 3000, 1), 4, 2);
  NotingDriver driver;
  train(comm, training, driver);
  const std::vector<std::string> expected{"begin",        "is over",      "epoch 1",      "before users", "users",
                                          "pause",        "before items", "items",        "end",          "pause",
                                          "is over",      "epoch 2",      "before users", "users",        "pause",
                                          "before items", "items",        "end",          "pause",        "finish"};
  EXPECT_EQ(driver.calls, expected);
  EXPECT_EQ(driver.abandoned, 0);
  EXPECT_EQ(driver.left, 4);
  EXPECT_TRUE(is_complete(training));
}

TEST(Training, GoesOnInTheMiddleOfAnEpoch) {
  const Communicator comm = Communicator::world();
  const Log log(200, 150, 3000, 1);
  const AlsRun expected = run_als(comm, objectives()[0], log, 4, 2);
  AlsTraining training = training_of(comm, objectives()[0], log, 4, 2);
  NotingDriver until_half(5);  // "pause", after the first half-sweep
  EXPECT_THROW(train(comm, training, until_half), AgreedError);
  EXPECT_EQ(training.progress.half_sweeps(), 1);
  PlainDriver driver;
  train(comm, training, driver);
  EXPECT_EQ(whole(comm, training.users.factors.factors), expected.users);
  EXPECT_EQ(whole(comm, training.items.factors.factors), expected.items);
}

/// Features of rows that have a pattern, and their regression onto factors.
std::shared_ptr<const FactorRegression> regression_of(const Communicator& comm, const Objective& objective,
                                                      const Log& log, Orientation orientation,
                                                      const Partition& partition) {
  const std::vector<Index> sizes = row_sizes(log, orientation);
  const Index opposite = orientation == Orientation::by_user ? log.items : log.users;
  FeatureRows rows;
  rows.width = 9;
  std::vector<float> weights;
  const RowRange mine = partition.range(comm.rank());
  for (Index row = mine.begin; row < mine.end; ++row) {
    rows.features.insert(rows.features.end(), {0, static_cast<std::int32_t>(1 + row % 7), 8});
    rows.values.insert(rows.values.end(), {1.0F, 1.0F, static_cast<float>(row % 5) - 2});
    rows.offsets.push_back(std::ssize(rows.features));
    rows.is_described.push_back(1);
    const Index size = sizes[static_cast<std::size_t>(row)];
    weights.push_back(size > 0 ? objective.row_regularization(size, opposite) : 0.0F);
  }
  return std::make_shared<const FactorRegression>(comm, std::move(rows), std::move(weights), 2);
}

AlsTraining with_features(const Communicator& comm, const Objective& objective, const Log& log, Index epochs,
                          LogTraining set_up) {
  set_up.solver.choice = SolverChoice::primal;
  AlsTraining training = training_of(comm, objective, log, 4, epochs, set_up);
  training.users.regression =
      regression_of(comm, objective, log, Orientation::by_user, training.users.factors.factors.partition);
  training.items.regression =
      regression_of(comm, objective, log, Orientation::by_item, training.items.factors.factors.partition);
  return training;
}

TEST(Training, WithFeaturesGivesTheSameBitsAnyWayAndFromTheMiddleOfAnEpoch) {
  const Communicator comm = Communicator::world();
  const Communicator single = Communicator::single();
  const Log log(200, 150, 3000, 1);
  for (const Objective& objective : objectives()) {
    AlsTraining alone = with_features(single, objective, log, 4, {});
    PlainDriver driver;
    train(single, alone, driver);  // which lets no loss rise
    const std::vector<float> users = whole(single, alone.users.factors.factors);
    const std::vector<float> items = whole(single, alone.items.factors.factors);
    const AlsRun plain = run_als(single, objective, log, 4, 4, {.choice = SolverChoice::primal});
    EXPECT_NE(users, plain.users);
    for (const LogTraining& set_up : set_ups(comm)) {
      if (set_up.user_limit.batch < 100 && set_up.least_shared == 1 && !objective.has_closed_loss()) continue;
      AlsTraining training = with_features(comm, objective, log, 4, set_up);
      NotingDriver until_half(23);  // "pause", after the first half-sweep of the third epoch
      EXPECT_THROW(train(comm, training, until_half), AgreedError);
      EXPECT_EQ(training.progress.half_sweeps(), 5);
      training.users.factors.prior = {};  // as if only what a checkpoint holds were there
      training.items.factors.prior = {};
      train(comm, training, driver);
      EXPECT_EQ(whole(comm, training.users.factors.factors), users);
      EXPECT_EQ(whole(comm, training.items.factors.factors), items);
      for (std::size_t epoch = 0; epoch < 4; ++epoch)
        EXPECT_EQ(training.progress.history[epoch].total(), alone.progress.history[epoch].total()) << epoch;
    }
  }
}

TEST(Training, CompletesWhatIsOnItsWayIfItsDriverHasEnough) {
  const Communicator comm = Communicator::world();
  AlsTraining training = training_of(comm, objectives()[0], Log(200, 150, 3000, 1), 4, 5);
  NotingDriver driver;
  driver.most_epochs = 2;
  train(comm, training, driver);
  EXPECT_EQ(training.progress.epochs(), 2);
  EXPECT_TRUE(is_complete(training));
}

TEST(Training, CompletesWhatIsOnItsWayIfTheLastItemsTravel) {
  const Communicator comm = Communicator::world();
  AlsTraining training = training_of(comm, objectives()[0], Log(200, 150, 3000, 1), 4, 2);
  training.last_items = LastItems::travel;
  PlainDriver driver;
  train(comm, training, driver);
  EXPECT_TRUE(is_complete(training));
}

TEST(Training, CompletesWhatIsOnItsWayWhereverItsDriverFails) {
  const Communicator comm = Communicator::world();
  const Log log(200, 150, 3000, 1);
  for (const LogTraining& set_up : set_ups(comm)) {
    NotingDriver whole_run;
    AlsTraining undisturbed = training_of(comm, objectives()[0], log, 4, 2, set_up);
    train(comm, undisturbed, whole_run);
    for (std::size_t call = 0; call < whole_run.calls.size(); ++call) {
      SCOPED_TRACE(whole_run.calls[call]);
      AlsTraining training = training_of(comm, objectives()[0], log, 4, 2, set_up);
      NotingDriver driver(call);
      try {
        train(comm, training, driver);
        FAIL() << "throws nothing";
      } catch (const AgreedError& error) {
        EXPECT_EQ(error.code(), ExitCode::bad_data);
        EXPECT_EQ(error.what(), "fails at " + whole_run.calls[call]);
      }
      EXPECT_EQ(driver.abandoned, 1);
      EXPECT_TRUE(is_complete(training));
    }
    // Nothing is left that a training after them could take for its own.
    AlsTraining after = training_of(comm, objectives()[0], log, 4, 2, set_up);
    PlainDriver driver;
    train(comm, after, driver);
    EXPECT_EQ(whole(comm, after.users.factors.factors), whole(comm, undisturbed.users.factors.factors));
  }
}

/// Makes the loss of each epoch 0, so that the next one is higher.
class SpoilingDriver final : public PlainDriver {
 public:
  void end_epoch(const AlsTraining& /*training*/, EpochLoss& loss, double /*seconds*/) override {
    loss.observed = loss.unobserved = loss.regularizer = 0;
  }
  void abandon() override { ++abandoned; }
  int abandoned = 0;
};

TEST(Training, RefusesALossThatRisesUnderAnExactSolver) {
  const Communicator comm = Communicator::world();
  AlsTraining training = training_of(comm, objectives()[0], Log(200, 150, 3000, 1), 4, 3);
  SpoilingDriver driver;
  try {
    train(comm, training, driver);
    FAIL() << "throws nothing";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::internal);
    EXPECT_NE(std::string(error.what()).find("epoch 2: the loss rose from"), std::string::npos) << error.what();
  }
  EXPECT_EQ(driver.abandoned, 1);
  EXPECT_EQ(training.progress.epochs(), 1);
  EXPECT_TRUE(is_complete(training));
}

/// Stops half-sweeps between batches, as a request to stop does.
class StoppingDriver final : public TrainingDriver {
 public:
  SweepHooks hooks() override {
    return {[] {}, [] { return false; }};
  }
  void end_sweep(const HalfSweepTask& /*task*/, const HalfSweep& done) override {
    if (done.was_stopped) throw AgreedError(ExitCode::stopped_early, "stopped");
  }
};

TEST(Training, CompletesTheNextBatchIfAHalfSweepIsStopped) {
  const Communicator comm = Communicator::world();
  for (const Index least_shared : {Index{1}, Index{1000}}) {
    LogTraining set_up;
    set_up.user_limit = set_up.item_limit = {60, 60};
    set_up.least_shared = least_shared;
    AlsTraining training = training_of(comm, objectives()[3], Log(200, 150, 3000, 1), 4, 2, set_up);
    ASSERT_GT(training.users.side.batches.size(), 1U);
    StoppingDriver driver;
    EXPECT_THROW(train(comm, training, driver), AgreedError);
    EXPECT_TRUE(is_complete(training));
  }
}

}  // namespace
}  // namespace rankwise
