# Writes the git revision into OUTPUT at build time, so that it cannot be staler than the sources, and touches the file only
# when it changed. Usage: cmake -DSOURCE=... -DTEMPLATE=... -DOUTPUT=... -P write_revision.cmake
set(RANKWISE_REVISION "unknown revision")
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
                  OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(RANKWISE_REVISION ${revision})
  endif()
endif()
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
