#include "kernels/text/text_encoding.hpp"

#include <gtest/gtest.h>
#include <random>

#include "kernels/text/utf8.hpp"

namespace rankwise {
namespace {

TEST(EncodedText, LeavesUtf8AsItIs) {
  for (const char* text : {"", "/data/shop.h5", "M\xC3\xBCnchen", "C:\\x", "\\", "\\\\x", "\\xFC", "\\x41", "\\xfz",
                           "\\x5", "tab\tline\n", "%fc"}) {
    EXPECT_EQ(encoded_text(text), text);
    EXPECT_EQ(decoded_text(text), text);
  }
}

TEST(EncodedText, EscapesBytesThatAreNoUtf8AndWhatLooksLikeIt) {
  EXPECT_EQ(encoded_text("M\xFCnchen"), "M\\xfcnchen");
  EXPECT_EQ(encoded_text("M\\xfcnchen"), "M\\x5cxfcnchen");
  EXPECT_EQ(encoded_text("\\x5cxfc"), "\\x5cx5cxfc");
  EXPECT_EQ(encoded_text("\\\xFC"), "\\\\xfc");
  EXPECT_EQ(encoded_text("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
}

TEST(EncodedText, OfAnyBytesIsUtf8AndHasThemBack) {
  std::mt19937 random(5);
  const std::string signs = "\\\\\\xx5cfd08\xFC\xC3\xBC\xE2\x82 a";
  for (int n = 0; n < 20'000; ++n) {
    std::string bytes(random() % 12, '\0');
    for (char& byte : bytes) byte = n % 2 == 0 ? static_cast<char>(random()) : signs[random() % signs.size()];
    const std::string text = encoded_text(bytes);
    ASSERT_TRUE(is_utf8(text)) << text;
    ASSERT_EQ(decoded_text(text), bytes) << text;
  }
}

TEST(Printable, ShowsWhatWouldMoveTheCursor) {
  EXPECT_EQ(printable("\x1B[31mred\r\a\x7F"), "\\x1b[31mred\\x0d\\x07\\x7f");
  EXPECT_EQ(printable("two\nlines\t"), "two\\x0alines\\x09");
  EXPECT_EQ(printable_table("two\nlines\t\x1B"), "two\nlines\t\\x1b");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J \xC2\xA0"),
            "\\u009b2J \xC2\xA0");
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "cba\xE2\x80\xAC \xE2\x81\xA6x\xE2\x81\xA9"),
            "a\\u202ecba\\u202c \\u2066x\\u2069");
  EXPECT_EQ(printable("M\xFCnchen, M\xC3\xBCnchen, \xE2\x80\x93 C:\\x1b"),
            "M\\xfcnchen, M\xC3\xBCnchen, \xE2\x80\x93 C:\\x1b");
}

}  // namespace
}  // namespace rankwise
