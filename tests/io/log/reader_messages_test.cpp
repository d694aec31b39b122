#include "tests/io/log/reader_case.hpp"

namespace rankwise {
namespace {

TEST_F(LogReaderTest, MissingFieldsAreAnErrorOrSkipped) {
  const std::string content = "user,item,value,time\n1,2,3,90004\n,2,3,4\n1,,3,4\n1,2,,4\n1,2,3,\n,,,\n5,6,7,90008\n";
  EXPECT_EQ(failure_of(content, options()), "65: log:3: the user field is empty (--missing skip drops such rows)");
  LogOptions skip = options();
  skip.missing = MissingRule::skip;
  const InteractionLog log = read({write("log", content)}, skip);
  EXPECT_EQ(gathered(log), (Rows{{"log:2", "1", "2", 3, 90'004'000'000}, {"log:8", "5", "6", 7, 90'008'000'000}}));
  EXPECT_EQ(log.rows_read, 7);
  EXPECT_EQ(log.missing.user, 2);
  EXPECT_EQ(log.missing.item, 1);
  EXPECT_EQ(log.missing.value, 1);
  EXPECT_EQ(log.missing.time, 1);
}

TEST_F(LogReaderTest, WordsForMissingValues) {
  const std::string content = "user,item,value\nNULL,2,3\n1,\\N,3\n1,2,nan\n1,2,N/A\nNone,1,1\n4,NaN,6\n5,6,7\n";
  EXPECT_EQ(failure_of(content, options()),
            "65: log:2: the user field holds 'NULL', which means missing (--missing skip drops such rows, "
            "--missing-values changes the words)");
  LogOptions chosen = options();
  chosen.missing = MissingRule::skip;
  const InteractionLog log = read({write("log", content)}, chosen);
  EXPECT_EQ(gathered(log), (Rows{{"log:8", "5", "6", 7, 0}}));
  EXPECT_TRUE(log.users.are_integers());
  EXPECT_EQ(std::make_tuple(log.missing.user, log.missing.item, log.missing.value), std::make_tuple(2, 2, 2));
  chosen.missing_values = MissingValues("-,None");
  EXPECT_EQ(rows_of({write("log", "user,item\n-,1\nNone,2\nNULL,3\n,4\n-5,5\n")}, chosen),
            (Rows{{"log:4", "NULL", "3", 1, 0}, {"log:6", "-5", "5", 1, 0}}));
  chosen.missing_values = MissingValues("none");
  EXPECT_EQ(rows_of({write("log", "user,item\nNone,2\n,4\n")}, chosen), (Rows{{"log:2", "None", "2", 1, 0}}));
}

TEST_F(LogReaderTest, IdsAreBounded) {
  const std::string longest(1024, 'x');
  EXPECT_EQ(rows_of({write("log", "user,item\n1,2\n3," + longest + "\n")}, options()).back().item, longest);
  EXPECT_EQ(failure_of("user,item\n1,2\n3,y" + longest + "\n", options()),
            "65: log:3: id 'y" + std::string(39, 'x') + "...' holds 1025 bytes, at most 1024 are taken");
}

TEST_F(LogReaderTest, BadRowsAreNamedByFileAndLine) {
  const std::string good = "user,item,rating\n1,2,3\n4,5,6\n7,8,9\n";
  EXPECT_EQ(failure_of(good + "1,2,x\n", options()), "65: log:5: value 'x' is not a number");
  EXPECT_EQ(failure_of(good + "1,2,-NaN\n", options()), "65: log:5: value '-NaN' is not finite");
  EXPECT_EQ(failure_of(good + "1,2,-inf\n", options()), "65: log:5: value '-inf' is not finite");
  EXPECT_EQ(failure_of(good + "1,2,1e39\n", options()),
            "65: log:5: value 1e+39 is beyond the range of 32-bit floating point");
  EXPECT_EQ(failure_of(good + "1,2\n", options()), "65: log:5: has 2 fields, expected 3");
  EXPECT_EQ(failure_of(good + "1,2,3,4\n", options()), "65: log:5: has 4 fields, expected 3");
  EXPECT_EQ(failure_of(good + "1,\"2,3\n4,5,6\n", options()), "65: log:5: field 2 opens a quote that is not closed");
  EXPECT_EQ(failure_of(good + "\n\n1,\"2,3\n4,5\"x,6\n", options()),
            "65: log:7: field 2 has text after its closing quote");
  EXPECT_EQ(failure_of(good + "1,2,\"3\n4\",\"5\n6\"\n", options()),
            "65: log:5: field 4 opens a quote that is not closed");
  EXPECT_EQ(failure_of(good + "\xFF\xFE,2,3\n", options()), "65: log:5: id '\\xff\\xfe' is not UTF-8 text");
  EXPECT_EQ(failure_of("user,item,time\n1,2,90003\n1,2,monday\n", options()),
            "65: log:3: time 'monday' is neither seconds since 1970 nor YYYY-MM-DD[ HH:MM[:SS]] (--time-format)");
  EXPECT_EQ(failure_of(good + "1,2,x\n" + good + "1,2,NaN\n", options()), "65: log:5: value 'x' is not a number");
}

TEST_F(LogReaderTest, TheEarliestBadLineWinsWhereverItIs) {
  constexpr int lines = 60;
  for (int bad = 0; bad < lines; ++bad) {
    std::string content = "user,item,rating\n";
    for (int i = 0; i < lines; ++i) {
      content += fmt::format("{},{},{}\n", i, i * i, i == bad ? "x" : i > bad && i % 3 == 0 ? "nan" : "1");
    }
    ASSERT_EQ(failure_of(content, options()), fmt::format("65: log:{}: value 'x' is not a number", bad + 2));
  }
  const std::string good = write("good.csv", "user,item\n1,2\n");
  const std::string first = write("first.csv", gzipped("user,item\n1,2\n1,2\n1\n"));
  const std::string second = write("second.csv", "user,item\n1\n");
  EXPECT_EQ(failure({good, first, second}, options()), "65: first.csv:4: has 1 field, expected 2");
  EXPECT_EQ(failure({good, second, first}, options()), "65: second.csv:2: has 1 field, expected 2");
}

TEST_F(LogReaderTest, BadFilesAreNamed) {
  EXPECT_EQ(failure({folder_.file("absent.csv")}, options()), "66: absent.csv: No such file or directory");
  EXPECT_TRUE(failure({folder_.file("")}, options()).ends_with("there is no file to read"));
  EXPECT_EQ(failure_of("", options()), "65: log: is empty");
  EXPECT_EQ(failure_of("\n\r\n \n", options()), "65: log: is empty");
  EXPECT_EQ(failure_of(gzipped(""), options()), "65: log: is empty");
  EXPECT_EQ(failure_of("user,item\n\n", options()), "65: log: holds a header but no rows");
  EXPECT_EQ(failure_of("hello\n", options()),
            "65: log: format not recognised: no comma, semicolon, pipe, tab, '::' or %%MatrixMarket in the first line, "
            "and no '{' in front; say --format or --delimiter");
  std::string content = "user,item\n";
  for (int i = 0; i < 5000; ++i) content += fmt::format("{},{}\n", i * 7919 % 5000, i);
  const std::string packed = gzipped(content);
  const std::string cut = failure_of(packed.substr(0, packed.size() / 2), options());
  EXPECT_TRUE(cut.starts_with("65: log:") && cut.ends_with(": gzip stream ends early")) << cut;
}

TEST_F(LogReaderTest, ColumnsMustExist) {
  const std::string good = "user,item,rating\n1,2,3\n";
  EXPECT_EQ(failure_of(good, options("auto", "user=usr,item=item")),
            "2: log: no column 'usr': its columns are user, item, rating; the nearest known one is user");
  EXPECT_EQ(failure_of(good, options("auto", "user=4,item=item")),
            "2: log: no column '4': its columns are user, item, rating");
  EXPECT_EQ(failure_of("1,2,3\n", options("auto", "user=1,item=5")),
            "2: log: no column '5': it has no header; columns are numbered 1 to 3");
  EXPECT_EQ(failure_of("1,2,3\n", options()),
            "2: log: has no header: say --columns user=1,item=2,value=3,time=4 or the like");
  EXPECT_EQ(failure_of("who,what\na,b\n", options()),
            "2: log: which column is the user? Say --columns user=NAME,item=NAME,...; its columns are who, what");
  EXPECT_EQ(failure_of("user,customer,item\n1,2,3\n", options()),
            "2: log: both 'user' and 'customer' could be the user column: choose with --columns");
  EXPECT_EQ(failure_of("a,a,b\n1,2,3\n", options("auto", "user=a,item=b")),
            "2: log: two columns are named 'a': choose by number");
  const std::string timed = write("timed.csv", "user,item,time\n1,2,3\n");
  const std::string bare = write("bare.csv", "user,item\n1,2\n");
  EXPECT_EQ(failure({timed, bare}, options()), "2: timed.csv and bare.csv: only one has a time column");
}

TEST_F(LogReaderTest, ContradictedDecimalsAreAnError) {
  std::string content = "user;item;rating\n";
  for (int i = 0; i < 3000; ++i) content += fmt::format("{};1;{}\n", i, i % 5);
  EXPECT_EQ(failure_of(content + "7;1;4,5\n", options()),
            "65: log:3002: value '4,5' is not a number (--decimal comma reads decimal commas)");
}

}  // namespace
}  // namespace rankwise
