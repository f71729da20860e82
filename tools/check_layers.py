#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of src/README.md against every #include and every DEPS: includes go down the layers only, pure modules
touch nothing of the machine, and what a module includes it also links."""
import re

import project

TABLES = "src/README.md"
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)

# Of pure modules: what they must not include, and what they must not say.
IMPURE_HEADERS = re.compile(
    r"(?:thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore|latch|barrier|random|fstream|filesystem"
    r"|iostream|cstdio|ctime|time\.h|stdio\.h|unistd\.h|fcntl\.h|netdb\.h|sys/.*|netinet/.*|arpa/.*|poll\.h)$"
    r"|boost/(?:asio|beast|thread|interprocess|filesystem)\b")
IMPURE_WORDS = re.compile(r"\b(?:system_clock|steady_clock|high_resolution_clock)::now\b|\brandom_device\b|\bthis_thread\b"
                          r"|\bstd::rand\b|\bgetenv\b")
SOCKET_HEADERS = re.compile(r"boost/(?:asio|beast)\b")
DECISION_LAYER = 3


def read_tables():
    """({module: (layer, allowed modules)}, {program folder: allowed}, {"model/name_table": {"mutex", …}})."""
    modules, programs, exempt = {}, {}, {}
    for line in project.read(TABLES).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and cells[1][:1].isdigit():
            modules[cells[0]] = (int(cells[1].split()[0]), set(cells[3].split()), "pure" in cells[1])
        elif line.startswith("|") and len(cells) == 3 and cells[0].startswith(("cmd/", "sim")):
            programs[cells[0]] = set(cells[2].split())
        elif found := re.match(r"\* `(\w+/\w+)` may include ([^:]+):", line):
            exempt[found.group(1)] = set(re.findall(r"`<([^>]+)>`", found.group(2)))
    for name, (layer, allowed, pure) in modules.items():
        modules[name] = (layer, set(modules) if allowed == {"*"} else allowed | {name}, pure)
    return modules, programs, exempt


def check_tables(modules, problems):
    for name, (layer, allowed, _) in modules.items():
        for other in allowed - {name}:
            if other in modules and (modules[other][0] > layer or name in modules[other][1]):
                problems.append(f"{TABLES}:1: {name} (layer {layer}) may not include {other}: it is not below it")


def read_dependencies(problems, modules, programs):
    """{target: DEPS} of penstock_library and penstock_program; DEPS of a module are checked against its row."""
    links = {}
    for name in project.files("CMakeLists.txt"):
        text = re.sub(r"#[^\n]*", lambda m: " " * len(m.group(0)), project.read(name))
        beside = set(re.findall(r"penstock_library\(\s*([\w-]+)", text))  # a program's own parts
        for call in re.finditer(r"penstock_(?:library|program)\(\s*([\w-]+)([^)]*)\)", text):
            found = re.search(r"\bDEPS\b((?:\s+(?!LIBS\b|SRCS\b|ASIO\b)[\w-]+)*)", call.group(2))
            dependencies = set(found.group(1).split()) if found else set()
            links[call.group(1)] = dependencies
            folder = name.rsplit("/", 1)[0]
            row = modules.get(call.group(1), (0, programs.get(folder)))[1]
            line = text.count("\n", 0, call.start()) + 1
            if folder.startswith("src/") and call.group(1) not in modules:
                problems.append(f"{name}:{line}: {call.group(1)} has no row in {TABLES}")
            for extra in sorted(dependencies - row - beside) if row is not None else []:
                problems.append(f"{name}:{line}: {call.group(1)} links {extra}; {TABLES} does not let it")
    return links


def linked(links, target, seen=None):
    seen = seen if seen is not None else set()
    for other in links.get(target, ()):
        if other not in seen:
            seen.add(other)
            linked(links, other, seen)
    return seen


def owner(name, modules, programs):
    """(what the file belongs to, what that may include, whether it is pure) or None."""
    parts = name.split("/")
    if parts[0] == "src" and len(parts) > 2:
        layer, allowed, pure = modules.get(parts[1], (None, None, None))
        return (parts[1], layer, allowed, pure)
    for folder, allowed in programs.items():
        if name.startswith(folder + "/"):
            return (folder, None, allowed, False)
    return None


def check_file(name, modules, programs, exempt, links, problems):
    belongs = owner(name, modules, programs)
    if belongs is None:
        return
    who, layer, allowed, pure = belongs
    if allowed is None:
        problems.append(f"{name}:1: module {who} has no row in {TABLES}")
        return
    text = project.read(name)
    is_test = "/test/" in name
    excused = exempt.get("/".join(name.split("/")[1:]).rsplit(".", 1)[0], set())
    for found in INCLUDE.finditer(text):
        where = f"{name}:{text.count(chr(10), 0, found.start()) + 1}"
        if found.group(1) == '"':
            other = found.group(2).split("/")[0]
            if other in modules and other not in allowed and not (is_test and layer is None):
                problems.append(f"{where}: {who} includes {found.group(2)}; {TABLES} does not let it")
            elif other in modules and not is_test and other != who and who in links and other not in linked(links, who):
                problems.append(f"{where}: {who} includes {found.group(2)} and does not link {other} (DEPS)")
            elif "/" not in found.group(2) and not is_test:
                problems.append(f'{where}: write the folder too: "{who}/{found.group(2)}"')
        elif not is_test and found.group(2) not in excused:
            if pure and IMPURE_HEADERS.match(found.group(2)):
                problems.append(f"{where}: {who} is pure and includes <{found.group(2)}>")
            elif layer == DECISION_LAYER and SOCKET_HEADERS.match(found.group(2)):
                problems.append(f"{where}: {who} decides, in simulated time too, and includes <{found.group(2)}>")
    if pure and not is_test:
        code = re.sub(r"//[^\n]*", "", text)
        for found in IMPURE_WORDS.finditer(code):
            problems.append(f"{name}:{code.count(chr(10), 0, found.start()) + 1}: {who} is pure and says "
                            f"{found.group(0)}")


def main():
    problems = []
    modules, programs, exempt = read_tables()
    if not modules or not programs:
        problems.append(f"{TABLES}:1: no table of modules, or none of programs")
    check_tables(modules, problems)
    links = read_dependencies(problems, modules, programs)
    names = [name for name in project.files(".cc", ".h") if name.startswith(("src/", "cmd/", "sim/"))]
    for name in names:
        check_file(name, modules, programs, exempt, links, problems)
    for name in exempt:
        if not (project.ROOT / f"src/{name}.h").exists():
            problems.append(f"{TABLES}:1: exempts {name}, which is gone")
    project.finish(problems, f"{len(names)} files, {len(modules)} modules")


if __name__ == "__main__":
    main()
