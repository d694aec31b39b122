#pragma once
// What all plots of reports share: pixels around the axes, and colors.

namespace rankwise {

inline constexpr double frame_left = 78;
inline constexpr double frame_right = 24;
inline constexpr double frame_top = 64;
inline constexpr const char* measured_color = "#1f5fa8";
inline constexpr const char* predicted_color = "#c2571a";

}  // namespace rankwise
