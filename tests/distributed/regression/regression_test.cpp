// Regression over ranks: the same bits as on one rank, and what plain loops give.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "distributed/regression/cross_validation.hpp"
#include "distributed/regression/feature_terms.hpp"
#include "distributed/regression/prediction_quality.hpp"
#include "distributed/regression/regression_fit.hpp"
#include "distributed/regression/row_folds.hpp"
#include "distributed/regression/sorted_predictions.hpp"
#include "distributed/regression/weighted_sums.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/base/philox.hpp"

namespace rankwise {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

class RegressionTest : public testing::Test {
 protected:
  static constexpr Index rows = 517;
  static constexpr Index width = 5;

  static double draw(Index row, std::uint32_t number) {
    return RandomStream(3, RandomPurpose::sweep_points).uniform(row, number);
  }
  static RowRange share(const Communicator& comm) { return Partition::by_count(rows, comm.size()).range(comm.rank()); }
  static DesignMatrix design(const Communicator& comm) {
    DesignMatrix design{share(comm), rows, width, {}};
    for (Index row = design.rows.begin; row < design.rows.end; ++row) {
      design.values.push_back(1);
      design.values.push_back(2 * draw(row, 0) - 1);
      design.values.push_back(1000 * (draw(row, 1) - 0.3));
      design.values.push_back(draw(row, 2) < 0.2 ? 1 : 0);
      design.values.push_back(1e-3 * draw(row, 3));
    }
    return design;
  }
  static std::vector<double> outcomes(const Communicator& comm) {
    std::vector<double> found;
    for (Index row = share(comm).begin; row < share(comm).end; ++row)
      found.push_back(draw(row, 4) < 0.3 + 0.4 * draw(row, 0) ? 1 : 0);
    return found;
  }
  static std::vector<std::int32_t> folds(const Communicator& comm) {
    std::vector<std::int32_t> found;
    for (Index row = share(comm).begin; row < share(comm).end; ++row)
      found.push_back(row % 11 == 5 ? no_fold : static_cast<std::int32_t>(draw(row, 5) * 3));
    return found;
  }

