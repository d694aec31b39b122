// One line: fields of every dialect, and each field as a number, a time and an error message's excerpt.

#include "io/text/field_text.hpp"
#include "io/text/time_text.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"
#include "tests/fuzz/harness.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rankwise;
  const std::string_view line = fuzz::text_of(data, size);
  for (const Dialect dialect : {Dialect::quoted, Dialect::tab, Dialect::double_colon, Dialect::blanks}) {
    fuzz::read_or_refuse([&] {
      FieldSplitter splitter(dialect, size % 2 == 0 ? ',' : ';');
      const auto& fields = splitter.split(line);
      if (const auto quote = splitter.open_quote()) fuzz::require(line.at(*quote) == '"', "open quotes are quotes");
      for (const std::string_view field : fields) {
        for (const TimeForm form : {TimeForm::by_look, TimeForm::seconds, TimeForm::judged_milliseconds, TimeForm::iso,
                                    TimeForm::eight_digits, TimeForm::pattern}) {
          const TimeReader times(form, "%d.%m.%Y %H:%M");
          const bool timed = fuzz::read_or_refuse([&] { static_cast<void>(times.read(field)); });
          fuzz::require(timed == times.reads(field), "reads() says what read() does");
        }
        fuzz::read_or_refuse([&] {
          const double value = parse_number(field, "value");
          fuzz::require(value - value == 0, "numbers are finite");
        });
        static_cast<void>(is_number(field));
        static_cast<void>(number_of(field, ','));
        const std::string excerpt = shown(field);
        for (const char c : excerpt)
          fuzz::require(static_cast<unsigned char>(c) >= ' ', "excerpts hold no control signs");
      }
    });
  }
  return 0;
}
