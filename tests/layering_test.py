"""Checks the structure of the source: layering_test.py ROOT [--table].

A wing is a folder with a CMakeLists.txt that calls rankwise_wing(); its USES are the table of arrows that this test reads, and
CMake links exactly those. A room is a header with its sources: x.hpp, x.cpp, x-inl.hpp and x.cpp.in are room x. Faults are:
 - an arrow (an include of another wing) that USES does not declare, one that nothing uses, one up the floors;
 - a circle of wings or of rooms, a wing of more rooms than ROOMS_AT_MOST;
 - a library's header outside the wings that may know that library;
 - a source that does not include its own header first: that order proves that the header compiles alone (headers without
   a source are compiled alone by tests/CMakeLists.txt);
 - two definitions of one type of namespace rankwise;
 - what clang 14, which builds the fuzzers and runs clang-tidy, cannot compile with GCC's library: see CLANG_REFUSES.
--table prints the wings with their rooms, files and arrows instead."""
import collections
import itertools
import pathlib
import re
import sys

FLOOR_MAY_USE = {
    "kernels": ("kernels",),
    "distributed": ("kernels", "distributed"),
    "io": ("kernels", "distributed", "io"),
    "slurm": ("kernels", "slurm"),
    "jobs": ("kernels", "distributed", "io", "slurm", "jobs"),
}
# Who may know a library: wings, or whole floors.
ONLY_IN = {
    "mpi.h": ("distributed/comm", "distributed/exchange", "jobs/doctor", "jobs/run"),
    "hdf5.h": ("io/hdf5",),
    "boost/program_options": ("jobs",),
}
# They return or are views: clang 14 finds no begin() of std::ranges::subrange in libstdc++ 12. The functions of std:: do.
CLANG_REFUSES = re.compile(r"\bstd::(ranges::(?:unique|remove|remove_if|partition|stable_partition|rotate|equal_range|search|"
                           r"find_end|subrange)\b|(?:ranges::)?views?::\w+)")
ONLY_TESTS_USE = ("kernels/reference",)
ROOMS_AT_MOST = 16
KEYWORDS = ("SOURCES", "USES", "LIBRARIES")


