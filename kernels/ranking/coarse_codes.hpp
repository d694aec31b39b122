#pragma once
// Vectors in 8 bits, with bounds of what that loses: scores that cannot reach a threshold are told from others at four
// times the rate of float products (VNNI), and without an error.

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/base/matrix.hpp"

namespace rankwise::kernels {

/// Items of a panel: 3 vectors of AVX-512, 6 of AVX2.
inline constexpr Index panel_items = 48;
/// Columns of one step of the product of codes.
inline constexpr Index code_columns = 4;
/// Users have codes 1 to 255, which stand for -127 to 127.
inline constexpr int user_code_zero = 128;

/// What the codes of a panel's items lose, for score bounds:
/// |<x, y> - scale_x scale_y <codes>| <= |x| residual_norm + |x - decoded x| decoded_norm, in exact arithmetic.
struct PanelBounds {
  double scale = 1;          ///< y is about scale * codes
  double residual_norm = 0;  ///< largest |y - decoded y|
  double decoded_norm = 0;   ///< largest |decoded y|
  double norm = 0;           ///< largest |y|
};

/// The codes of packed items, by panels.
class ItemCodes {
 public:
  /// `order` are rows of `block`, whose values are finite.
  ItemCodes(ConstMatrixView block, std::span<const Index> order);

  /// A line of panel_items quadruples of codes for each four columns.
  [[nodiscard]] const std::int8_t* panel(Index p) const { return codes_.data() + p * panel_bytes_; }
  /// -user_code_zero times the sum of an item's codes, by item of the panel: what the shift of users' codes adds.
  [[nodiscard]] const std::int32_t* shifts(Index p) const;
  [[nodiscard]] const PanelBounds& bounds(Index p) const { return bounds_[static_cast<std::size_t>(p)]; }
  /// Largest |y| of all items.
  [[nodiscard]] double norm() const { return norm_; }

 private:
  Index panel_bytes_;
  std::vector<std::int8_t> codes_;
  std::vector<std::int32_t> shifts_;
  std::vector<PanelBounds> bounds_;
  double norm_ = 0;
};

/// The codes of some users.
struct UserCodes {
  Index stride = 0;  ///< bytes of a user
  std::vector<std::uint8_t> codes = {};
  std::vector<double> scales = {};
  std::vector<double> norms = {};           ///< |x|
  std::vector<double> residual_norms = {};  ///< |x - decoded x|
};

/// Values are finite.
[[nodiscard]] UserCodes user_codes(ConstMatrixView users);

[[nodiscard]] bool are_finite(ConstMatrixView rows);

/// Whether values are finite, and no sum of products with these items can leave the range of floats on its way: then
/// the bounds hold for sums of floats, too. 1e38 leaves room for rounding.
[[nodiscard]] bool are_within_bounds(ConstMatrixView users, const ItemCodes& items);

}  // namespace rankwise::kernels