  Communicator comm_ = Communicator::world();
  Communicator alone_ = Communicator::single();
};

TEST_F(RegressionTest, SumsHaveTheBitsOfOneRank) {
  const auto sums_on = [](const Communicator& comm) {
    const DesignMatrix matrix = design(comm);
    const WeightedSums sums(comm, matrix);
    std::vector<double> weights;
    for (Index row = matrix.rows.begin; row < matrix.rows.end; ++row) weights.push_back(draw(row, 6));
    return sums.sum(comm, weights, outcomes(comm));
  };
  const NormalEquations here = sums_on(comm_);
  const NormalEquations alone = sums_on(alone_);
  EXPECT_EQ(here.lower, alone.lower);
  EXPECT_EQ(here.right, alone.right);
  const DesignMatrix matrix = design(alone_);
  for (Index i = 0; i < width; ++i) {
    for (Index j = 0; j <= i; ++j) {
      long double sum = 0;
      for (Index row = 0; row < rows; ++row)
        sum += static_cast<long double>(draw(row, 6)) * matrix.row(row)[i] * matrix.row(row)[j];
      EXPECT_NEAR(here.at(i, j), static_cast<double>(sum), 1e-12 * std::abs(static_cast<double>(sum)) + 1e-13);
    }
  }
}

TEST_F(RegressionTest, FitsAreStationaryAndHaveTheBitsOfOneRank) {
  for (const RegressionModel model : {RegressionModel::logistic, RegressionModel::ridge}) {
    const auto fit_on = [&](const Communicator& comm) {
      const DesignMatrix matrix = design(comm);
      const WeightedSums sums(comm, matrix);
      const std::vector<double> came = outcomes(comm);
      const std::vector<std::uint8_t> all(came.size(), 1);
      const RegressionTask task{model, came, all, 0.7};
      RegressionFit fit = fit_regression(comm, sums, task);
      measure_errors(comm, sums, task, fit);
      return fit;
    };
    const RegressionFit here = fit_on(comm_);
    const RegressionFit alone = fit_on(alone_);
    EXPECT_TRUE(here.has_converged);
    EXPECT_EQ(here.coefficients, alone.coefficients);
    EXPECT_EQ(here.standard_errors, alone.standard_errors);
    EXPECT_EQ(here.objective, alone.objective);
    // The derivative of the objective vanishes.
    const DesignMatrix matrix = design(alone_);
    const std::vector<double> came = outcomes(alone_);
    const std::vector<double> predicted = predictions_of(model, linear_scores(matrix, here.coefficients));
    for (Index c = 0; c < width; ++c) {
      const auto place = static_cast<std::size_t>(c);
      double slope = c == 0 ? 0 : 0.7 * here.coefficients[place];
      double size = 1;
      for (Index row = 0; row < rows; ++row) {
        const double term =
            (predicted[static_cast<std::size_t>(row)] - came[static_cast<std::size_t>(row)]) * matrix.row(row)[c];
        slope += term;
        size += std::abs(term);
      }
      EXPECT_NEAR(slope / size, 0, 1e-8) << c;
      EXPECT_GT(here.standard_errors[place], 0);
    }
  }
}

TEST_F(RegressionTest, RowsWithoutAFoldHaveNoSay) {
  const auto validate_on = [](const Communicator& comm, double spoilt) {
    const DesignMatrix matrix = design(comm);
    const WeightedSums sums(comm, matrix);
    std::vector<double> came = outcomes(comm);
    const std::vector<std::int32_t> of_rows = folds(comm);
    for (std::size_t row = 0; row < came.size(); ++row) {
      if (of_rows[row] == no_fold) came[row] = spoilt;
    }
    return cross_validate(comm, sums, RegressionModel::logistic, came, of_rows, 3, {1, 100, 10});
  };
  const CrossValidation here = validate_on(comm_, 0);
  const CrossValidation alone = validate_on(alone_, 1);
  ASSERT_EQ(here.trials.size(), 3U);
  EXPECT_EQ(here.trials[0].penalty, 100);
  EXPECT_EQ(here.best, alone.best);
  for (std::size_t trial = 0; trial < 3; ++trial) {
    EXPECT_EQ(here.trials[trial].loss, alone.trials[trial].loss);
    EXPECT_EQ(here.trials[trial].standard_error, alone.trials[trial].standard_error);
    EXPECT_GE(here.trials[trial].loss, here.trials[here.best].loss);
  }
  for (std::size_t row = 0; row < here.predictions.size(); ++row) {
    const double expected = alone.predictions[static_cast<std::size_t>(share(comm_).begin) + row];
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(here.predictions[row]));
    } else {
      EXPECT_EQ(here.predictions[row], expected);
    }
  }
}

TEST_F(RegressionTest, SeparatedOutcomesHaveNoFitWithoutAPenalty) {
  const DesignMatrix matrix = design(comm_);
  const WeightedSums sums(comm_, matrix);
  std::vector<double> came;
  for (Index row = matrix.rows.begin; row < matrix.rows.end; ++row) came.push_back(draw(row, 0) > 0.5 ? 1 : 0);
  const std::vector<std::uint8_t> all(came.size(), 1);
  const RegressionFit fit = fit_regression(comm_, sums, {RegressionModel::logistic, came, all, 0});
  EXPECT_TRUE(!fit.has_converged || fit.objective < 1e-3);
  EXPECT_TRUE(fit_regression(comm_, sums, {RegressionModel::logistic, came, all, 1}).has_converged);
}