class Source:
    """A file of a wing, and what it includes: (line, name) of ours in quotes, and of libraries."""

    def __init__(self, root, path):
        self.name = path.relative_to(root).as_posix()
        self.wing = self.name.rpartition("/")[0]
        self.floor = self.name.partition("/")[0]
        self.room = re.sub(r"(-inl)?\.(hpp|cpp|cpp\.in)$", "", self.name)
        self.text = path.read_text()
        self.ours, self.libraries = [], []
        for number, line in enumerate(self.text.splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', line)
            if found:
                (self.ours if found[1] else self.libraries).append((number, found[1] or found[2]))

    @property
    def first_include(self):
        return min(self.ours + self.libraries, default=(0, None))[1]


class Tree:
    """The wings as their CMakeLists.txt declare them, and the sources as they are."""

    def __init__(self, root):
        self.faults = []
        self.uses = {}  # the table: wing -> wings that it may include
        self.comments = {}  # wing -> what lives there, as its CMakeLists.txt begins
        self.sources = {}
        for floor in FLOOR_MAY_USE:
            for path in sorted((root / floor).rglob("CMakeLists.txt")):
                self.read_wing(path.parent.relative_to(root).as_posix(), path.read_text())
            for path in sorted((root / floor).rglob("*")):
                if path.name.endswith((".hpp", ".cpp", ".cpp.in")):
                    source = Source(root, path)
                    self.sources[source.name] = source
        # arrows[wing][other]: the includes that make the arrow; the same of rooms.
        self.arrows = {wing: {} for wing in self.uses}
        self.room_arrows = {source.room: {} for source in self.sources.values()}
        for source in self.sources.values():
            for number, name in source.ours:
                self.add_include(source, number, name)

    def read_wing(self, folder, cmake):
        cmake_without_comments = re.sub(r"#.*", "", cmake)
        call = re.search(r"^rankwise_wing\(\s*(\S+)([^)]*)\)", cmake_without_comments, re.M)
        if not call:
            return
        if call[1] != folder:
            self.faults.append(f"{folder}/CMakeLists.txt: declares wing {call[1]}, not {folder}")
        if not cmake.startswith("# "):
            self.faults.append(f"{folder}/CMakeLists.txt: begins without a comment that says what lives there")
        first_lines = itertools.takewhile(lambda line: line.startswith("#"), cmake.splitlines())
        self.comments[folder] = " ".join(line[1:].strip() for line in first_lines)
        self.uses[folder], keyword = [], None
        for word in call[2].split():
            if word in KEYWORDS:
                keyword = word
            elif keyword == "USES":
                self.uses[folder].append(word)

    def add_include(self, source, number, name):
        place = f"{source.name}:{number} includes {name}"
        included = self.sources.get(name)
        if not included:
            self.faults.append(f"{place}, which is no file of a wing")
            return
        if included.wing != source.wing:
            self.arrows.setdefault(source.wing, {}).setdefault(included.wing, []).append(place)
        if included.room != source.room:
            self.room_arrows[source.room].setdefault(included.room, []).append(place)


def arrow_faults(tree):
    """Includes that the table does not allow, and lines of the table that no include needs."""
    for wing in sorted({source.wing for source in tree.sources.values()} - set(tree.uses)):
        yield f"{wing}: sources lie in a folder that is no wing (no rankwise_wing() in its CMakeLists.txt)"
    for wing, used in tree.uses.items():
        found = tree.arrows[wing]
        for other in sorted(found.keys() - set(used)):
            yield f"undeclared arrow {wing} -> {other}: {found[other][0]}"
        for other in sorted(set(used) - found.keys()):
            yield f"unused arrow {wing} -> {other}: {wing}/CMakeLists.txt declares it, no file includes it"
        for other in sorted(found.keys() | set(used)):
            why = found.get(other, [f"{wing}/CMakeLists.txt declares it"])[0]
            if other.partition("/")[0] not in FLOOR_MAY_USE[wing.partition("/")[0]]:
                yield f"arrow up the floors {wing} -> {other}: {why}"
            if other in ONLY_TESTS_USE:
                yield f"only tests may use {other}: {why}"


def library_faults(tree):
    for source in tree.sources.values():
        for number, name in source.libraries + source.ours:
            for header, wings in ONLY_IN.items():
                if name.startswith(header) and not any(f"{source.wing}/".startswith(f"{wing}/") for wing in wings):
                    yield f"{source.name}:{number} includes {name}: only {', '.join(wings)} may"


def size_faults(tree):
    for wing, rooms in sorted(rooms_of_wings(tree).items()):
        if len(rooms) > ROOMS_AT_MOST:
            yield f"{wing} has {len(rooms)} rooms, more than {ROOMS_AT_MOST}"


def rooms_of_wings(tree):
    rooms = collections.defaultdict(set)
    for source in tree.sources.values():
        rooms[source.wing].add(source.room)
    return rooms


def circle_faults(arrows, kind):
    """One line for each set of nodes that reach each other: a shortest circle in it, with the includes that make it."""
    for nodes in strong_components(arrows):
        circle = shortest_circle(nodes, arrows)
        steps = [arrows[node][after][0] for node, after in zip(circle, circle[1:])]
        others = f" (and {len(nodes) - len(circle) + 1} more in it)" if len(nodes) > len(circle) - 1 else ""
        yield f"circle of {kind} {' -> '.join(circle)}{others}: {'; '.join(steps)}"


def strong_components(arrows):
    """Sets of two or more nodes that reach each other (Kosaraju's two passes, without recursion)."""
    order, seen = [], set()
    for start in sorted(arrows):
        if start in seen:
            continue
        seen.add(start)
        stack = [(start, iter(sorted(arrows[start])))]
        while stack:
            node, others = stack[-1]
            other = next((other for other in others if other not in seen), None)
            if other is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(other)
                stack.append((other, iter(sorted(arrows.get(other, ())))))
    back = collections.defaultdict(set)
    for node, others in arrows.items():
        for other in others:
            back[other].add(node)
    assigned = set()
    for start in reversed(order):
        component, queue = set(), [start]
        while queue:
            node = queue.pop()
            if node not in assigned:
                assigned.add(node)
                component.add(node)
                queue.extend(back[node])
        if len(component) > 1:
            yield component


def shortest_circle(nodes, arrows):
    """A shortest way from a node of `nodes` back to itself, both ends named."""
    best = None
    for start in sorted(nodes):
        ways, reached = collections.deque([[start]]), set()
        while ways and (best is None or len(ways[0]) < len(best)):
            way = ways.popleft()
            for other in sorted(set(arrows[way[-1]]) & nodes):
                if other == start:
                    if best is None or len(way) + 1 < len(best):
                        best = way + [start]
                elif other not in reached:
                    reached.add(other)
                    ways.append(way + [other])
    return best


def header_order_faults(tree):
    for source in tree.sources.values():
        header = f"{source.room}.hpp"
        if not source.name.endswith(".hpp") and header in tree.sources and source.first_include != header:
            yield f"{source.name} includes {source.first_include} before its own header {header}"


TOKEN = re.compile(
    r"""R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\b\d[\w']*|'(?:\\.|[^'\\\n])+'"""  # literals
    r"""|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:\\\n|[^\n])*"""  # comments, preprocessor
    r"""|(?P<word>[A-Za-z_]\w*)|(?P<sign>::|[{}();<>=:,\[\]])""", re.S | re.M)


def defined_types(text):
    """(name, alias) of each type that a file defines at namespace scope, not in an unnamed namespace; the name with its
    namespaces, `alias` the text that it is another name for, "" of a type of its own."""
    words = [found["word"] or found["sign"] for found in TOKEN.finditer(text) if found["word"] or found["sign"]]
    scopes = []  # of each open brace: the namespace's name, "" of an unnamed one, None of anything else
    statement = []
    for word in words:
        if word == "{":
            scope = None
            if "namespace" in statement[:2]:
                scope = "".join(statement[statement.index("namespace") + 1:])
            elif "" not in scopes and None not in scopes:
                name = type_name(statement)
                if name:
                    yield "::".join(scopes + [name]), ""
            scopes.append(scope)
            statement = []
        elif word == "}":
            if scopes:
                scopes.pop()
            statement = []
        elif word == ";":
            if statement[:1] == ["using"] and "=" in statement[2:3] and "" not in scopes and None not in scopes:
                yield "::".join(scopes + [statement[1]]), " ".join(statement[3:])
            statement = []
        else:
            statement.append(word)


def type_name(statement):
    """The type that `struct X ... {` and the like define; none of a function, and of a specialization (`X<int>`)."""
    if statement[:2] == ["template", "<"]:
        depth, end = 0, len(statement)
        for index, word in enumerate(statement):
            depth += (word == "<") - (word == ">")
            if word == ">" and depth == 0:
                end = index + 1
                break
        statement = statement[end:]
    if not statement or statement[0] not in ("struct", "class", "union", "enum"):
        return None
    names = [word for word in statement[1:] if word not in ("class", "struct", "alignas")]
    while names[:1] in (["["], ["("]):  # attributes, alignment
        names = names[names.index("]" if names[0] == "[" else ")") + 1:]
        while names[:1] in (["]"], [")"]):
            names = names[1:]
    if not names or not re.match(r"[A-Za-z_]", names[0]) or names[1:2] not in ([], [":"], ["final"]):
        return None
    return names[0]


def type_faults(tree):
    """Types that two files define. Other names (`using`) count in headers alone, and those for the same text are one."""
    definitions = collections.defaultdict(dict)
    for source in tree.sources.values():
        for name, alias in defined_types(source.text):
            if name.startswith("rankwise::") and (not alias or source.name.endswith(".hpp")):
                definitions[name].setdefault(alias or source.name, source.name)
    for name, files in sorted(definitions.items()):
        if len(files) > 1:
            yield f"{name} is defined in {' and in '.join(sorted(files.values()))}"


def clang_faults(tree):
    for source in tree.sources.values():
        for number, line in enumerate(source.text.splitlines(), 1):
            for found in CLANG_REFUSES.finditer(line):
                yield f"{source.name}:{number} has std::{found[1]}, which clang 14 does not compile"


def faults_of(tree):
    return [*tree.faults, *arrow_faults(tree), *library_faults(tree), *size_faults(tree), *header_order_faults(tree),
            *type_faults(tree), *clang_faults(tree), *circle_faults(tree.arrows, "wings"), *circle_faults(tree.room_arrows, "rooms")]


def print_table(tree):
    rooms = rooms_of_wings(tree)
    files = collections.Counter(source.wing for source in tree.sources.values())
    for wing in tree.uses:
        print(f"{wing:22} {len(rooms[wing]):3} rooms {files[wing]:3} files -> {' '.join(sorted(tree.arrows[wing]))}")
    print(f"{len(tree.uses)} wings, {sum(map(len, rooms.values()))} rooms, {files.total()} files, "
          f"{sum(map(len, tree.arrows.values()))} arrows of wings, {sum(map(len, tree.room_arrows.values()))} of rooms")


def main(root, arguments):
    tree = Tree(root)
    if "--table" in arguments:
        print_table(tree)
        return 0
    faults = faults_of(tree) if tree.sources else [f"{root}: no sources"]
    print("\n".join(faults) or f"{len(tree.uses)} wings, {len(tree.room_arrows)} rooms: no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]))
