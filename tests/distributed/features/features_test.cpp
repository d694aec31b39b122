// Features of tables and the map from them to factors: against plain references, the same on any ranks.

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

#include "distributed/features/factor_regression.hpp"
#include "distributed/features/feature_map.hpp"
#include "distributed/features/feature_rows.hpp"
#include "distributed/features/learn_features.hpp"
#include "kernels/base/philox.hpp"
#include "kernels/reference/reference.hpp"

namespace rankwise {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

TEST(Words, AreInLowerCaseOnceAndAscend) {
  EXPECT_EQ(words_of("The CAT, the dog-2!"), (std::vector<std::string>{"2", "cat", "dog", "the"}));
  EXPECT_EQ(words_of("\xC3\x84pfel"), (std::vector<std::string>{"\xC3\x84pfel"}));
  EXPECT_TRUE(words_of(" ,;").empty());
}

TEST(Buckets, DependOnColumnAndLabel) {
  for (int i = 0; i < 100; ++i) {
    const Index bucket = bucket_of("a", std::to_string(i), 7);
    EXPECT_GE(bucket, 0);
    EXPECT_LT(bucket, 7);
  }
  EXPECT_NE(bucket_of("a", "x", Index{1} << 40), bucket_of("b", "x", Index{1} << 40));
  EXPECT_NE(bucket_of("a", "bx", Index{1} << 40), bucket_of("ab", "x", Index{1} << 40));
}

class FeaturesTest : public testing::Test {
 protected:
  static constexpr Index rows = 200;

  [[nodiscard]] static RowRange share(const Communicator& comm) {
    const auto cut = [&](Index rank) { return rows * rank * rank / (Index{comm.size()} * comm.size()); };
    return {cut(comm.rank()), cut(comm.rank() + 1)};
  }
  /// Row r has category c(r % 5) (none of every tenth), number r (none of every seventh), a text of two words.
  [[nodiscard]] static Table table(RowRange mine) {
    Categories words{{}, {"c0", "c1", "c2", "c3", "c4", "never"}};
    Numbers numbers;
    Texts texts;
    Numbers constants;
    for (Index r = mine.begin; r < mine.end; ++r) {
      words.codes.push_back(r % 10 == 9 ? Categories::missing : static_cast<std::int32_t>(r % 5));
      numbers.push_back(r % 7 == 6 ? missing : static_cast<double>(r));
      texts.push_back("w" + std::to_string(r % 30) + " All");
      constants.push_back(3);
    }
    return {mine,
            rows,
            {{"word", std::move(words)},
             {"number", std::move(numbers)},
             {"text", std::move(texts)},
             {"constant", std::move(constants)}}};
  }
  /// The last 20 rows are not trained on.
  [[nodiscard]] static std::vector<std::uint8_t> trained(RowRange mine) {
    std::vector<std::uint8_t> is_trained;
    for (Index r = mine.begin; r < mine.end; ++r) is_trained.push_back(r < rows - 20 ? 1 : 0);
    return is_trained;
  }
  [[nodiscard]] static std::vector<float> weights(RowRange mine) {
    std::vector<float> values;
    for (Index r = mine.begin; r < mine.end; ++r)
      values.push_back(r < rows - 20 ? 0.5F + static_cast<float>(r % 3) : 0);
    return values;
  }
  [[nodiscard]] static Matrix factors(RowRange mine, Index width) {
    const RandomStream stream(5, RandomPurpose::initial_users);
    Matrix values(mine.size(), width);
    for (Index r = 0; r < mine.size(); ++r) {
      for (Index c = 0; c < width; ++c)
        values.row(r)[c] = static_cast<float>(stream.uniform(mine.begin + r, static_cast<std::uint32_t>(c)) - 0.3);
    }
    return values;
  }

