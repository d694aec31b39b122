// Columns of text files as rows to cluster: the same rows and the same errors for any number of ranks.

#include "io/points/point_text.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <tuple>

#include "tests/io/log_files.hpp"
#include "tests/io/points/gathered_points.hpp"

namespace rankwise {
namespace {

using Rows = std::vector<std::vector<float>>;
using Texts = std::vector<std::string>;

class PointTextTest : public testing::Test {
 protected:
  /// A source of `content`, named "rows" unless a name matters.
  PointSource source(std::string_view content, const std::string& name = "rows") {
    PointSource made;
    made.path = write_log(comm_, folder_, name, content);
    return made;
  }
  PointSource source(std::string_view content, const std::string& columns, const std::string& ids,
                     const std::string& weights = "") {
    PointSource made = source(content);
    made.columns = columns;
    made.ids = ids;
    made.weights = weights;
    return made;
  }
  Rows rows_of(const PointSource& source) { return gathered(comm_, read_points(comm_, source)).rows; }
  /// Without the folder.
  std::string shortened(std::string text) const {
    const std::string folder = folder_.file("");
    for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder)) text.erase(at, folder.size());
    return text;
  }
  Texts warnings_of(const PointSource& source) {
    Texts warnings;
    for (const std::string& text : read_points(comm_, source).warnings) warnings.push_back(shortened(text));
    return warnings;
  }
  /// "CODE: message" without the folder; the same on every rank or the test fails.
  std::string failure(const PointSource& source) {
    std::string result = shortened(error_of([&] { static_cast<void>(read_points(comm_, source)); }));
    std::string root = result;
    comm_.broadcast(root);
    EXPECT_EQ(result, root);
    return result;
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

TEST_F(PointTextTest, NumericColumnsAreTheDimensions) {
  const std::string content = "customer,recency,country,frequency,monetary\nc1,1,DE,2,3.5\nc2,-4,FR,5e1,.25\n";
  const PointSet set = read_points(comm_, source(content));
  EXPECT_EQ(set.dimensions, (Texts{"recency", "frequency", "monetary"}));
  EXPECT_EQ(set.points.dimensions, 3);
  EXPECT_EQ(set.dataset_digest, 0U);
  EXPECT_TRUE(
      set.note.ends_with("rows: csv, 3 columns (recency, frequency, monetary), id = column 'customer' (by its "
                         "name), 2 rows"))
      << set.note;
  EXPECT_EQ(warnings_of(source(content)),
            Texts{"rows: column 'country' is left out: line 2: 'DE': expected a finite number"});
  const WholePoints whole = gathered(comm_, set);
  EXPECT_EQ(whole.rows, (Rows{{1, 2, 3.5}, {-4, 50, 0.25}}));
  EXPECT_EQ(whole.ids, (Texts{"c1", "c2"}));
  EXPECT_FALSE(set.weighted);
  EXPECT_TRUE(whole.weights.empty());
}

TEST_F(PointTextTest, IdsAndWeightsAreNoDimensions) {
  const PointSet set = read_points(comm_, source("id,w,x\n7,0.5,1\n007,2,3\n", "", "id", "w"));
  const WholePoints whole = gathered(comm_, set);
  EXPECT_EQ(set.dimensions, Texts{"x"});
  EXPECT_TRUE(set.weighted) << "also where a rank has no rows";
  EXPECT_EQ(whole.rows, (Rows{{1}, {3}}));
  EXPECT_EQ(whole.ids, (Texts{"7", "007"})) << "one id is text, so all are";
  EXPECT_EQ(whole.weights, (std::vector<float>{0.5, 2}));
}

TEST_F(PointTextTest, IntegerIdsStayIntegersUnlessOneIsNegative) {
  for (const auto& [second, are_integers] : {std::pair{"12", true}, {"-12", false}}) {
    const PointSet set = read_points(comm_, source(fmt::format("id,x\n3,1\n{},2\n", second), "", "id"));
    EXPECT_EQ(std::holds_alternative<std::vector<std::int64_t>>(set.ids.ids), are_integers);
    EXPECT_EQ(gathered(comm_, set).ids, (Texts{"3", second}));
  }
}

TEST_F(PointTextTest, ColumnsAreChosenByNameNumberAndRange) {
  const std::string content = "a,b,c,1-2\n1,2,3,4\n";
  EXPECT_EQ(rows_of(source(content, "c,a", "")), (Rows{{3, 1}}));
  EXPECT_EQ(rows_of(source(content, "2-4", "")), (Rows{{2, 3, 4}}));
  EXPECT_EQ(rows_of(source(content, "3, b", "")), (Rows{{3, 2}}));
  EXPECT_EQ(rows_of(source(content, "1-2", "")), (Rows{{4}})) << "a name goes before a range";
  EXPECT_EQ(rows_of(source("1,2,3\n", "2-3", "")), (Rows{{2, 3}})) << "without header";
  EXPECT_EQ(failure(source(content, "d", "")), "2: rows: no column 'd': its columns are a, b, c, 1-2");
  EXPECT_EQ(failure(source(content, "2-5", "")), "2: rows: no columns 2-5: columns are numbered 1 to 4");
  EXPECT_EQ(failure(source(content, "3-2", "")), "2: rows: no columns 3-2: columns are numbered 1 to 4");
  EXPECT_EQ(failure(source(content, "a,1", "")), "2: rows: column 'a' is chosen twice");
  EXPECT_EQ(failure(source(content, "a-", "")), "2: rows: no column 'a-': its columns are a, b, c, 1-2");
  EXPECT_EQ(failure(source(content, "a,", "")), "2: rows: no column '': its columns are a, b, c, 1-2");
  EXPECT_EQ(failure(source(content, "a,b", "b")), "2: rows: column 'b' is chosen twice");
  EXPECT_EQ(failure(source(content, "", "b", "b")), "2: rows: column 'b' is chosen twice");
  EXPECT_EQ(failure(source("1,2\n", "3", "")), "2: rows: no column '3': it has no header; columns are numbered 1 to 2");
}

TEST_F(PointTextTest, EveryWayToWriteItGivesTheSameRows) {
  const Rows expected{{1, -2.5}, {3, 4}};
  for (const std::string& content :
       {std::string("x,y\n1,-2.5\n3,4\n"), std::string("x,y\r\n1,-2.5\r\n3,4\r\n"), std::string("x,y\n1,-2.5\n3,4"),
        std::string("\xEF\xBB\xBFx,y\n1,-2.5\n3,4\n"), std::string("x\ty\n1\t-2.5\n3\t4\n"),
        std::string("x::y\n1::-2.5\n3::4\n"), std::string("\n x , y \n\n 1 , -2.5\n\n\n3,4\n \n"),
        std::string("\"x\",\"y\"\n\"1\",\"-2.5\"\n\"3\",\"+4\"\n"), std::string("1,-2.5\n3,4\n"),
        std::string("1,-2.5\n3,4")}) {
    EXPECT_EQ(rows_of(source(content)), expected) << content;
    EXPECT_EQ(rows_of(source(gzipped(content))), expected) << "gzip of " << content;
  }
  EXPECT_EQ(read_points(comm_, source("\"x, \"\"1\"\"\",y\n1,2\n")).dimensions, (Texts{"x, \"1\"", "y"}));
}

TEST_F(PointTextTest, DelimitersDecimalsAndEncodings) {
  const Rows expected{{1, -2.5}, {3.25, 4}};
  for (const std::string& content :
       {std::string("x;y\n1;-2,5\n3,25;4\n"), std::string("x|y\n1|-2.5\n3.25|4\n"), std::string("1;-2,5\n3,25;4\n"),
        std::string("1,0;-2,5\n3,25;4\n"), std::string("x\ty\n1\t-2,5\n3,25\t4\n"),
        utf16("x;y\r\n1;-2,5\r\n3,25;4\r\n", false), utf16("x;y\n1;-2,5\n3,25;4\n", true),
        zstd_packed("x;y\n1;-2,5\n3,25;4\n")}) {
    EXPECT_EQ(rows_of(source(content)), expected) << content;
  }
  PointSource chosen = source("\"1\",\"-2,5\"\n\"3,25\",4\n");
  chosen.decimal = parse_decimal("comma");
  EXPECT_EQ(rows_of(chosen), expected);
  chosen = source("x^y\n1^-2.5\n3.25^4\n");
  chosen.delimiter = parse_delimiter("^");
  EXPECT_EQ(rows_of(chosen), expected);
  EXPECT_EQ(read_point_text(comm_, source("x;y\n1;-2,5\n")).description,
            "csv with semicolons and decimal commas, 2 columns (x, y)");
}

TEST_F(PointTextTest, LineBreaksInsideQuotes) {
  std::string content = "id,\"x\nvalue\",y\n";
  Rows expected;
  for (int r = 0; r < 50; ++r) {
    content += fmt::format("\"row\n{}\n\"\"\n\",{},{}\n", r, r, r + 0.5);
    expected.push_back({static_cast<float>(r), static_cast<float>(r) + 0.5F});
  }
  EXPECT_EQ(rows_of(source(content, "2,3", "id")), expected);
  EXPECT_EQ(failure(source(content + "a,b,c\n", "2,3", "id")),
            "65: rows:203: column 'x\\x0avalue': 'b': expected a finite number");
}

TEST_F(PointTextTest, HeaderRule) {
  PointSource chosen = source("2010,2011\n1,2\n");
  EXPECT_EQ(rows_of(chosen).size(), 2U);
  chosen.header = HeaderRule::present;
  const PointSet named = read_points(comm_, chosen);
  EXPECT_EQ(named.dimensions, (Texts{"2010", "2011"}));
  EXPECT_EQ(named.points.count, 1);
  chosen = source("a,b\n1,2\n");
  chosen.header = HeaderRule::absent;
  chosen.columns = "1";
  EXPECT_EQ(failure(chosen), "65: rows:1: column 1: 'a': expected a finite number");
}

TEST_F(PointTextTest, AllRowsDecideWhatAColumnIs) {
  for (const std::string& other : {std::string("NA"), std::string("5%"), std::string("\"$1,200\""),
                                   std::string("2010-12-01"), std::string(), std::string("nan"), std::string("1e39")}) {
    const std::string text = other.starts_with('"') ? other.substr(1, other.size() - 2) : other;
    for (const int bad : {0, 1, 17, 29}) {
      std::string content = "x,y,z\n";
      for (int r = 0; r < 30; ++r) content += fmt::format("{},{},{}\n", r, r == bad || r == 29 ? other : "3", r * r);
      const PointSet set = read_points(comm_, source(content));
      EXPECT_EQ(set.dimensions, (Texts{"x", "z"}));
      const Rows rows = gathered(comm_, set).rows;
      ASSERT_EQ(rows.size(), 30U);
      EXPECT_EQ(rows[29], (std::vector<float>{29, 841}));
      const Texts warnings = warnings_of(source(content));
      ASSERT_EQ(warnings.size(), 1U);
      const std::string begin = fmt::format("rows: column 'y' is left out: line {}: '{}': expected a", bad + 2, text);
      EXPECT_TRUE(warnings.front().starts_with(begin)) << warnings.front();
    }
  }
}

TEST_F(PointTextTest, ColumnsNamedLikeIdsAreNoDimensions) {
  const auto read = [&](const std::string& content, const std::string& columns = "", const std::string& ids = "") {
    const PointSource made = source(content, columns, ids);
    const PointSet set = read_points(comm_, made);
    return std::tuple(set.dimensions, gathered(comm_, set).ids, warnings_of(made));
  };
  using Read = std::tuple<Texts, Texts, Texts>;
  EXPECT_EQ(read("CustomerID,x\n17850,1\n13047,2\n"), (Read{{"x"}, {"17850", "13047"}, {}}));
  EXPECT_EQ(read("x,user_id\n1,a\n2,b\n"), (Read{{"x"}, {"a", "b"}, {}}));
  EXPECT_EQ(read("id,x\n5,1\n6,2\n"), (Read{{"x"}, {"5", "6"}, {}}));
  EXPECT_EQ(read("id,x\n5,1\n6,2\n", "id,x"), (Read{{"id", "x"}, {"0", "1"}, {}})) << "by the user's choice";
  EXPECT_EQ(read("sku,x,name\n5,1,p\n6,2,q\n", "x", "name"), (Read{{"x"}, {"p", "q"}, {}}));
  EXPECT_EQ(read("u,g,r\n19.5,1,2\n18,3,4\n"), (Read{{"u", "g", "r"}, {"0", "1"}, {}})) << "magnitudes, no users";
  EXPECT_EQ(read("CustomerID,x\n17850,1\n,2\n"),
            (Read{{"x"},
                  {"0", "1"},
                  {"rows: column 'CustomerID' is left out: its name says ids, but line 3: '': expected an id"}}));
  const std::string several =
      " is left out: its name says ids, as those of other columns do; --id-column chooses one, "
      "--columns makes it a dimension";
  EXPECT_EQ(read("user,item,x\n5,7,1\n6,8,2\n"),
            (Read{{"x"}, {"0", "1"}, {"rows: column 'user'" + several, "rows: column 'item'" + several}}));
}

TEST_F(PointTextTest, ManyRowsStayInOrder) {
  std::string content = "id,x,y,w\n";
  Rows rows;
  Texts ids;
  for (int r = 0; r < 1000; ++r) {
    content += fmt::format("id{},{},{},{}\n", r * 7919 % 1000, r, r / 4.0, r + 1);
    rows.push_back({static_cast<float>(r), static_cast<float>(r) / 4});
    ids.push_back(fmt::format("id{}", r * 7919 % 1000));
  }
  for (const std::string& bytes : {content, gzipped(content)}) {
    const WholePoints whole = gathered(comm_, read_points(comm_, source(bytes, "", "id", "w")));
    EXPECT_EQ(whole.rows, rows);
    EXPECT_EQ(whole.ids, ids);
    ASSERT_EQ(whole.weights.size(), 1000U);
    for (int r = 0; r < 1000; ++r) EXPECT_EQ(whole.weights[static_cast<std::size_t>(r)], r + 1);
  }
}

TEST_F(PointTextTest, OneRowAndOneColumn) {
  EXPECT_EQ(rows_of(source("5,6\n")), (Rows{{5, 6}}));
  EXPECT_EQ(rows_of(source("x\n5\n6", "rows.csv")), (Rows{{5}, {6}}));
  EXPECT_EQ(gathered(comm_, read_points(comm_, source("name,x\nonly,5", "", "name"))).ids, Texts{"only"});
}

TEST_F(PointTextTest, BadValuesAreNamedByLineAndColumn) {
  const std::string good = "id,x,y\na,1,2\nb,3,4\n";
  const auto bad_number = [&](const std::string& row) { return failure(source(good + row, "x,y", "id")); };
  EXPECT_EQ(bad_number("c,nan,4\n"), "65: rows:4: column 'x': 'nan': expected a finite number");
  EXPECT_EQ(bad_number("c,5,-inf\n"), "65: rows:4: column 'y': '-inf': expected a finite number");
  EXPECT_EQ(bad_number("c,5,six\n"), "65: rows:4: column 'y': 'six': expected a finite number");
  EXPECT_EQ(bad_number("c,,6\n"), "65: rows:4: column 'x': '': expected a finite number");
  EXPECT_EQ(bad_number("c,0x1p3,6\n"), "65: rows:4: column 'x': '0x1p3': expected a finite number");
  EXPECT_EQ(bad_number("c,1e39,6\n"),
            "65: rows:4: column 'x': '1e39': expected a number within the range of 32-bit floating point");
  EXPECT_EQ(failure(source(good + "c,5\n")), "65: rows:4: has 2 fields, expected 3");
  EXPECT_EQ(failure(source(good + "c,5,6,7\n")), "65: rows:4: has 4 fields, expected 3");
  EXPECT_EQ(failure(source(good + "c,\"5,6\n")), "65: rows:4: field 2 opens a quote that is not closed");
  EXPECT_EQ(failure(source("x,y\n\n\"1,2\n")), "65: rows:3: field 1 opens a quote that is not closed");
  EXPECT_EQ(failure(source("x,\"y\n1,2\n")), "65: rows:1: field 2 opens a quote that is not closed");
  EXPECT_EQ(failure(source(good, "id", "")), "65: rows:2: column 'id': 'a': expected a finite number");
  EXPECT_EQ(failure(source(good + ",5,6\n", "", "id")), "65: rows:4: column 'id': '': expected an id");
  EXPECT_EQ(failure(source(good + "\" \",5,6\n", "", "id")), "65: rows:4: column 'id': ' ': expected an id");
  EXPECT_EQ(failure(source(good + "\xFF,5,6\n", "", "id")), "65: rows:4: id '\\xff' is not UTF-8 text");
  for (const char* weight : {"0", "-1", "nan", "inf", "1e-60", "", "x"}) {
    EXPECT_EQ(failure(source(good + "c,1," + weight + "\n", "", "id", "y")),
              fmt::format("65: rows:4: column 'y': '{}': expected a finite weight above 0", weight));
  }
}

TEST_F(PointTextTest, TheEarliestBadLineWins) {
  constexpr int lines = 40;
  for (int bad = 0; bad < lines; ++bad) {
    std::string content = "x,y\n";
    for (int i = 0; i < lines; ++i) {
      content += fmt::format("{},{}\n", i * i, i == bad ? "nan" : i > bad && i % 3 == 0 ? "x" : "1");
    }
    PointSource chosen = source(content, "x,y", "");
    ASSERT_EQ(failure(chosen), fmt::format("65: rows:{}: column 'y': 'nan': expected a finite number", bad + 2));
    chosen.path = write_log(comm_, folder_, "rows", gzipped(content));
    ASSERT_EQ(failure(chosen), fmt::format("65: rows:{}: column 'y': 'nan': expected a finite number", bad + 2));
  }
}

TEST_F(PointTextTest, BadFilesAreNamed) {
  PointSource absent;
  absent.path = folder_.file("absent.csv");
  EXPECT_EQ(failure(absent), "66: absent.csv: No such file or directory");
  absent.path = folder_.file("");
  EXPECT_TRUE(failure(absent).starts_with("66: ")) << failure(absent);
  EXPECT_EQ(failure(source("")), "65: rows: is empty");
  EXPECT_EQ(failure(source("\n \r\n")), "65: rows: is empty");
  EXPECT_EQ(failure(source("x,y\n\n")), "65: rows: holds a header but no rows");
  EXPECT_EQ(
      failure(source("a,b\nc,d\n")),
      "65: rows: no column holds a number in every row: column 'a' is left out: line 2: 'c': expected a finite number; "
      "column 'b' is left out: line 2: 'd': expected a finite number");
  EXPECT_TRUE(failure(source("hello\n")).starts_with("65: rows: format not recognised"));
  EXPECT_EQ(failure(source("%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 1\n")),
            "2: rows: matrix-market entries are no rows; make a dataset of them (rankwise prepare)");
  std::string content = "x,y\n";
  for (int i = 0; i < 5000; ++i) content += fmt::format("{},{}\n", i * 7919 % 5000, i);
  const std::string packed = gzipped(content);
  const std::string cut = failure(source(packed.substr(0, packed.size() / 2)));
  EXPECT_TRUE(cut.starts_with("65: rows:") && cut.ends_with(": gzip stream ends early")) << cut;
}

TEST_F(PointTextTest, WhatTextDoesNotHaveIsRefused) {
  PointSource chosen = source("x,y\n1,2\n");
  chosen.side = RowSide::items;
  EXPECT_EQ(failure(chosen), "2: rows is a text file, which has no users or items");
  chosen.side.reset();
  chosen.dataset = "/x";
  EXPECT_EQ(failure(chosen), "2: rows is a text file, which has no named datasets");
}

TEST_F(PointTextTest, CentroidsAreWholeOnEveryRank) {
  const Centroids read = read_centroids(comm_, source("x,y,z\n1,2,3\n4,5,6\n"));
  EXPECT_EQ(read.dimensions, (Texts{"x", "y", "z"}));
  EXPECT_TRUE(read.warnings.empty());
  const Matrix& centroids = read.rows;
  ASSERT_EQ(centroids.rows(), 2);
  ASSERT_EQ(centroids.columns(), 3);
  for (Index r = 0; r < 2; ++r) {
    for (Index c = 0; c < centroids.stride(); ++c) {
      EXPECT_EQ(centroids.row(r)[c], c < 3 ? static_cast<float>(3 * r + c + 1) : 0);
    }
  }
  PointSource bad = source("x,y\n1,nan\n", "x,y", "");
  const std::string error = error_of([&] { static_cast<void>(read_centroids(comm_, bad)); });
  EXPECT_EQ(error, "65: " + bad.path + ":2: column 'y': 'nan': expected a finite number");
}

}  // namespace
}  // namespace rankwise
