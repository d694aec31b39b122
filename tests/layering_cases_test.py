"""The test of the structure fails as it should: a small made-up tree for each fault, and a sound one."""
import contextlib
import io
import pathlib
import tempfile
import unittest

import layering_test

SOUND = {
    "kernels/base/CMakeLists.txt": "# What all include.\nrankwise_wing(kernels/base SOURCES sum.cpp)\n",
    "kernels/base/sum.hpp": "#include <vector>\nnamespace rankwise {\nstruct Sum { struct Part {}; };\n}\n",
    "kernels/base/sum.cpp": '#include "kernels/base/sum.hpp"\n#include <cmath>\nnamespace { struct Helper {}; }\n',
    "kernels/base/units.hpp": "namespace rankwise {\nstruct Sum;\nusing Bytes = long;\ntemplate <class T> struct Of {};\n}\n",
    "kernels/dense/CMakeLists.txt": "# Tiles.\nrankwise_wing(kernels/dense\n  SOURCES\n    tile.cpp\n  USES kernels/base)\n",
    "kernels/dense/tile.hpp": "namespace rankwise::kernels {\nstruct Sum {};\ntemplate <> struct Of<Sum> {};\n}\n",
    "kernels/dense/tile-inl.hpp": '#include "kernels/dense/tile.hpp"\nnamespace rankwise { using Bytes = long; }\n',
    "kernels/dense/tile.cpp": '#include "kernels/dense/tile.hpp"\n#include "kernels/base/sum.hpp"\n'
                              '#include "kernels/dense/tile-inl.hpp"\nnamespace { struct Helper {}; }\n',
    "distributed/comm/CMakeLists.txt": "# Ranks.\nrankwise_wing(distributed/comm SOURCES ranks.cpp USES kernels/base)\n",
    "distributed/comm/ranks.hpp": '#include <mpi.h>\n#include "kernels/base/sum.hpp"\n',
    "distributed/comm/ranks.cpp": '#include "distributed/comm/ranks.hpp"\nconst char* text = "struct Sum {";  // struct Sum {\n',
    "io/hdf5/CMakeLists.txt": "# HDF5.\nrankwise_wing(io/hdf5 SOURCES file.cpp USES distributed/comm)\n",
    "io/hdf5/file.cpp": '#include <hdf5.h>\n#include "distributed/comm/ranks.hpp"\n',
    "slurm/work/CMakeLists.txt": "# Work.\nrankwise_wing(slurm/work SOURCES work.cpp USES kernels/base)\n",
    "slurm/work/work.cpp": '#include "kernels/base/sum.hpp"\n',
    "jobs/run/CMakeLists.txt": "# Jobs.\nrankwise_wing(jobs/run SOURCES run.cpp USES slurm/work io/hdf5)\n",
    "jobs/run/run.cpp": '#include <boost/program_options.hpp>\n#include "io/hdf5/file.hpp"\n#include "slurm/work/work.hpp"\n',
    "io/hdf5/file.hpp": "struct Sum {};\n",
    "slurm/work/work.hpp": "\n",
}
SOUND["io/hdf5/file.cpp"] = '#include "io/hdf5/file.hpp"\n' + SOUND["io/hdf5/file.cpp"]
SOUND["slurm/work/work.cpp"] = '#include "slurm/work/work.hpp"\n' + SOUND["slurm/work/work.cpp"]