  Communicator comm_ = Communicator::world();
  Communicator single_ = Communicator::single();
  std::vector<std::string> columns_{"word", "number", "text", "constant"};
};

TEST_F(FeaturesTest, MapsAreLearnedFromTrainedRowsOnAnyRanks) {
  const RowRange mine = share(comm_);
  const LearnedFeatures learned = learn_features(comm_, table(mine), columns_, trained(mine), 100);
  const RowRange all{0, rows};
  const LearnedFeatures alone = learn_features(single_, table(all), columns_, trained(all), 100);
  EXPECT_EQ(learned.map, alone.map);
  EXPECT_EQ(learned.constant_columns, std::vector<std::string>{"constant"});
  ASSERT_EQ(learned.map.columns.size(), 3U);
  const FeatureColumn& words = learned.map.columns[0];
  EXPECT_EQ(words.labels, (std::vector<std::string>{"c0", "c1", "c2", "c3", "c4"}));
  EXPECT_TRUE(words.has_missing);
  EXPECT_EQ(learned.map.columns[2].labels.size(), 31U);
  EXPECT_EQ(learned.map.columns[2].kind, FeatureKind::words);
  EXPECT_FALSE(learned.map.columns[2].has_missing);
  EXPECT_EQ(learned.map.width(), 1 + 6 + 2 + 31);
  EXPECT_EQ(std::ssize(learned.map.names()), learned.map.width());
  double sum = 0;
  double squares = 0;
  Index count = 0;
  for (Index r = 0; r < rows - 20; ++r) {
    if (r % 7 == 6) continue;
    sum += static_cast<double>(r);
    squares += static_cast<double>(r * r);
    ++count;
  }
  const double mean = sum / static_cast<double>(count);
  EXPECT_NEAR(learned.map.columns[1].mean, mean, 1e-9);
  EXPECT_NEAR(learned.map.columns[1].deviation, std::sqrt(squares / static_cast<double>(count) - mean * mean), 1e-9);
}

TEST_F(FeaturesTest, MoreLabelsThanTheWidthAreHashed) {
  const RowRange mine = share(comm_);
  const LearnedFeatures learned = learn_features(comm_, table(mine), columns_, trained(mine), 5);
  EXPECT_EQ(learned.map.columns[0].kind, FeatureKind::categories);  // five of them
  EXPECT_EQ(learned.map.columns[2].kind, FeatureKind::hashed_words);
  EXPECT_EQ(learned.map.columns[2].buckets, 5);
  const FeatureRows features = feature_rows(learned.map, table(mine));
  for (Index r = 0; r < features.rows(); ++r) {
    double of_text = 0;
    for (Index f = features.offsets[static_cast<std::size_t>(r)]; f < features.offsets[static_cast<std::size_t>(r) + 1];
         ++f) {
      if (features.features[static_cast<std::size_t>(f)] >= learned.map.first(2))
        of_text += static_cast<double>(features.values[static_cast<std::size_t>(f)]);
    }
    EXPECT_NEAR(of_text, std::sqrt(2.0), 1e-6);  // two words, perhaps in one bucket
  }
  EXPECT_THROW((void)learn_features(comm_, table(mine), std::vector<std::string>{"nothing"}, trained(mine), 5),
               AgreedError);
}

TEST_F(FeaturesTest, RowsOfAnyTableHaveTheMapsFeatures) {
  const RowRange all{0, rows};
  const FeatureMap map = learn_features(single_, table(all), columns_, trained(all), 100).map;
  Table other{{0, 3}, 3, {}};
  other.columns.push_back({"text", Categories{{0, -1, 1}, {"ALL w3", "unheard-of"}}});  // of another type
  other.columns.push_back({"number", Numbers{1e9, missing, missing}});
  other.columns.push_back({"word", Texts{"c1", "", "new"}});
  const FeatureRows features = feature_rows(map, other);
  const auto row = [&](std::size_t r) {
    std::vector<std::pair<std::string, float>> named;
    for (Index f = features.offsets[r]; f < features.offsets[r + 1]; ++f) {
      const auto place = static_cast<std::size_t>(f);
      named.emplace_back(map.names()[static_cast<std::size_t>(features.features[place])], features.values[place]);
    }
    return named;
  };
  const auto half = static_cast<float>(1 / std::sqrt(2.0));
  using Named = std::vector<std::pair<std::string, float>>;
  EXPECT_EQ(row(0),
            (Named{{"constant", 1.0F}, {"word=c1", 1.0F}, {"number", 4.0F}, {"text:all", half}, {"text:w3", half}}));
  EXPECT_EQ(row(1), (Named{{"constant", 1.0F}, {"word=missing", 1.0F}, {"number=missing", 1.0F}}));
  EXPECT_EQ(row(2), (Named{{"constant", 1.0F}, {"number=missing", 1.0F}}));
  EXPECT_EQ(features.is_described, (std::vector<std::uint8_t>{1, 0, 0}));
  EXPECT_EQ(features.counts.described_rows, 1);
  EXPECT_EQ(features.counts.unknown_values, 3);  // new, unheard, of
  EXPECT_EQ(features.counts.missing_values, 4);
  other.columns.pop_back();
  EXPECT_THROW((void)feature_rows(map, other), Error);
  other.columns.push_back({"word", Texts{"", "", ""}});
  other.columns[1] = {"number", Texts{"", "", ""}};
  EXPECT_THROW((void)feature_rows(map, other), Error);
}

TEST_F(FeaturesTest, RegressionIsThatOfAPlainReference) {
  const RowRange mine = share(comm_);
  const RowRange all{0, rows};
  constexpr Index width = 21;
  const FeatureMap map = learn_features(comm_, table(mine), columns_, trained(mine), 100).map;
  const FactorRegression regression(comm_, feature_rows(map, table(mine)), weights(mine), 2.5);
  const Matrix found = regression.solve(comm_, factors(mine, width).view());
  // 1. The same bits as one rank's.
  const FactorRegression alone(single_, feature_rows(map, table(all)), weights(all), 2.5);
  const Matrix whole = alone.solve(single_, factors(all, width).view());
  EXPECT_EQ(regression.penalty_weight(), alone.penalty_weight());
  ASSERT_EQ(found.bytes(), whole.bytes());
  EXPECT_EQ(std::memcmp(found.row(0), whole.row(0), found.bytes()), 0);
  // 2. Dense normal equations in double.
  const FeatureRows features = feature_rows(map, table(all));
  const std::vector<float> lambda = weights(all);
  const Matrix x = factors(all, width);
  double mean = 0;
  for (const float each : lambda) mean += static_cast<double>(each) / static_cast<double>(rows - 20);
  EXPECT_NEAR(regression.penalty_weight(), 2.5 * mean, 1e-9);
  reference::DoubleMatrix system(map.width(), map.width());
  reference::DoubleMatrix right(map.width(), width);
  for (Index i = 0; i < map.width(); ++i) system.at(i, i) = 2.5 * mean;
  for (Index r = 0; r < rows; ++r) {
    const auto begin = static_cast<std::size_t>(features.offsets[static_cast<std::size_t>(r)]);
    const auto end = static_cast<std::size_t>(features.offsets[static_cast<std::size_t>(r) + 1]);
    const auto weight = static_cast<double>(lambda[static_cast<std::size_t>(r)]);
    for (std::size_t i = begin; i < end; ++i) {
      const double scaled = weight * static_cast<double>(features.values[i]);
      for (std::size_t j = begin; j < end; ++j)
        system.at(features.features[i], features.features[j]) += scaled * static_cast<double>(features.values[j]);
      for (Index c = 0; c < width; ++c) right.at(features.features[i], c) += scaled * static_cast<double>(x.row(r)[c]);
    }
  }
  double squares = 0;
  for (Index c = 0; c < width; ++c) {
    std::vector<double> b;
    for (Index i = 0; i < map.width(); ++i) b.push_back(right.at(i, c));
    const std::vector<double> expected = reference::solve(system, b);
    for (Index i = 0; i < map.width(); ++i) {
      EXPECT_NEAR(static_cast<double>(found.row(i)[c]), expected[static_cast<std::size_t>(i)], 1e-6);
      squares += std::pow(expected[static_cast<std::size_t>(i)], 2);
    }
  }
  EXPECT_NEAR(regression.penalty(found.view()), 2.5 * mean * squares, 1e-5 * mean * squares);
  // 3. Predictions, and who has no say.
  const Matrix predicted = alone.predict(whole.view());
  for (Index r = 0; r < rows; ++r) {
    EXPECT_EQ(alone.has_say(r), r < rows - 20);
    double expected = 0;
    for (Index f = features.offsets[static_cast<std::size_t>(r)]; f < features.offsets[static_cast<std::size_t>(r) + 1];
         ++f) {
      const auto place = static_cast<std::size_t>(f);
      expected +=
          static_cast<double>(features.values[place]) * static_cast<double>(whole.row(features.features[place])[4]);
    }
    EXPECT_NEAR(static_cast<double>(predicted.row(r)[4]), expected, 1e-6);
  }
}

TEST_F(FeaturesTest, NoRowsOrTooLargeNumbersAreRefused) {
  const RowRange mine = share(comm_);
  const FeatureMap map = learn_features(comm_, table(mine), columns_, trained(mine), 100).map;
  const std::vector<float> nobody(static_cast<std::size_t>(mine.size()));
  EXPECT_THROW(FactorRegression(comm_, feature_rows(map, table(mine)), nobody, 1), AgreedError);
  const FactorRegression regression(comm_, feature_rows(map, table(mine)), weights(mine), 1);
  Matrix huge(mine.size(), 2);
  for (Index r = 0; r < huge.rows(); ++r) huge.row(r)[1] = std::numeric_limits<float>::infinity();
  EXPECT_THROW((void)regression.solve(comm_, huge.view()), AgreedError);
}

}  // namespace
}  // namespace rankwise
