#include "kernels/ranking/coarse_codes.hpp"

#include <algorithm>
#include <cmath>

namespace rankwise::kernels {

namespace {

constexpr double largest_code = 127;

Index code_lines(Index columns) {
  return (columns + code_columns - 1) / code_columns;
}

double largest_magnitude(std::span<const float> values) {
  double largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(static_cast<double>(value)));
  return largest;
}

double scale_for(double magnitude) {
  return magnitude > 0 ? magnitude / largest_code : 1;
}

/// Squares of a vector, of its residual and of what the codes stand for.
struct Norms {
  double vector = 0;
  double residual = 0;
  double decoded = 0;

  void add(double value, double decoded_value) {
    vector += value * value;
    residual += (value - decoded_value) * (value - decoded_value);
    decoded += decoded_value * decoded_value;
  }
};

int code_of(float value, double scale) {
  return static_cast<int>(std::lround(static_cast<double>(value) / scale));
}

}  // namespace

ItemCodes::ItemCodes(ConstMatrixView block, std::span<const Index> order)
    : panel_bytes_(code_lines(block.columns) * panel_items * code_columns) {
  const auto items = static_cast<Index>(order.size());
  const Index panels = (items + panel_items - 1) / panel_items;
  codes_.resize(static_cast<std::size_t>(panels * panel_bytes_));
  shifts_.resize(static_cast<std::size_t>(panels * panel_items));
  bounds_.resize(static_cast<std::size_t>(panels));
  for (Index p = 0; p < panels; ++p) {
    const std::span<const Index> rows =
        order.subspan(static_cast<std::size_t>(p * panel_items),
                      static_cast<std::size_t>(std::min(panel_items, items - p * panel_items)));
    PanelBounds& bounds = bounds_[static_cast<std::size_t>(p)];
    double magnitude = 0;
    for (const Index row : rows) magnitude = std::max(magnitude, largest_magnitude(block.row_span(row)));
    bounds.scale = scale_for(magnitude);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::int8_t* codes = codes_.data() + p * panel_bytes_ + static_cast<Index>(i) * code_columns;
      Norms norms;
      int sum = 0;
      for (Index c = 0; c < block.columns; ++c) {
        const float value = block.row(rows[i])[c];
        const int code = code_of(value, bounds.scale);
        norms.add(static_cast<double>(value), code * bounds.scale);
        sum += code;
        codes[c / code_columns * panel_items * code_columns + c % code_columns] = static_cast<std::int8_t>(code);
      }
      shifts_[static_cast<std::size_t>(p * panel_items) + i] = -user_code_zero * sum;
      bounds.residual_norm = std::max(bounds.residual_norm, std::sqrt(norms.residual));
      bounds.decoded_norm = std::max(bounds.decoded_norm, std::sqrt(norms.decoded));
      bounds.norm = std::max(bounds.norm, std::sqrt(norms.vector));
    }
    norm_ = std::max(norm_, bounds.norm);
  }
}

const std::int32_t* ItemCodes::shifts(Index p) const {
  return shifts_.data() + p * panel_items;
}

UserCodes user_codes(ConstMatrixView users) {
  UserCodes coded{.stride = code_lines(users.columns) * code_columns};
  coded.codes.assign(static_cast<std::size_t>(users.rows * coded.stride), std::uint8_t{user_code_zero});
  for (Index u = 0; u < users.rows; ++u) {
    const double scale = scale_for(largest_magnitude(users.row_span(u)));
    std::uint8_t* codes = coded.codes.data() + u * coded.stride;
    Norms norms;
    for (Index c = 0; c < users.columns; ++c) {
      const float value = users.row(u)[c];
      const int code = code_of(value, scale);
      norms.add(static_cast<double>(value), code * scale);
      codes[c] = static_cast<std::uint8_t>(user_code_zero + code);
    }
    coded.scales.push_back(scale);
    coded.norms.push_back(std::sqrt(norms.vector));
    coded.residual_norms.push_back(std::sqrt(norms.residual));
  }
  return coded;
}

bool are_within_bounds(ConstMatrixView users, const ItemCodes& items) {
  constexpr double largest_sum = 1e38;
  for (Index u = 0; u < users.rows; ++u) {
    double squares = 0;
    for (const float value : users.row_span(u)) squares += static_cast<double>(value) * static_cast<double>(value);
    // |a partial sum| <= |x| |y|; false for what is no number.
    if (!(std::sqrt(squares) * items.norm() < largest_sum)) return false;
  }
  return are_finite(users);
}

bool are_finite(ConstMatrixView rows) {
  for (Index r = 0; r < rows.rows; ++r) {
    if (!std::ranges::all_of(rows.row_span(r), [](float value) { return std::isfinite(value); })) return false;
  }
  return true;
}

}  // namespace rankwise::kernels
