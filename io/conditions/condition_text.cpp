#include "io/conditions/condition_text.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

constexpr std::size_t most_nodes = 1000;  // also bounds how deep the tree is
constexpr int most_depth = 100;

struct Token {
  enum class Kind { end, sign, word, text, name };  ///< text: 'in single quotes'; name: "in double quotes"
  Kind kind = Kind::end;
  std::string text;
  std::size_t place = 0;
};

constexpr std::array<std::pair<std::string_view, Relation>, 6> relations{{{"=", Relation::equal},
                                                                          {"!=", Relation::unequal},
                                                                          {"<", Relation::less},
                                                                          {"<=", Relation::at_most},
                                                                          {">", Relation::greater},
                                                                          {">=", Relation::at_least}}};

class ConditionParser {
 public:
  ConditionParser(std::string_view option, std::string_view text) : option_(option), text_(text) { advance(); }

  RowCondition parse() {
    read_either(0);
    if (token_.kind != Token::Kind::end) refuse("'and', 'or' or the end");
    return {std::move(columns_), std::move(operands_), std::move(nodes_)};
  }

 private:
  [[noreturn]] void refuse(std::string_view expected) const {
    const std::string found = token_.kind == Token::Kind::end ? "the end" : shown(token_.text);
    refuse_with(fmt::format("at byte {}: expected {}, found {}", token_.place + 1, expected, found));
  }
  [[noreturn]] void refuse_with(const std::string& reason) const {
    throw Error(ExitCode::usage, fmt::format("{} {}: {}", option_, shown(text_), reason));
  }

  /// Reads the next token.
  void advance() {
    constexpr std::string_view blanks = " \t\n\r";
    place_ = std::min(text_.find_first_not_of(blanks, place_), text_.size());
    token_ = {.kind = Token::Kind::end, .text = {}, .place = place_};
    if (place_ == text_.size()) return;
    const char c = text_[place_];
    if (c == '\'' || c == '"') return read_quoted(c);
    if (std::string_view("(),=<>!").find(c) != std::string_view::npos) {
      const bool is_double = (c == '<' || c == '>' || c == '!') && text_.substr(place_ + 1).starts_with('=');
      take(Token::Kind::sign, is_double ? 2 : 1);
    } else {
      const std::size_t end = std::min(text_.find_first_of(" \t\n\r(),=<>!'\"", place_), text_.size());
      take(Token::Kind::word, end - place_);
    }
  }
  void take(Token::Kind kind, std::size_t size) {
    token_.kind = kind;
    token_.text = text_.substr(place_, size);
    place_ += size;
  }
  void read_quoted(char quote) {
    token_.kind = quote == '"' ? Token::Kind::name : Token::Kind::text;
    while (true) {
      const std::size_t end = text_.find(quote, place_ + 1);
      if (end == std::string_view::npos) {
        refuse_with(fmt::format("at byte {}: a quote opens that is not closed", token_.place + 1));
      }
      token_.text += text_.substr(place_ + 1, end - place_ - 1);
      place_ = end + 1;
      if (place_ == text_.size() || text_[place_] != quote) return;
      token_.text += quote;
    }
  }

