// JSON objects cut into fields, and lines that are none.

#include "io/text/json_record.hpp"

#include <gtest/gtest.h>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

using Texts = std::vector<std::string>;

Texts fields_of(const std::string& line, const Texts& keys) {
  JsonRecord record(keys);
  const auto& fields = record.split(line);
  return {fields.begin(), fields.end()};
}

std::string failure_of(const std::string& line, const Texts& keys = {"a"}) {
  try {
    fields_of(line, keys);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    return error.what();
  }
  return "none";
}

TEST(JsonRecordTest, FieldsInTheOrderOfTheKeys) {
  EXPECT_EQ(fields_of(R"({"b": "x", "a": -1.5e3, "c": [1, {"a": 2}], "d": {"a": 3}})", {"a", "b", "d.a", "e"}),
            (Texts{"-1.5e3", "x", "3", ""}));
  EXPECT_EQ(fields_of(R"( { "a" : null , "b" : true, "c.d": false } )", {"a", "b", "c.d"}),
            (Texts{"", "true", "false"}));
  EXPECT_EQ(fields_of("{}", {"a"}), Texts{""});
  EXPECT_EQ(fields_of(R"({"x": {"y": {"z": "deep"}}, "x2": {}})", {"x.y.z"}), Texts{"deep"});
}

TEST(JsonRecordTest, Escapes) {
  EXPECT_EQ(
      fields_of(R"({"a": "q\"\\\/\b\f\n\r\t", "b": "\u00e9\u8336\ud83d\ude00", "\u0063": "plain"})", {"a", "b", "c"}),
      (Texts{"q\"\\/\b\f\n\r\t", "\xC3\xA9\xE8\x8C\xB6\xF0\x9F\x98\x80", "plain"}));
  EXPECT_EQ(failure_of(R"({"a": "\ud83d"})"), "a JSON string holds half a sign of UTF-16");
  EXPECT_EQ(failure_of(R"({"a": "\ud83d\u0041"})"), "a JSON string holds half a sign of UTF-16");
  EXPECT_EQ(failure_of(R"({"a": "\u00g1"})"), "a JSON string has \\u without four hexadecimal digits");
  EXPECT_EQ(failure_of(R"({"a": "\u0000"})"), "a JSON string holds a zero byte");
  EXPECT_EQ(failure_of(R"({"a": "\x"})"), "a JSON string has the unknown escape '\\x'");
}

TEST(JsonRecordTest, WhatIsNoObject) {
  const std::string is_none = "is no JSON object on one line: ";
  EXPECT_EQ(failure_of("[1]"), is_none + "at byte 1: expected '{'");
  EXPECT_EQ(failure_of(R"({"a": 1)"), is_none + "at byte 8: expected ',' or '}'");
  EXPECT_EQ(failure_of(R"({"a" 1})"), is_none + "at byte 6: expected ':'");
  EXPECT_EQ(failure_of(R"({"a": 01})"),
            is_none + "at byte 7: expected a string, a number, true, false, null, an object or a list");
  EXPECT_EQ(failure_of(R"({"a": 1,})"), is_none + "at byte 9: expected a key in quotes");
  EXPECT_EQ(failure_of(R"({"a": 1} x)"), is_none + "at byte 10: expected nothing after the object");
  EXPECT_EQ(failure_of(R"({"a": "x)"), is_none + "at byte 9: expected the end of a string, and of the object");
  EXPECT_EQ(failure_of(R"({"a": "x\)"), is_none + "at byte 10: expected the end of a string, and of the object");
  EXPECT_EQ(failure_of("{\"b\": " + std::string(100, '[')),
            is_none + "at byte 71: expected at most 64 objects and lists inside each other");
}

TEST(JsonRecordTest, WantedKeysHoldOneValue) {
  EXPECT_EQ(failure_of(R"({"a": [1]})"), "key 'a' holds a list; expected a string, a number or null");
  EXPECT_EQ(failure_of(R"({"a": {"b": 1}})"), "key 'a' holds an object; expected a string, a number or null");
  EXPECT_EQ(failure_of(R"({"a": 1, "a": 2})"), "key 'a' appears twice");
  EXPECT_EQ(failure_of(R"({"u": {"i": 1}, "u.i": 2})", {"u.i"}), "key 'u.i' appears twice");
  EXPECT_EQ(failure_of(R"({"b": 1, "b": [2]})"), "none");
}

TEST(JsonRecordTest, KeysThatCouldBeColumns) {
  Texts keys;
  add_json_keys(R"({"a": 1, "b": {"c": "x", "d": {"e": null}}, "l": [{"m": 1}]})", keys);
  add_json_keys(R"({"z": 1, "a": 2})", keys);
  std::string many = "{\"k\": 1";
  for (int k = 0; k < most_json_keys; ++k) many += ", \"k" + std::to_string(k) + "\": 1";
  std::vector<std::string> of_many;
  EXPECT_THROW(add_json_keys(many + "}", of_many), Error);
  EXPECT_EQ(std::ssize(of_many), most_json_keys);
  EXPECT_EQ(keys, (Texts{"a", "b.c", "b.d.e", "z"}));
}

}  // namespace
}  // namespace rankwise
