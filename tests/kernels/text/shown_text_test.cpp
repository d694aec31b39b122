#include "kernels/text/shown_text.hpp"

#include <gtest/gtest.h>
#include <string>

namespace rankwise {
namespace {

TEST(Shown, KeepsMessagesOnOneLineOfPlainText) {
  EXPECT_EQ(shown("a\nb"), "'a\\x0ab'");
  EXPECT_EQ(shown("\xFF\xFE\x1B[31m"), "'\\xff\\xfe\\x1b[31m'");
  EXPECT_EQ(shown("gr\xC3\xBCn \xE6\xBC\xA2 \xF0\x9F\x8D\xB5"), "'gr\xC3\xBCn \xE6\xBC\xA2 \xF0\x9F\x8D\xB5'");
  EXPECT_EQ(shown("\xC2\x9B"
                  "2J\xC3"),
            "'\\u009b2J\\xc3'")
      << "control signs of two bytes, and half a sign";
  EXPECT_EQ(shown(std::string(100, 'x')), "'" + std::string(40, 'x') + "...'");
  EXPECT_EQ(shown(std::string(39, 'x') + "\xC3\xBC" + "yz"), "'" + std::string(39, 'x') + "...'") << "no half signs";
}

}  // namespace
}  // namespace rankwise