  [[nodiscard]] bool at_sign(std::string_view sign) const {
    return token_.kind == Token::Kind::sign && token_.text == sign;
  }
  [[nodiscard]] bool at_word(std::string_view word) const {
    return token_.kind == Token::Kind::word &&
           std::ranges::equal(token_.text, word, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  }
  [[nodiscard]] bool at_keyword() const {
    constexpr std::array<std::string_view, 6> keywords{"and", "or", "not", "in", "is", "missing"};
    return std::ranges::any_of(keywords, [this](std::string_view word) { return at_word(word); });
  }
  bool take_sign(std::string_view sign) {
    if (!at_sign(sign)) return false;
    advance();
    return true;
  }
  bool take_word(std::string_view word) {
    if (!at_word(word)) return false;
    advance();
    return true;
  }

  int add(const ConditionNode& node) {
    if (nodes_.size() == most_nodes) refuse_with(fmt::format("has more than {} parts", most_nodes));
    nodes_.push_back(node);
    return static_cast<int>(nodes_.size()) - 1;
  }
  int add(Operand operand) {
    operands_.push_back(std::move(operand));
    return static_cast<int>(operands_.size()) - 1;
  }
  int add_column(const std::string& name) {
    const auto known = std::ranges::find(columns_, name);
    const auto column = static_cast<int>(known - columns_.begin());
    if (known == columns_.end()) columns_.push_back(name);
    if (columns_.size() > most_condition_columns) {
      refuse_with(fmt::format("names more than {} columns", most_condition_columns));
    }
    return add(Operand{.kind = Operand::Kind::column, .column = column, .text = {}});
  }

  int read_either(int depth) {
    int left = read_both(depth);
    while (take_word("or")) {
      const int right = read_both(depth);
      left = add({.kind = ConditionNode::Kind::either, .left = left, .right = right});
    }
    return left;
  }
  int read_both(int depth) {
    int left = read_one(depth);
    while (take_word("and")) {
      const int right = read_one(depth);
      left = add({.kind = ConditionNode::Kind::both, .left = left, .right = right});
    }
    return left;
  }
  int read_one(int depth) {
    if (depth > most_depth) refuse_with(fmt::format("is more than {} parentheses deep", most_depth));
    if (take_word("not")) return add({.kind = ConditionNode::Kind::negation, .left = read_one(depth + 1)});
    if (take_sign("(")) {
      const int inside = read_either(depth + 1);
      if (!take_sign(")")) refuse("'and', 'or' or ')'");
      return inside;
    }
    const bool is_column = token_.kind == Token::Kind::name || (token_.kind == Token::Kind::word && !at_keyword());
    if (!is_column) refuse("a column, 'not' or '('");
    const int column = add_column(token_.text);
    advance();
    return read_test(column);
  }

  int read_test(int column) {
    if (take_word("is")) {
      const bool is_negated = take_word("not");
      if (!take_word("missing")) refuse("'missing'");
      return negated_if(is_negated, add({.kind = ConditionNode::Kind::is_missing, .left = column}));
    }
    const bool is_negated = take_word("not");
    if (take_word("in")) return negated_if(is_negated, read_list(column));
    if (is_negated) refuse("'in'");
    const auto relation = std::ranges::find_if(relations, [this](const auto& known) { return at_sign(known.first); });
    if (relation == relations.end()) refuse("=, !=, <, <=, >, >=, 'in' or 'is'");
    advance();
    return compare(column, relation->second, read_value());
  }
  int negated_if(bool is_negated, int node) {
    return is_negated ? add({.kind = ConditionNode::Kind::negation, .left = node}) : node;
  }
  int compare(int left, Relation relation, int right) {
    return add({.kind = ConditionNode::Kind::comparison, .left = left, .right = right, .relation = relation});
  }
  /// Equality with one of the values.
  int read_list(int column) {
    if (!take_sign("(")) refuse("'('");
    int found = compare(column, Relation::equal, read_literal());
    while (take_sign(",")) {
      const int other = compare(column, Relation::equal, read_literal());
      found = add({.kind = ConditionNode::Kind::either, .left = found, .right = other});
    }
    if (!take_sign(")")) refuse("',' or ')'");
    return found;
  }
  int read_value() {
    if (token_.kind != Token::Kind::name) return read_literal();
    const int column = add_column(token_.text);
    advance();
    return column;
  }
  int read_literal() {
    const bool is_word = token_.kind == Token::Kind::word && !at_keyword();
    if (!is_word && token_.kind != Token::Kind::text) refuse("a value (a text of several words in single quotes)");
    Operand literal{.kind = Operand::Kind::text, .text = token_.text};
    const std::optional<double> number = is_word ? finite_number(token_.text) : std::nullopt;
    if (number) {
      literal.kind = Operand::Kind::number;
      literal.number = *number;
    }
    advance();
    return add(std::move(literal));
  }

  std::string_view option_;
  std::string_view text_;
  std::size_t place_ = 0;  // after token_
  Token token_;
  std::vector<std::string> columns_;
  std::vector<Operand> operands_;
  std::vector<ConditionNode> nodes_;
};

}  // namespace

RowCondition parse_condition(std::string_view option, std::string_view text) {
  return ConditionParser(option, text).parse();
}

}  // namespace rankwise