def check(changes, *arguments):
    """(exit code, lines) of the test on the sound tree with these files changed or added."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**SOUND, **changes}.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = layering_test.main(pathlib.Path(folder), arguments)
        return code, printed.getvalue().splitlines()


class LayeringTest(unittest.TestCase):
    def fails_with(self, line, changes):
        self.assertEqual(check(changes), (1, [line]))

    def test_a_sound_tree_passes(self):
        self.assertEqual(check({}), (0, ["6 wings, 7 rooms: no fault"]))

    def test_a_tree_without_sources_fails(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(layering_test.main(pathlib.Path(folder), ()), 1)

    def test_the_table(self):
        code, lines = check({}, "--table")
        self.assertEqual(code, 0)
        self.assertEqual(lines[1].split(), "kernels/dense 1 rooms 3 files -> kernels/base".split())
        self.assertEqual(lines[-1], "6 wings, 7 rooms, 13 files, 6 arrows of wings, 6 of rooms")

    def test_an_undeclared_arrow(self):
        self.fails_with("undeclared arrow distributed/comm -> kernels/dense: distributed/comm/more.cpp:1 includes kernels/dense/tile.hpp",
                        {"distributed/comm/more.cpp": '#include "kernels/dense/tile.hpp"\n'})

    def test_an_arrow_in_a_comment_is_not_declared(self):
        self.fails_with("undeclared arrow slurm/work -> kernels/base: slurm/work/work.cpp:2 includes kernels/base/sum.hpp",
                        {"slurm/work/CMakeLists.txt": "# Work.\nrankwise_wing(slurm/work SOURCES work.cpp\n  # USES kernels/base\n)\n"})

    def test_an_unused_arrow(self):
        self.fails_with("unused arrow slurm/work -> kernels/dense: slurm/work/CMakeLists.txt declares it, no file includes it",
                        {"slurm/work/CMakeLists.txt": "# Work.\nrankwise_wing(slurm/work SOURCES work.cpp USES kernels/base kernels/dense)\n"})

    def test_an_arrow_up_the_floors(self):
        self.fails_with("arrow up the floors slurm/work -> distributed/comm: slurm/work/more.cpp:1 includes distributed/comm/ranks.hpp",
                        {"slurm/work/CMakeLists.txt": "# Work.\nrankwise_wing(slurm/work SOURCES work.cpp USES kernels/base distributed/comm)\n",
                         "slurm/work/more.cpp": '#include "distributed/comm/ranks.hpp"\n'})

    def test_the_reference_is_for_tests(self):
        self.fails_with("only tests may use kernels/reference: kernels/dense/more.cpp:1 includes kernels/reference/oracle.hpp",
                        {"kernels/reference/CMakeLists.txt": "# Oracle.\nrankwise_wing(kernels/reference)\n",
                         "kernels/reference/oracle.hpp": "",
                         "kernels/dense/CMakeLists.txt": "# Tiles.\nrankwise_wing(kernels/dense USES kernels/base kernels/reference)\n",
                         "kernels/dense/more.cpp": '#include "kernels/reference/oracle.hpp"\n'})

    def test_a_circle_of_wings(self):
        self.fails_with("circle of wings kernels/base -> kernels/dense -> kernels/base: "
                        "kernels/base/more.cpp:1 includes kernels/dense/tile.hpp; kernels/dense/tile.cpp:2 includes kernels/base/sum.hpp",
                        {"kernels/base/CMakeLists.txt": "# What all include.\nrankwise_wing(kernels/base USES kernels/dense)\n",
                         "kernels/base/more.cpp": '#include "kernels/dense/tile.hpp"\n'})

    def test_a_circle_of_rooms_through_a_source_and_an_inl_header(self):
        self.fails_with("circle of rooms kernels/dense/panel -> kernels/dense/tile -> kernels/dense/panel: "
                        "kernels/dense/panel-inl.hpp:1 includes kernels/dense/tile.hpp; kernels/dense/tile.cpp.in:2 includes kernels/dense/panel.hpp",
                        {"kernels/dense/panel.hpp": "", "kernels/dense/panel-inl.hpp": '#include "kernels/dense/tile.hpp"\n',
                         "kernels/dense/tile.cpp.in": '#include "kernels/dense/tile.hpp"\n#include "kernels/dense/panel.hpp"\n'})

    def test_a_circle_of_three_rooms_is_one_line(self):
        files = {f"kernels/dense/{room}.hpp": f'#include "kernels/dense/{after}.hpp"\n' for room, after in ("ab", "bc", "ca")}
        code, lines = check(files)
        self.assertEqual((code, len(lines)), (1, 1), lines)
        self.assertIn("a -> kernels/dense/b -> kernels/dense/c -> kernels/dense/a: ", lines[0])

    def test_a_wing_of_seventeen_rooms(self):
        rooms = {f"slurm/work/room{number}.hpp": "" for number in range(15)}
        self.assertEqual(check(rooms)[0], 0)
        self.fails_with("slurm/work has 17 rooms, more than 16", {**rooms, "slurm/work/room15.hpp": ""})

    def test_libraries_outside_their_wings(self):
        self.fails_with("kernels/dense/more.cpp:2 includes mpi.h: only distributed/comm, distributed/exchange, jobs/doctor, jobs/run may",
                        {"kernels/dense/more.cpp": "#include <vector>\n#  include <mpi.h>\n"})
        self.fails_with("jobs/run/more.cpp:1 includes hdf5.h: only io/hdf5 may", {"jobs/run/more.cpp": "#include <hdf5.h>\n"})
        self.fails_with("io/hdf5/more.cpp:1 includes boost/program_options/cmdline.hpp: only jobs may",
                        {"io/hdf5/more.cpp": "#include <boost/program_options/cmdline.hpp>\n"})

    def test_a_source_without_its_header_first(self):
        self.fails_with("slurm/work/work.cpp includes vector before its own header slurm/work/work.hpp",
                        {"slurm/work/work.cpp": '#include <vector>\n#include "slurm/work/work.hpp"\n#include "kernels/base/sum.hpp"\n'})

    def test_two_definitions_of_a_type(self):
        for definition in ("struct Sum {};", "template <typename T>\nclass Sum final : public T {};", "enum class Sum : int { none };",
                           "using Sum = int;", "[[nodiscard]] inline int f() { return 1; }\nstruct [[nodiscard]] Sum {};"):
            with self.subTest(definition):
                self.fails_with("rankwise::Sum is defined in io/hdf5/more.hpp and in kernels/base/sum.hpp",
                                {"io/hdf5/more.hpp": f"namespace rankwise {{\n{definition}\n}}\n"})

    def test_what_clang_does_not_compile(self):
        for name in ("ranges::unique", "ranges::equal_range", "views::reverse", "ranges::views::take"):
            self.fails_with(f"jobs/run/run.cpp:3 has std::{name}, which clang 14 does not compile",
                            {"jobs/run/run.cpp": SOUND["jobs/run/run.cpp"].replace('#include "slurm', f"auto a = std::{name}(b);\n#include \"slurm", 1)})

    def test_a_source_outside_every_wing(self):
        self.fails_with("slurm: sources lie in a folder that is no wing (no rankwise_wing() in its CMakeLists.txt)",
                        {"slurm/lost.cpp": "", "slurm/CMakeLists.txt": "# The scheduler.\nadd_subdirectory(work)\n"})

    def test_an_include_of_no_file(self):
        self.fails_with("slurm/work/more.cpp:1 includes work.hpp, which is no file of a wing", {"slurm/work/more.cpp": '#include "work.hpp"\n'})

    def test_what_a_wing_says_of_itself(self):
        self.fails_with("slurm/work/CMakeLists.txt: begins without a comment that says what lives there",
                        {"slurm/work/CMakeLists.txt": "rankwise_wing(slurm/work SOURCES work.cpp USES kernels/base)\n"})
        self.fails_with("slurm/work/CMakeLists.txt: declares wing slurm/play, not slurm/work",
                        {"slurm/work/CMakeLists.txt": "# Work.\nrankwise_wing(slurm/play SOURCES work.cpp USES kernels/base)\n"})


if __name__ == "__main__":
    unittest.main()
