#include "io/log/id_list.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/io/log_files.hpp"

namespace rankwise {
namespace {

class IdListTest : public testing::Test {
 protected:
  /// "id@line;..." of the file, and how it was read; the same on every rank or the test fails.
  std::string listed(std::string_view content) {
    std::string text;
    try {
      const IdList list = read_user_list(comm_, write_log(comm_, folder_, "list", content));
      for (const ListedId& listed : list.ids) text += fmt::format("{}@{};", listed.id, listed.line);
      missing_ = list.missing;
      note_ = list.note.substr(list.note.find(": ") + 2);
    } catch (const AgreedError& error) {
      text = fmt::format("{}{}", static_cast<int>(error.code()),
                         std::string(error.what()).substr(folder_.file("list").size()));
    }
    std::string root = text;
    comm_.broadcast(root);
    EXPECT_EQ(text, root);
    return text;
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
  std::string note_;
  Index missing_ = 0;
};

TEST_F(IdListTest, OneIdALineHoweverItIsWritten) {
  const std::string expected = "ann@1;7@2;bob b@4;";
  EXPECT_EQ(listed("ann\n7\n\nbob b"), expected);
  EXPECT_EQ(note_, "one id a line, ids = column 1");
  EXPECT_EQ(listed("\xEF\xBB\xBF"
                   "ann\r\n7\r\n\r\nbob b\r\n"),
            expected);
  EXPECT_EQ(listed("ann \n 7\t\n \n\"bob b\"\n"), expected);
  EXPECT_EQ(listed("\"ann\" \n7\n\n\"bob b\"\t\n"), expected);
  EXPECT_EQ(listed("ann\r7\r\rbob b\r"), expected);
  EXPECT_EQ(listed(utf16("ann\r\n7\r\n\r\nbob b\r\n", false)), expected);
  EXPECT_EQ(listed(utf16("ann\n7\n\nbob b", true)), expected);
  EXPECT_EQ(listed(gzipped("ann\n7\n\nbob b")), expected);
  EXPECT_EQ(listed(zstd_packed("ann\n7\n\nbob b")), expected);
}

TEST_F(IdListTest, HeadersAndColumns) {
  EXPECT_EQ(listed("user\nann\nbob\n"), "ann@2;bob@3;");
  EXPECT_EQ(note_, "one id a line, ids = user");
  EXPECT_EQ(listed("Customer ID,name\n17,Ann\n18,\"Bob, B\"\n"), "17@2;18@3;");
  EXPECT_EQ(listed("since;user_id\n2020;ann\n2021; bob \n"), "ann@2;bob@3;");
  EXPECT_EQ(note_, "csv with semicolons, ids = user_id");
  EXPECT_EQ(listed("ann\t1\nbob\t2\n"), "ann@1;bob@2;");
  EXPECT_EQ(note_, "tsv without header, ids = column 1");
  EXPECT_EQ(listed("user;x\nann;1\nbob;2\n"), "ann@2;bob@3;");
  EXPECT_EQ(listed("user,rank\n\"Smith, J\",1\nann,2\n"), "Smith, J@2;ann@3;");
  EXPECT_EQ(listed("user\nSmith, J\nann\n"), "Smith, J@2;ann@3;");
  EXPECT_EQ(listed("\"Smith, J\",1\n\"ann\",2\n"), "Smith, J@1;ann@2;");
  EXPECT_EQ(note_, "csv without header, ids = column 1");
  EXPECT_EQ(listed("user,item,rank\n\"a,\"\"b\"\"\",1,1\n\"line\nbreak\",1,1\n\"a,\"\"b\"\"\",2,2\n"),
            "a,\"b\"@2;line\nbreak@3;a,\"b\"@5;")
      << "as recommend writes it";
}

TEST_F(IdListTest, IdsMayHoldSigns) {
  EXPECT_EQ(listed("Smith, J\n"), "Smith, J@1;");
  EXPECT_EQ(note_, "one id a line as it is, without header, ids = column 1");
  EXPECT_EQ(listed("Smith, J \n\"Jones, B\"\n"), "Smith, J@1;Jones, B@2;");
  EXPECT_EQ(listed("ann|1\nbob|2\n"), "ann|1@1;bob|2@2;");
  EXPECT_EQ(listed("\"tea\" lover\nann\n"), "\"tea\" lover@1;ann@2;");
  EXPECT_EQ(listed("smith, john\nann\n\"bob\"\nann \"the tea\" t\n"), "smith, john@1;ann@2;bob@3;ann \"the tea\" t@4;");
  EXPECT_EQ(listed("ann\nsmith, john\n"), "ann@1;smith, john@2;");
}

TEST_F(IdListTest, ColumnsNamedIdAndMissingIds) {
  EXPECT_EQ(listed("id,cluster,distance\nann,1,0.5\n\"b,c\",0,2\n"), "ann@2;b,c@3;") << "as kmeans writes it";
  EXPECT_EQ(note_, "csv, ids = id");
  EXPECT_EQ(listed("ID\nann\n"), "ann@2;");
  EXPECT_EQ(listed("Id,user\n1,ann\n"), "ann@2;");
  EXPECT_EQ(missing_, 0);
  EXPECT_EQ(listed("ann\nNULL\n\\N\n\"\"\nNaN\n\nbob\n"), "ann@1;bob@7;");
  EXPECT_EQ(missing_, 4);
  EXPECT_EQ(listed("rank,user\n1,\n2,ann\n"), "ann@3;");
  EXPECT_EQ(missing_, 1);
}

TEST_F(IdListTest, WhatIsNoListIsRefused) {
  EXPECT_EQ(listed(""), "65: is empty");
  EXPECT_EQ(listed(" \n\n"), "65: is empty");
  EXPECT_EQ(listed("user_id\n"), "65: lists no user; expected one id a line");
  EXPECT_EQ(listed("user,rank\nann,1\nSmith, J,2\n"), "65: line 3: has 3 fields, expected 2 as in the header");
  EXPECT_EQ(listed("PK\x03\x04"),
            "65: is a zip file (or an Excel workbook), which is not read here: unpack it first (unzip "
            "FILE), or save the workbook as CSV");
  EXPECT_THROW((void)read_user_list(comm_, folder_.file("absent")), AgreedError);
}

}  // namespace
}  // namespace rankwise
