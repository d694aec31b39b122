#pragma once
// Reports for people: one HTML file each, without anything from elsewhere.

#include <string>
#include <string_view>

namespace rankwise {

/// The report of `json` (UTF-8). `page` is its HTML, which has three marks once each: the style of all reports takes
/// the place of /*STYLE*/, the functions that all reports draw by (io/page/report_drawing.js) that of /*DRAWING*/, in a
/// script, and the data that of /*DATA*/, in an element of the type application/json that is called `data`. Texts in
/// the data may hold anything: none ends the element.
[[nodiscard]] std::string report_page(std::string_view page, std::string_view json);

}  // namespace rankwise
