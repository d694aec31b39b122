// What a look at a column's fields makes of it.

#include "io/tables/column_types.hpp"

#include <cmath>
#include <functional>
#include <gtest/gtest.h>

#include "io/tables/table_choice.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

TableColumn look_at(Texts fields, std::optional<ColumnType> type = std::nullopt, bool may_have_decimal_commas = false) {
  std::vector<Index> lines;
  for (std::size_t row = 0; row < fields.size(); ++row) lines.push_back(static_cast<Index>(row) + 2);
  return typed_column({"c", std::move(fields), may_have_decimal_commas}, lines, type);
}

std::string error_of(const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ColumnTypes, NumbersLoseNothing) {
  EXPECT_EQ(look_at({"1", "-2.5", "1e3", "4", "0", "0.5"}).type(), ColumnType::number);
  EXPECT_EQ(look_at({"+49151", "5"}).type(), ColumnType::text);  // a telephone
  EXPECT_EQ(look_at({"9007199254740992"}).type(), ColumnType::number);
  EXPECT_EQ(look_at({"9007199254740994"}).type(), ColumnType::text);
  EXPECT_EQ(look_at({"007"}).type(), ColumnType::text);
  EXPECT_EQ(look_at({"-01"}).type(), ColumnType::text);
  EXPECT_EQ(look_at({"inf"}).type(), ColumnType::text);
  EXPECT_EQ(look_at({"1e999"}).type(), ColumnType::text);
  EXPECT_EQ(look_at({"1", "x"}).type(), ColumnType::text);
}

TEST(ColumnTypes, MissingFieldsAreNaN) {
  const Numbers numbers = std::get<Numbers>(look_at({"1", "", "3"}).values);
  EXPECT_EQ(numbers[0], 1);
  EXPECT_TRUE(std::isnan(numbers[1]));
  EXPECT_EQ(missing_count(numbers), 1);
  EXPECT_EQ(missing_count(look_at({"", ""}).values), 2);
}

TEST(ColumnTypes, DecimalCommasAreReadWhereCommasDivideNoFields) {
  EXPECT_EQ(look_at({"1,5", "2"}).type(), ColumnType::text);
  EXPECT_EQ(std::get<Numbers>(look_at({"1,5", "2"}, {}, true).values), (Numbers{1.5, 2}));
  EXPECT_EQ(std::get<Numbers>(look_at({"1,5", "2"}, ColumnType::number, true).values), (Numbers{1.5, 2}));
  EXPECT_EQ(look_at({"1,5", "2.5"}, {}, true).type(), ColumnType::text);
}

TEST(ColumnTypes, CategoriesAreFewAndInBytewiseOrder) {
  const Categories categories = std::get<Categories>(look_at({"b", "", "a", "b", "ä", "Z", "Z", "ä", "a"}).values);
  EXPECT_EQ(categories.categories, (Texts{"Z", "a", "b", "ä"}));
  EXPECT_EQ(categories.codes, (std::vector<std::int32_t>{2, -1, 1, 2, 3, 0, 0, 3, 1}));
  EXPECT_EQ(look_at({"a", "b", "b"}).type(), ColumnType::text);
  EXPECT_EQ(look_at({"a", "b", "b"}, ColumnType::category).type(), ColumnType::category);
  EXPECT_EQ(look_at({"1", "1"}, ColumnType::text).type(), ColumnType::text);
  EXPECT_EQ(std::get<Numbers>(look_at({"007"}, ColumnType::number).values), (Numbers{7}));
}

TEST(ColumnTypes, WhatIsNoNumberIsNamedByItsLine) {
  EXPECT_EQ(error_of([] {
              static_cast<void>(look_at({"1", "x"}, ColumnType::number));
            }),
            "line 3: c is 'x', expected a finite number");
  EXPECT_EQ(error_of([] { static_cast<void>(look_at({"inf"}, ColumnType::number)); }),
            "line 2: c is 'inf', expected a finite number");
}

TEST(TableChoice, ColumnsAndTypes) {
  const TableColumns columns = parse_table_columns("--item-columns", "id=sku,title,price=Unit price");
  EXPECT_EQ(columns.id, "sku");
  ASSERT_EQ(columns.kept.size(), 2U);
  EXPECT_EQ(columns.kept[0].source, "title");
  EXPECT_EQ(columns.kept[1].name, "price");
  EXPECT_EQ(columns.kept[1].source, "Unit price");
  EXPECT_EQ(parse_column_types("--item-types", "a=b=number").at("a=b"), ColumnType::number);
  for (const char* text : {"", "a,", "=x", "a=", "id=x,id=y", "a,a"}) {
    EXPECT_NE(error_of([&] { static_cast<void>(parse_table_columns("--item-columns", text)); }), "") << text;
  }
  for (const char* text : {"", "a", "=number", "a=word", "a=text,a=text"}) {
    EXPECT_NE(error_of([&] { static_cast<void>(parse_column_types("--item-types", text)); }), "") << text;
  }
}

}  // namespace
}  // namespace rankwise