TEST_F(RegressionTest, QualityIsThatOfAllPairs) {
  std::vector<double> predicted;
  std::vector<double> came;
  std::vector<double> all_predicted;
  std::vector<double> all_came;
  for (Index row = 0; row < rows; ++row) {
    all_predicted.push_back(std::floor(20 * draw(row, 7)) / 20 + 0.01);  // with ties
    all_came.push_back(draw(row, 8) < all_predicted.back() ? 1 : 0);
    if (!share(comm_).contains(row)) continue;
    predicted.push_back(all_predicted.back());
    came.push_back(all_came.back());
  }
  const PredictionQuality here = measure_quality(comm_, RegressionModel::logistic, predicted, came, 10);
  double pairs = 0;
  double ordered = 0;
  double brier = 0;
  for (Index one = 0; one < rows; ++one) {
    const auto i = static_cast<std::size_t>(one);
    brier += (all_predicted[i] - all_came[i]) * (all_predicted[i] - all_came[i]) / rows;
    if (all_came[i] == 0) continue;
    for (std::size_t j = 0; j < all_came.size(); ++j) {
      if (all_came[j] != 0) continue;
      ++pairs;
      ordered += all_predicted[i] > all_predicted[j] ? 1 : all_predicted[i] == all_predicted[j] ? 0.5 : 0;
    }
  }
  EXPECT_NEAR(here.ranking.auc, ordered / pairs, 1e-12);
  EXPECT_NEAR(here.squared_error, brier, 1e-12);
  const PredictionQuality alone = measure_quality(alone_, RegressionModel::logistic, all_predicted, all_came, 10);
  EXPECT_EQ(here.ranking.auc, alone.ranking.auc);
  EXPECT_EQ(here.ranking.standard_error, alone.ranking.standard_error);
  EXPECT_EQ(here.log_loss, alone.log_loss);
  EXPECT_EQ(here.calibration_error, alone.calibration_error);
  ASSERT_EQ(here.groups.size(), alone.groups.size());
  Index counted = 0;
  for (std::size_t group = 0; group < here.groups.size(); ++group) {
    EXPECT_EQ(here.groups[group].mean_prediction, alone.groups[group].mean_prediction);
    EXPECT_EQ(here.groups[group].mean_outcome, alone.groups[group].mean_outcome);
    counted += here.groups[group].rows;
    const double successes = here.groups[group].mean_outcome * static_cast<double>(here.groups[group].rows);
    EXPECT_TRUE(successes < 0.5 || successes > 9.5) << successes;
  }
  EXPECT_EQ(counted, rows);
}

TEST_F(RegressionTest, OneOutcomeHasNoCurve) {
  std::vector<Prediction> predictions;
  if (comm_.is_root()) predictions = {{0.1, 0}, {0.2, 0}};
  const RankingQuality none = ranking_quality(comm_, sort_predictions(comm_, predictions));
  EXPECT_TRUE(std::isnan(none.auc));
  if (comm_.is_root()) predictions.push_back({0.3, 1});
  const RankingQuality one = ranking_quality(comm_, sort_predictions(comm_, predictions));
  EXPECT_EQ(one.auc, 1);
  EXPECT_TRUE(std::isnan(one.standard_error));
}

TEST_F(RegressionTest, SumsOfOnePersonAreHidden) {
  std::vector<double> predicted;
  std::vector<double> came;
  for (Index row = 0; row < rows; ++row) {
    if (!share(comm_).contains(row)) continue;
    predicted.push_back(static_cast<double>(row));
    came.push_back(row == 7 ? 1e6 : 1 + draw(row, 9));
  }
  const PredictionQuality quality = measure_quality(comm_, RegressionModel::ridge, predicted, came, 10);
  ASSERT_GE(quality.groups.size(), 2U);
  EXPECT_TRUE(std::isnan(quality.groups.front().mean_outcome));
  EXPECT_FALSE(std::isnan(quality.groups.back().mean_outcome));
  EXPECT_TRUE(std::isnan(quality.log_loss));
}

Table sample_table(RowRange mine) {
  Numbers age;
  Numbers constant;
  Categories town{{}, {"Bonn", "Kiel", "Oslo", "Rome"}};
  Texts name;
  for (Index row = mine.begin; row < mine.end; ++row) {
    age.push_back(row % 10 == 0 ? missing : static_cast<double>(row % 7));
    constant.push_back(4);
    town.codes.push_back(row % 20 == 1 ? Categories::missing : row < 3 ? 1 : row % 3 == 0 ? 0 : row % 3 == 1 ? 2 : 3);
    name.emplace_back("x");
  }
  return {mine, 200, {{"age", age}, {"constant", constant}, {"town", town}, {"name", name}}};
}

