// page_probe < metrics.json > page.html: the page that `evaluate --report` makes of what it writes to --output.

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include "jobs/evaluate/evaluation_page.hpp"

int main() {
  const std::string json{std::istreambuf_iterator<char>(std::cin), {}};
  const std::string page = rankwise::evaluation_page(json);
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
