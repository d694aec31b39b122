#include "io/config/config_file.hpp"

#include "io/config/ini.hpp"
#include "io/config/json_config.hpp"

namespace rankwise {

namespace {

bool is_json(std::string_view file_name) {
  return file_name.ends_with(".json");
}

}  // namespace

std::vector<ConfigEntry> parse_config(std::string_view text, std::string_view file_name, const MayRepeat& may_repeat) {
  return is_json(file_name) ? parse_json(text, file_name, may_repeat) : parse_ini(text, file_name);
}

std::vector<ConfigSection> parse_config_sections(std::string_view text, std::string_view file_name,
                                                 const MayRepeat& may_repeat) {
  return is_json(file_name) ? parse_json_sections(text, file_name, may_repeat) : parse_ini_sections(text, file_name);
}

}  // namespace rankwise