TEST(FeatureTerms, AreNumbersLevelsAndWhatIsMissing) {
  const Communicator comm = Communicator::world();
  const Table table = sample_table(Partition::by_count(200, comm.size()).range(comm.rank()));
  const std::vector<std::uint8_t> all(static_cast<std::size_t>(table.rows.size()), 1);
  const FeatureTerms found = find_terms(comm, table, all, {.most_levels = 20, .least_rows = 10});
  std::vector<std::string> names;
  for (const FeatureTerm& term : found.terms) names.push_back(term.name());
  // Bonn and Oslo have 63 rows each, Rome has 62. Kiel has three: so few are not even others.
  const std::vector<std::string> expected{"(intercept)", "age",         "age is missing",
                                          "town = Oslo", "town = Rome", "town is missing"};
  EXPECT_EQ(names, expected);
  ASSERT_EQ(found.left_out.size(), 2U);
  EXPECT_EQ(found.left_out[0].column, "constant");
  EXPECT_EQ(found.left_out[1].column, "name");
  ASSERT_EQ(found.references.size(), 1U);
  EXPECT_EQ(found.references[0].reason, "Bonn");
  EXPECT_EQ(found.imputed, std::vector<std::string>{"age"});
  const DesignMatrix design = design_of(found.terms, table);
  for (Index row = 0; row < design.rows.size(); ++row) {
    const Index global = design.rows.begin + row;
    EXPECT_EQ(design.row(row)[0], 1);
    EXPECT_EQ(design.row(row)[2], global % 10 == 0 ? 1 : 0);
    EXPECT_EQ(design.row(row)[5], global % 20 == 1 ? 1 : 0);
    if (global % 10 != 0) continue;
    EXPECT_EQ(design.row(row)[1], 0);
  }
  EXPECT_EQ(unknown_levels(found, table), 0);
  Table other = table;
  std::get<Categories>(other.columns[2].values).categories = {"Aachen", "Kiel", "Oslo", "Rome"};
  Index bonn = 0;
  for (const std::int32_t code : std::get<Categories>(table.columns[2].values).codes) bonn += code == 0 ? 1 : 0;
  EXPECT_EQ(unknown_levels(found, other), bonn);
  other.columns.erase(other.columns.begin());
  EXPECT_THROW(static_cast<void>(design_of(found.terms, other)), Error);
}

TEST(FeatureTerms, LargestLevelsComeFirst) {
  const Communicator comm = Communicator::world();
  const Table table = sample_table(Partition::by_count(200, comm.size()).range(comm.rank()));
  const std::vector<std::uint8_t> all(static_cast<std::size_t>(table.rows.size()), 1);
  const FeatureTerms found = find_terms(comm, table, all, {.most_levels = 2, .least_rows = 10});
  std::vector<std::string> names;
  for (const FeatureTerm& term : found.terms) names.push_back(term.name());
  EXPECT_EQ(std::ranges::count(names, "town = (others)"), 1);
  EXPECT_EQ(names.size(), 6U);
}

TEST(RowFolds, DependOnIdsAlone) {
  const Ids texts = std::vector<std::string>{"7", "8", "9"};
  const Ids numbers = std::vector<std::int64_t>{8, 9};
  const std::vector<std::int32_t> of_texts = folds_of_ids(texts, 5, 4);
  const std::vector<std::int32_t> of_numbers = folds_of_ids(numbers, 5, 4);
  EXPECT_EQ(of_texts[1], of_numbers[0]);
  EXPECT_EQ(of_texts[2], of_numbers[1]);
  for (const std::int32_t fold : of_texts) EXPECT_TRUE(fold >= 0 && fold < 4);
}

}  // namespace
}  // namespace rankwise
