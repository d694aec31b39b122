#include "tests/io/log/reader_case.hpp"

namespace rankwise {
namespace {

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
