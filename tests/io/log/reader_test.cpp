#include "io/log/reader.hpp"

#include <array>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <tuple>

#include "io/text/text_part.hpp"
#include "tests/io/log_files.hpp"

namespace rankwise {
namespace {

/// One row as every rank sees it after gathering, ids as text.
struct Row {
  std::string place;
  std::string user;
  std::string item;
  double value = 0;
  std::int64_t time = 0;
  friend bool operator==(const Row&, const Row&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Row& row) {
    return out << fmt::format("{} {} {} {} {}", row.place, row.user, row.item, row.value, row.time);
  }
};
using Rows = std::vector<Row>;

std::string id_of(const IdColumn& column, std::size_t row) {
  const std::int32_t number = column.numbers()[row];
  return column.are_integers() ? std::to_string(column.integers().keys()[static_cast<std::size_t>(number)])
                               : std::string(column.texts().at(number));
}

class LogReaderTest : public testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view content) {
    return write_log(comm_, folder_, name, content);
  }

  static LogOptions options(std::string_view format = "auto", std::string_view columns = "") {
    LogOptions result;
    result.format = parse_text_format(format);
    if (!columns.empty()) result.columns = parse_column_choice(columns);
    return result;
  }

  InteractionLog read(const std::vector<std::string>& paths, const LogOptions& options) {
    constexpr int threads = 3;  // each reads its part, as ranks do
    return read_log(comm_, plan_log(comm_, paths, options), threads);
  }

  /// All rows of all ranks in input order, on every rank. Files are named by their last component.
  Rows gathered(const InteractionLog& log) {
    std::string text;
    for (std::size_t row = 0; row < log.positions.size(); ++row) {
      const InputPosition position(log.positions[row]);
      const std::string& file = log.files[static_cast<std::size_t>(position.file())];
      text += fmt::format("{}\n{}:{}\n{}\n{}\n{}\n{}\n", log.positions[row], file.substr(file.rfind('/') + 1),
                          position.line(), id_of(log.users, row), id_of(log.items, row), log.values[row],
                          log.timed ? log.times_microseconds[row] : 0);
    }
    const std::vector<char> all = comm_.all_gather_varied(std::span<const char>(text.data(), text.size())).values;
    std::istringstream stream(std::string(all.begin(), all.end()));
    std::map<std::int64_t, Row> sorted;
    std::string position, value, time;
    Row row;
    while (std::getline(stream, position) && std::getline(stream, row.place) && std::getline(stream, row.user) &&
           std::getline(stream, row.item) && std::getline(stream, value) && std::getline(stream, time)) {
      row.value = std::stod(value);
      row.time = std::stoll(time);
      EXPECT_TRUE(sorted.emplace(std::stoll(position), row).second) << "two rows at " << row.place;
    }
    Rows rows;
    for (const auto& [key, one] : sorted) rows.push_back(one);
    return rows;
  }

  Rows rows_of(const std::vector<std::string>& paths, const LogOptions& options) {
    return gathered(read(paths, options));
  }

  /// "code: message" with the folder's name removed; the same on every rank or the test fails.
  std::string failure(const std::vector<std::string>& paths, const LogOptions& options) {
    std::string result = "no failure";
    try {
      (void)read(paths, options);
    } catch (const AgreedError& error) {
      result = fmt::format("{}: {}", static_cast<int>(error.code()), error.what());
    }
    const std::string folder = folder_.file("");
    for (auto at = result.find(folder); at != std::string::npos; at = result.find(folder))
      result.erase(at, folder.size());
    std::string root = result;
    comm_.broadcast(root);
    EXPECT_EQ(result, root);
    EXPECT_EQ(result.find('\n'), std::string::npos);
    return result;
  }
  std::string failure_of(std::string_view content, const LogOptions& options) {
    return failure({write("log", content)}, options);
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

TEST_F(LogReaderTest, EveryFormatGivesTheSameRows) {
  const Rows expected{
      {"", "1", "10", 3.5, 90'100'000'000}, {"", "2", "20", -4, 90'200'000'000}, {"", "1", "30", 5e2, 90'150'000'000}};
  const auto without_places = [](Rows rows) {
    for (Row& row : rows) row.place.clear();
    return rows;
  };
  const std::vector<std::tuple<std::string, std::string, std::string>> files{
      {"auto", "", "userId,movieId,rating,timestamp\n1,10,3.5,90100\n2,20,-4,90200\n1,30,5e2,90150\n"},
      {"csv", "", "rating,timestamp,user_id,Book ID\r\n3.5,90100,1,10\r\n-4,90200,2,20\r\n\r\n5e2,90150,1,30"},
      {"auto", "", "user\titem\tvalue\ttime\n1\t10\t3.5\t90100\n2\t20\t-4\t90200\n1\t30\t5e2\t90150\n"},
      {"auto", "user=1,item=2,value=3,time=4", "1\t10\t3.5\t90100\n2\t20\t-4\t90200\n1\t30\t5e2\t90150\n"},
      {"auto", "", "1::10::3.5::90100\n2::20::-4::90200\n1::30::5e2::90150\n"},
      {"auto", "user=U,item=I,value=A*B,time=T",
       "T,I,U,A,B\n90100,10,1,7,.5\n1970-01-02 01:03:20,20,2,2,-2\n1970-01-02T01:02:30Z,30,1,50,10\n"},
      {"auto", "user=2,item=1,value=3,time=4", "a,b,c,d\n10,1,3.5,90100\n20,2,-4,90200\n30,1,5e2,90150\n"},
      {"csv", "",
       "\xEF\xBB\xBFuser,item,value,time\n\"1\",\"10\",\"3.5\",90100\n 2 , 20 , -4 , 90200 \n1,30,5e2,90150\n"},
  };
  for (const auto& [format, columns, content] : files) {
    EXPECT_EQ(without_places(rows_of({write("plain", content)}, options(format, columns))), expected) << content;
    EXPECT_EQ(without_places(rows_of({write("packed", gzipped(content))}, options(format, columns))), expected)
        << content;
  }
}

TEST_F(LogReaderTest, PlacesAreTrueLineNumbersInEveryFile) {
  const std::string a = write("a.csv", "user,item\n1,1\n\n2,1\n");
  const std::string b = write("b.csv", gzipped("\n\nitem,user\n5,1\n6,2"));
  const Rows expected{{"a.csv:2", "1", "1", 1, 0},
                      {"a.csv:4", "2", "1", 1, 0},
                      {"b.csv:4", "1", "5", 1, 0},
                      {"b.csv:5", "2", "6", 1, 0}};
  EXPECT_EQ(rows_of({a, b}, options()), expected);
}

TEST_F(LogReaderTest, LongFilesComeCompleteAndInOrder) {
  std::string content = "user_id,title,item_id,rating\n";
  Rows expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string user = std::to_string(i * 7919 % 1009);
    const std::string item = "B" + std::to_string(i * 31 % 97);
    content += fmt::format("{},\"{}, \"\"quoted\"\"\",{},{}\n", user,
                           std::string(static_cast<std::size_t>(i % 50), 'x'), item, i % 5);
    expected.push_back({fmt::format("big.csv:{}", i + 2), user, item, static_cast<double>(i % 5), 0});
  }
  EXPECT_TRUE(rows_of({write("big.csv", content)}, options()) == expected);
}

TEST_F(LogReaderTest, BlocksOfGzipAreSharedByRanks) {
  std::string content = "user_id,item_id,title\n";
  for (int i = 0; i < 3'000; ++i) content += fmt::format("{},{},\"a\nb{}\"\n", i * 7919 % 1009, i * 31 % 97, i);
  const Rows expected = rows_of({write("log.csv", content)}, options());
  ASSERT_EQ(expected.size(), 3'000U);
  for (const std::size_t block_bytes : {100U, 4'000U, 60'000U}) {
    const std::string path = write("log.csv", block_gzipped(content, block_bytes));
    const LogPlan plan = plan_log(comm_, {path}, options());
    EXPECT_EQ(plan.layouts.front().file.text_bytes, std::ssize(content));
    const InteractionLog log = read_log(comm_, plan, 2);
    EXPECT_GT(log.size(), 0);
    EXPECT_TRUE(gathered(log) == expected) << block_bytes;
  }
}

TEST_F(LogReaderTest, DamagedBlocksGiveOneMessageOnAnyRanks) {
  std::string content = "user_id,item_id\n";
  for (int i = 0; i < 40'000; ++i) content += fmt::format("{},{}\n", 100 + i % 900, 10 + i % 90);
  constexpr std::size_t block_bytes = 20'000;
  const std::string packed = block_gzipped(content, block_bytes);
  std::size_t text_end = 0;  // of the blocks so far
  int damaged_blocks = 0;
  const auto expect_failure = [&](const std::string& damaged, std::size_t text_begin, std::string_view reason) {
    const auto lines = std::count(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(text_begin), '\n');
    EXPECT_EQ(failure({write("log.csv", damaged)}, options()),
              fmt::format("65: log.csv:{}: gzip stream is corrupt ({})", lines + 1, reason));
  };
  for (std::size_t end = 0; text_end < content.size();) {
    const auto byte = [&](std::size_t place) {
      return static_cast<std::size_t>(static_cast<unsigned char>(packed[place]));
    };
    end += byte(end + 16) + 256 * byte(end + 17) + 1;
    const std::size_t text_begin = text_end;
    text_end = std::min(text_end + block_bytes, content.size());
    if (text_end < content.size() / 2) continue;  // the beginning is looked at before
    // No text of a block is taken before its end is seen.
    std::string damaged = packed;
    damaged[end - 8] = static_cast<char>(damaged[end - 8] ^ 1);
    expect_failure(damaged, text_begin, "incorrect data check");
    // It says that it holds less, by a line, or more: where the parts of later ranks begin is wrong then.
    for (const int more : {-7, 7}) {
      std::string other_size = packed;
      const std::size_t stored = byte(end - 4) + 256 * byte(end - 3) + static_cast<std::size_t>(more);
      other_size[end - 4] = static_cast<char>(stored & 0xFF);
      other_size[end - 3] = static_cast<char>(stored >> 8);
      expect_failure(other_size, text_begin, "incorrect length check");
    }
    ++damaged_blocks;
  }
  EXPECT_EQ(damaged_blocks, 8);
}

TEST_F(LogReaderTest, WhatIsNotWhollyInBlocksIsReadByOneRank) {
  const std::string content = "user,item\n1,2\n3,4\n";
  const Rows expected = rows_of({write("log.csv", content)}, options());
  const std::string joined = block_gzipped(content.substr(0, 13), 8) + gzipped(content.substr(13));
  const std::string path = write("log.csv", joined);
  EXPECT_FALSE(plan_log(comm_, {path}, options()).layouts.front().file.can_be_shared());
  EXPECT_EQ(rows_of({path}, options()), expected);
  const std::string whole = block_gzipped(content, 8);
  EXPECT_EQ(failure({write("log.csv", whole.substr(0, whole.size() - 3))}, options()),
            "65: log.csv: gzip stream ends early");
}

TEST(LoneRanksTest, LargestFirstToTheRankWithTheLeast) {
  std::vector<TextLayout> layouts(6);
  const std::array<Index, 6> bytes{10, 70, 20, 1000, 40, 20};
  std::vector<const TextLayout*> pointers;
  for (std::size_t f = 0; f < layouts.size(); ++f) {
    layouts[f].file.version.bytes = bytes[f];
    pointers.push_back(&layouts[f]);
  }
  layouts[3].file.text_bytes = 1000;  // shared by all
  EXPECT_EQ(lone_parts(pointers, 2), (std::vector<int>{0, 0, 1, 0, 1, 1}));
  EXPECT_EQ(lone_parts(pointers, 1), std::vector<int>(6, 0));
  EXPECT_EQ(lone_parts(pointers, 9), (std::vector<int>{4, 0, 2, 0, 1, 3}));
}

TEST_F(LogReaderTest, MatrixMarket) {
  const std::string head = "%%MatrixMarket matrix coordinate real general\n% a comment\n\n3 4 2\n";
  EXPECT_EQ(rows_of({write("m.mtx", head + "1 4 2.5\n 3\t1  -1e2 \n")}, options()),
            (Rows{{"m.mtx:5", "1", "4", 2.5, 0}, {"m.mtx:6", "3", "1", -100, 0}}));
  EXPECT_EQ(
      rows_of({write("p.mtx", gzipped("%%matrixmarket MATRIX Coordinate Pattern General\n2 2 1\n2 1\n"))}, options()),
      (Rows{{"p.mtx:3", "2", "1", 1, 0}}));
  EXPECT_EQ(failure_of("%%MatrixMarket matrix array real general\n2 2\n", options()),
            "65: log: expected '%%MatrixMarket matrix coordinate real|integer|pattern general' as the first line");
  EXPECT_EQ(failure_of("%%MatrixMarket matrix coordinate real general\n% no more\n", options()),
            "65: log: ends before its size line");
  EXPECT_EQ(failure_of("%%MatrixMarket matrix coordinate real general\n2 -2 1\n", options()),
            "65: log: expected the size line 'rows columns entries', three numbers of at least 0");
  EXPECT_EQ(failure_of(head + "1 4 2.5\n", options()), "65: log: the size line promises 2 entries, the file holds 1");
  EXPECT_EQ(failure_of(head + "1 4 2.5\n0 4 1\n", options()), "65: log:6: row '0' is not a number from 1 to 3");
  EXPECT_EQ(failure_of(head + "1 5 2.5\n1 4 1\n", options()), "65: log:5: column '5' is not a number from 1 to 4");
  EXPECT_EQ(failure_of(head + "1 4\n1 4 1\n", options()), "65: log:5: has 2 fields, expected 3");
  EXPECT_EQ(failure_of(head + "1 4 1\n1 4 1\n", options("auto", "user=1,item=2")),
            "2: log: a matrix-market file has no columns for --columns to choose");
}

TEST_F(LogReaderTest, AColumnIsIntegersOnlyWhenAllIdsAreCanonical) {
  const auto kind = [&](const std::string& ids) {
    std::string content = "user,item\n";
    std::istringstream stream(ids);
    for (std::string id; stream >> id;) content += id + ",1\n";
    const InteractionLog log = read({write("kinds", content)}, options());
    EXPECT_TRUE(log.items.are_integers());
    Rows rows = gathered(log);
    std::string back;
    for (const Row& row : rows) back += (back.empty() ? "" : " ") + row.user;
    EXPECT_EQ(back, ids);
    return log.users.are_integers();
  };
  EXPECT_TRUE(kind("0 1 9223372036854775807 12"));
  EXPECT_FALSE(kind("1 2 007"));
  EXPECT_FALSE(kind("00 1"));
  EXPECT_FALSE(kind("1 2 3 4 5 6 7 85123A"));
  EXPECT_FALSE(kind("85123A 1 2 3 4 5 6 7"));
  EXPECT_FALSE(kind("1 9223372036854775808"));
  EXPECT_FALSE(kind("-5 x 3"));
  EXPECT_FALSE(kind("-5 7"));
  EXPECT_FALSE(kind("7 8 9 10 11 12 13 14 -9223372036854775808"));
  EXPECT_FALSE(kind("1 -0"));
  EXPECT_FALSE(kind("1 1.0"));
  EXPECT_FALSE(kind("1 é"));
}

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

TEST_F(LogReaderTest, HeadersInsideAFileArePassedOver) {
  const std::string content = "user_id,item_id\n1,2\nuser_id,item_id\n3,4\n\xEF\xBB\xBFuser_id,\"item_id\"\n5,6\n";
  const InteractionLog log = read({write("log", content)}, options());
  EXPECT_EQ(gathered(log), (Rows{{"log:2", "1", "2", 1, 0}, {"log:4", "3", "4", 1, 0}, {"log:6", "5", "6", 1, 0}}));
  EXPECT_EQ(log.repeated_headers, 2);
  EXPECT_EQ(log.rows_read, 3);
  EXPECT_EQ(rows_of({write("log", "user,item,note\nuser,item,1\n")}, options()).size(), 1U) << "another line";
  const InteractionLog renamed =
      read({write("log", "user,item\n1,2\nUser,Item\n3,4\nuser_id,item_id\n5,book\n")}, options());
  EXPECT_EQ(gathered(renamed),
            (Rows{{"log:2", "1", "2", 1, 0}, {"log:4", "3", "4", 1, 0}, {"log:6", "5", "book", 1, 0}}));
  EXPECT_EQ(renamed.repeated_headers, 2);
  EXPECT_EQ(rows_of({write("log", "1,2\nuser,item\n")}, options("auto", "user=1,item=2")).size(), 2U) << "no header";
}

TEST_F(LogReaderTest, DelimitersAndDecimalsOfTheFirstRows) {
  const auto values = [&](std::string_view content, std::string_view columns = "") {
    std::string text;
    for (const Row& row : rows_of({write("log", content)}, options("auto", columns)))
      text += fmt::format("{} {} {};", row.user, row.item, row.value);
    return text;
  };
  EXPECT_EQ(values("101;7;4,5\n102;8;3\n", "user=1,item=2,value=3"), "101 7 4.5;102 8 3;");
  EXPECT_EQ(values("1;2,5\n3;4,5\n", "user=1,item=2"), "1 2,5 1;3 4,5 1;") << "as many commas as semicolons";
  EXPECT_EQ(values("1,5;2,5;7\n", "user=1,item=2,value=3"), "1,5 2,5 7;");
  EXPECT_EQ(values("user;item;rating\nann;\"tea; green\";4,5\nbob;cup;-,5e1\n"), "ann tea; green 4.5;bob cup -5;");
  EXPECT_EQ(values("user|item|rating\nann|tea, green|4.5\n"), "ann tea, green 4.5;");
  EXPECT_EQ(values("user;item;price, net;rating\nann;tea;7;4.5\n"), "ann tea 4.5;");
  EXPECT_EQ(values("user\titem\trating, 1 to 5\trating\nann\ttea\t7\t4.5\n", "user=1,item=2,value=4"), "ann tea 4.5;");
  EXPECT_EQ(values("user,\"item;or;article;number\",rating\nann,tea,4.5\n", "user=1,item=2,value=3"), "ann tea 4.5;");
  EXPECT_EQ(failure_of("user;item;rating\n1;2;3,5\n1;2;3.5\n", options()),
            "65: log:2: value '3,5' is not a number (--decimal comma reads decimal commas)");

  LogOptions chosen = options("auto", "user=1,item=2,value=3");
  chosen.delimiter = parse_delimiter("^");
  chosen.decimal = parse_decimal("comma");
  EXPECT_EQ(rows_of({write("log", "a;b^c,d^1,5\n")}, chosen), (Rows{{"log:1", "a;b", "c,d", 1.5, 0}}));
  chosen.delimiter = parse_delimiter("comma");
  EXPECT_EQ(rows_of({write("log", "a,b,\"1,5\"\n")}, chosen), (Rows{{"log:1", "a", "b", 1.5, 0}}));
  EXPECT_EQ(failure_of("a,b,1.5\n", chosen),
            "65: log:1: value '1.5' is not a number with a decimal comma (--decimal point)");
  chosen.format = TextFormat::movielens;
  EXPECT_EQ(failure_of("1::2::3\n", chosen), "2: log: --delimiter is for csv files, and this is movielens");
  for (const char* bad : {"", "a", "7", "\"", ".", "-", "::", "\n", "\xC3"})
    EXPECT_THROW((void)parse_delimiter(bad), Error);
  EXPECT_THROW((void)parse_decimal(","), Error);
}

TEST_F(LogReaderTest, ContradictedDecimalsAreAnError) {
  std::string content = "user;item;rating\n";
  for (int i = 0; i < 3000; ++i) content += fmt::format("{};1;{}\n", i, i % 5);
  EXPECT_EQ(failure_of(content + "7;1;4,5\n", options()),
            "65: log:3002: value '4,5' is not a number (--decimal comma reads decimal commas)");
}

TEST_F(LogReaderTest, LineBreaksInsideQuotesOnAnyNumberOfRanks) {
  const std::string head = "user,\"item\nname\",note\n";
  const std::string body =
      "a,\"x\n\"\"y\"\"\",1\n\"b\nb\",x,\"2\n\n,\"\"\n\"\nc,5\" pipe,\"\n\n\"\nd,\"p,q\n,r\n,s\",\"\r\n\"\r\n\ne,f,g\n";
  Rows expected;
  Index line = 3;
  std::string content = head;
  for (int i = 0; i < 40; ++i) {
    content += body;
    const auto row = [&](const char* user, const char* item, Index lines) {
      expected.push_back({fmt::format("log:{}", line), user, item, 1, 0});
      line += lines;
    };
    row("a", "x\\n\"y\"", 2);
    row("b\\nb", "x", 5);
    row("c", "5\" pipe", 3);
    row("d", "p,q\\n,r\\n,s", 5);
    row("e", "f", 1);
  }
  const auto one_line = [](Rows rows) {
    for (Row& row : rows) {
      for (std::string* text : {&row.user, &row.item}) {
        for (auto at = text->find('\n'); at != std::string::npos; at = text->find('\n')) text->replace(at, 1, "\\n");
      }
    }
    return rows;
  };
  const LogOptions chosen = options("auto", "user=user,item=2");
  // Ids with line breaks do not fit through gathered(), so rows are compared by rank.
  for (const std::string& bytes : {content, gzipped(content)}) {
    const InteractionLog log = read({write("log", bytes)}, chosen);
    Rows mine;
    for (std::size_t row = 0; row < log.positions.size(); ++row) {
      mine.push_back({fmt::format("log:{}", InputPosition(log.positions[row]).line()), id_of(log.users, row),
                      id_of(log.items, row), log.values[row], 0});
    }
    const auto before = static_cast<std::ptrdiff_t>(comm_.exclusive_sum(log.size()));
    ASSERT_EQ(comm_.sum(log.size()), std::ssize(expected));
    EXPECT_EQ(one_line(mine), Rows(expected.begin() + before, expected.begin() + before + log.size()));
  }
}

TEST_F(LogReaderTest, EveryCutThroughAQuotedText) {
  // One field takes most of the file, so that parts of several ranks lie inside it.
  for (int lines = 0; lines < 30; ++lines) {
    std::string note;
    for (int i = 0; i < lines; ++i) note += i % 3 == 0 ? "1,2\n" : i % 3 == 1 ? "a \"\"q\"\" b\n" : ",\n";
    const std::string content = fmt::format("user,item,note\n1,2,\"{}\"\n3,4,x\n5,6,\"{}\"\n7,8,y\n", note, note);
    ASSERT_EQ(rows_of({write("log", content)}, options()),
              (Rows{{"log:2", "1", "2", 1, 0},
                    {fmt::format("log:{}", lines + 3), "3", "4", 1, 0},
                    {fmt::format("log:{}", lines + 4), "5", "6", 1, 0},
                    {fmt::format("log:{}", 2 * lines + 5), "7", "8", 1, 0}}))
        << lines;
    ASSERT_EQ(failure_of(content + "9\n10,11,z\n", options()),
              fmt::format("65: log:{}: has 1 field, expected 3", 2 * lines + 6));
    const std::string open = failure_of(content + "9,\"" + note, options());
    ASSERT_TRUE(open.starts_with(fmt::format("65: log:{}: field 2 ", 2 * lines + 6))) << open;
  }
}

TEST_F(LogReaderTest, Utf16AndZstd) {
  const std::string content = "user,item\nann,gr\xC3\xBCn \xF0\x9F\x8D\xB5\nbob,\xE6\xBC\xA2\n";
  const Rows expected{{"log:2", "ann", "gr\xC3\xBCn \xF0\x9F\x8D\xB5", 1, 0}, {"log:3", "bob", "\xE6\xBC\xA2", 1, 0}};
  for (const bool big : {false, true}) {
    const std::string bytes = utf16(content, big);
    EXPECT_EQ(rows_of({write("log", bytes)}, options()), expected);
    EXPECT_EQ(rows_of({write("log", gzipped(bytes))}, options()), expected);
    EXPECT_EQ(failure_of(bytes.substr(0, bytes.size() - 1), options()),
              "65: log: is not UTF-16: it ends within a sign");
    EXPECT_EQ(
        failure_of(bytes.substr(2), options()),
        fmt::format("65: log: looks like UTF-16 without a byte order mark: convert it first (iconv -f UTF-16{} -t "
                    "UTF-8 FILE)",
                    big ? "BE" : "LE"));
  }
  EXPECT_EQ(failure_of(std::string("\xFF\xFEu\0\x00\xDC", 6), options()),
            "65: log: is not UTF-16: it holds a lone surrogate");
  EXPECT_EQ(rows_of({write("log", zstd_packed(content))}, options()), expected);
  EXPECT_EQ(rows_of({write("log", zstd_packed(content.substr(0, 20)) + zstd_packed(content.substr(20)))}, options()),
            expected);
  const std::string packed = zstd_packed(content);
  for (const std::size_t size : {packed.size() - 1, packed.size() / 2}) {
    EXPECT_EQ(failure_of(packed.substr(0, size), options()), "65: log: zstd stream ends early") << size;
  }
}

TEST_F(LogReaderTest, FilesThatAreNoTextAreNamed) {
  EXPECT_EQ(
      failure_of(std::string("\xFD"
                             "7zXZ\0\0\4",
                             8),
                 options()),
      "65: log: is an xz file, which is not read here: unpack it first (xz -dk FILE), or pack it with zstd or gzip");
  EXPECT_EQ(
      failure_of("PK\x03\x04 and more", options()),
      "65: log: is a zip file (or an Excel workbook), which is not read here: unpack it first (unzip FILE), or save "
      "the workbook as CSV");
  EXPECT_EQ(failure_of(std::string("user,item\n1,\0\n", 14), options()),
            "65: log: is no text file: it holds zero bytes");
  EXPECT_EQ(failure_of("\x1B[31m,\xFF\xFE\n1,2\n", options()),
            "2: log: which column is the user? Say --columns user=NAME,item=NAME,...; its columns are \\x1b[31m, "
            "\\xff\\xfe");
}

TEST_F(LogReaderTest, IdsAreBounded) {
  const std::string longest(1024, 'x');
  EXPECT_EQ(rows_of({write("log", "user,item\n1,2\n3," + longest + "\n")}, options()).back().item, longest);
  EXPECT_EQ(failure_of("user,item\n1,2\n3,y" + longest + "\n", options()),
            "65: log:3: id 'y" + std::string(39, 'x') + "...' holds 1025 bytes, at most 1024 are taken");
}

TEST_F(LogReaderTest, TimesByTheFirstRowsAreTheSameForAllRows) {
  const auto times = [&](const std::string& column, const LogOptions& chosen) {
    std::string text;
    for (const Row& row : rows_of({write("log", "user,item,time\n" + column)}, chosen))
      text += fmt::format("{};", static_cast<double>(row.time) / 1e6);
    return text;
  };
  EXPECT_EQ(times("1,1,20101201\n1,2,20111209\n", options()), "1291161600;1323388800;");
  EXPECT_EQ(times("1,1,1291161600500\n1,2,1323388800000\n", options()), "1291161600.5;1323388800;");
  EXPECT_EQ(times("1,1,1291161600\n1,2,2011-12-09\n", options()), "1291161600;1323388800;");
  LogOptions chosen = options();
  chosen.time = parse_time_format("%d.%m.%Y %H:%M");
  EXPECT_EQ(times("1,1,01.12.2010 08:26\n", chosen), "1291191960;");
  EXPECT_EQ(plan_log(comm_, {write("log", "user,item,time\n1,1,20101201\n")}, options()).layouts.front().time,
            TimeForm::eight_digits);

  std::string dates = "user,item,time\n";
  std::string seconds = dates;
  std::string milliseconds = dates;
  for (int i = 0; i < 3000; ++i) {
    dates += fmt::format("{},1,{}\n", i, 20101201 + i % 20);
    seconds += fmt::format("{},1,{}\n", i, 1291161600 + i);
    milliseconds += fmt::format("{},1,{}\n", i, 1291161600000 + i);
  }
  EXPECT_EQ(failure_of(dates + "1,2,1291161600\n", options()),
            "65: log:3002: time '1291161600' is not of the form YYYYMMDD, as the first rows are (--time-format)");
  EXPECT_EQ(failure_of(seconds + "1,2,20101201\n", options()),
            "65: log:3002: time '20101201' reads as a date, and not all of the first rows do; --time-format seconds or "
            "'%Y%m%d' says what it is");
  EXPECT_EQ(failure_of(milliseconds + "1,2,1291161600\n", options()),
            "65: log:3002: time '1291161600' reads as seconds, and the first rows are milliseconds; --time-format says "
            "what it is");
  EXPECT_EQ(failure_of(seconds + "1,2,1291161600000\n", options()),
            "65: log:3002: time '1291161600000' lies outside 1970-01-02 to 2100 as seconds since 1970; --time-format "
            "milliseconds reads milliseconds");
  EXPECT_EQ(
      failure_of("user,item,time\n1,2,40513.35\n", options()),
      "65: log:2: time '40513.35' lies outside 1970-01-02 to 2100 as seconds since 1970; a day number of Excel? Save "
      "dates as YYYY-MM-DD");
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

TEST_F(LogReaderTest, HeaderRule) {
  LogOptions chosen = options("csv", "user=1,item=2");
  EXPECT_EQ(rows_of({write("h", "a,b\nc,d\n")}, chosen).size(), 2U) << "nothing says that a,b is a header";
  EXPECT_EQ(rows_of({write("h", "user,b\nc,d\n")}, chosen).size(), 1U);
  chosen.header = HeaderRule::present;
  EXPECT_EQ(rows_of({write("h", "a,b\nc,d\n")}, chosen).size(), 1U);
  chosen.header = HeaderRule::absent;
  EXPECT_EQ(rows_of({write("h", "user,b\nc,d\n")}, chosen).size(), 2U);
}

TEST(ColumnChoice, RefusesNonsense) {
  for (const char* bad : {"", "user=a", "item=a", "user,item", "user=,item=b", "user=a,item=b,user=c",
                          "user=a,item=b,colour=c", "user=a,item=b,value=x**y", "user=a,item=b,fold=",
                          "user=a,item=b,fold=1,fold=2", "user=a,item=b,value=1*2*3*4*5*6*7*8*9", "user=a,item=b,"}) {
    EXPECT_THROW((void)parse_column_choice(bad), Error) << bad;
  }
  const ColumnChoice choice = parse_column_choice("value=Quantity*UnitPrice,item=S,user=C,time=4");
  EXPECT_EQ(choice.value, (std::vector<std::string>{"Quantity", "UnitPrice"}));
  EXPECT_EQ(choice.user, "C");
  EXPECT_EQ(choice.item, "S");
  EXPECT_EQ(choice.time, "4");
  EXPECT_EQ(choice.fold, "");
  EXPECT_EQ(parse_column_choice("fold=part,user=1,item=2").fold, "part");
}

}  // namespace
}  // namespace rankwise
