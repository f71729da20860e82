#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the code offers is documented, and what is documented exists: configuration keys, metrics, event types,
commands. Relative links in Markdown lead somewhere. Each test that docs/security.md names exists, each row of its
tables names one, and each fuzz target is named. What docs/providers.md says of each shipped provider is what its file
says.

A table of the documentation whose first heading is "key", "metric", "type" or "command" lists such things, in
backquotes in its first column."""
import re
import tomllib

import project

CONFIG_HEADERS, CONFIG_PAGE = ("src/config/config.h", "src/config/limits.h"), "docs/configuration.md"
METRICS_PAGE, EVENTS_PAGE, CLI_PAGE, MAN_PAGE = ("docs/metrics.md", "docs/events.md", "docs/cli.md",
                                                 "docs/man/penstock.1")
SECURITY_PAGE, PROVIDERS_PAGE, PROVIDERS_FOLDER = "docs/security.md", "docs/providers.md", "conf/providers/"
PROVIDER_COLUMNS = ["provider", "MX suffixes", "connections", "recipients", "messages per connection", "TLS"]
BACKOFF_COLUMNS = ["connections", "first … longest"]
EVENTS_SOURCE, CLI_SOURCE = "src/model/event.cc", "cmd/penstock/command_table.cc"
# Kinds of values inside the configuration that are written as one string, and so have no keys.
VALUE_STRUCTS = {"Endpoint", "Config", "Route"}


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def exists(name):
    return (project.ROOT / name).is_file()


def cells_of(line):
    """Those of a line of a table; of another line none."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]] if line.startswith("|") else []


def listed(page, heading):
    """[(word, line)] of all backquoted words in the first column of the tables that begin with `heading`."""
    found, inside = [], False
    for number, line in enumerate(project.read(page).splitlines(), 1):
        cells = cells_of(line)
        if not cells:
            inside = False
        elif cells[0].lower() == heading:
            inside = True
        elif inside:
            found += [(word, number) for word in re.findall(r"`([^`]+)`", cells[0])]
    return found


def compare(what, there, page, heading, problems, normal=lambda word: word):
    """`there`: {name: place in the source}. Each must be mentioned in the page, and each listed there must be there."""
    if not exists(page):
        few = ", ".join(list(there)[:5]) + (", …" if len(there) > 5 else "")
        problems.append(f"{page}:1: missing; it is to describe every {what} ({few})")
        return
    text = project.read(page)
    for name, place in there.items():
        if not re.search(rf"`(?:[^`\n]*[\[. ])?{re.escape(name)}\b|penstock {re.escape(name)}\b", text):
            problems.append(f"{place}: {what} {name} is not in {page}")
    for word, line in listed(page, heading):
        name = normal(word)
        if name and name not in there:
            problems.append(f"{page}:{line}: {what} {word} does not exist")


def metrics():
    found = {}
    for name in project.files(".cc", ".h"):
        if name.startswith("src/") and "/test/" not in name:
            text = re.sub(r"//[^\n]*", "", project.read(name))
            for match in re.finditer(r'"(penstock_[a-z0-9_]+)"', text):
                found.setdefault(match.group(1), f"{name}:{line_of(text, match.start())}")
    return found


def event_types():
    text = project.read(EVENTS_SOURCE)
    body = text[text.index("to_string(EventType"):]
    return {match.group(1): f"{EVENTS_SOURCE}:{line_of(text, len(text) - len(body) + match.start())}"
            for match in re.finditer(r'return "([a-z_-]+)";', body)}


def commands():
    text = project.read(CLI_SOURCE)
    return {match.group(1): f"{CLI_SOURCE}:{line_of(text, match.start())}"
            for match in re.finditer(r'\.name = "([a-z -]+)"', text)}


def config_keys():
    """{key: place} from the members of the configuration's structs. A member that names its unit has its key, quoted,
    in the comment behind it."""
    found, struct = {}, None
    lines = [(name, number, line) for name in CONFIG_HEADERS
             for number, line in enumerate(project.read(name).splitlines(), 1)]
    for name, number, line in lines:
        if opened := re.match(r"struct (\w+) \{", line):
            struct = opened.group(1)
        elif line.startswith("}"):
            struct = None
        member = re.match(r"  (?!static|friend|\[\[|enum|struct|using)[\w:<>, ]+? (\w+(?:, \w+)*)(?:\{[^;]*\}|\s*=[^;]*)?;(.*)",
                          line)
        if struct is None or struct in VALUE_STRUCTS or not member:
            continue
        if re.match(r"  (?:Limits|Trouble|Stood) ", line):
            continue  # its members are keys of the table itself, or none
        renamed = re.search(r'//\s*"(\w+)"', member.group(2)) if re.search("bytes|,", member.group(1)) else None
        for key in [renamed.group(1)] if renamed else member.group(1).split(", "):
            found.setdefault(key, f"{name}:{number}")
    return found


def command_of(word, known):
    """The command that a usage text begins with: "queue list [--by GROUP]" is "queue list"."""
    words = [part for part in word.split() if re.fullmatch(r"[a-z-]+", part) and not part.startswith("-")]
    for count in (2, 1):
        if " ".join(words[:count]) in known:
            return " ".join(words[:count])
    return word if words and not word.startswith(("-", "[")) else ""


def check_links(problems):
    pages = project.files(".md")
    for page in pages:
        text = re.sub(r"```.*?```", lambda m: "\n" * m.group(0).count("\n"), project.read(page), flags=re.DOTALL)
        for match in re.finditer(r"\]\(([^)\s]+)\)", text):
            target, _, anchor = match.group(1).partition("#")
            if re.match(r"[a-z]+:", match.group(1)):
                continue
            path = (project.ROOT / page).parent / target if target else project.ROOT / page
            where = f"{page}:{line_of(text, match.start())}"
            if not path.exists():
                problems.append(f"{where}: link to {match.group(1)}, which does not exist")
            elif anchor and path.suffix == ".md":
                headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
                slugs = {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
                if anchor not in slugs:
                    problems.append(f"{where}: link to {match.group(1)}; there is no such heading")
    return len(pages)


def tests():
    """({name}, {fuzz target}) as the page of security writes them: "test_x.py::test_y", "Suite.Name", "fuzz_name"."""
    found, targets = set(), set()
    for name in project.files(".py", ".cc"):
        base = name.rsplit("/", 1)[-1]
        if name.startswith("test/e2e/test_"):
            found |= {f"{base}::{test}" for test in re.findall(r"^def (test_\w+)\(", project.read(name), re.MULTILINE)}
        elif "/test/" in name and base.endswith("_test.cc"):
            calls = re.findall(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", project.read(name), re.MULTILINE)
            found |= {f"{suite}.{test}" for suite, test in calls}
        elif name.startswith("fuzz/fuzz_"):
            targets.add(base.removesuffix(".cc"))
    return found, targets


def check_security(problems):
    found, targets = tests()
    named, inside = set(), False
    for number, line in enumerate(project.read(SECURITY_PAGE).splitlines(), 1):
        cells = [cell.strip() for cell in line.split("|")[1:-1]] if line.startswith("|") else []
        if len(cells) != 3 or cells[2] == "shown by" or set(cells[2]) == {"-"}:
            inside = len(cells) == 3 and (inside or cells[2] == "shown by")
            continue
        if not inside:
            continue
        words = re.findall(r"`([^`]+)`", cells[2])
        named.update(words)
        if not words and "no templates yet" not in cells[1]:
            problems.append(f"{SECURITY_PAGE}:{number}: no test shows it")
        problems += [f"{SECURITY_PAGE}:{number}: there is no test {word}" for word in words
                     if word not in found | targets]
    problems += [f"{SECURITY_PAGE}:1: the fuzz target {target} is not named" for target in sorted(targets - named)]
    return len(named)


def range_cell(table, with_standing=True):
    """"1 … 5 … 20 (practice)", as the table has it."""
    if not table:
        return ""
    text = " … ".join(str(table.get(key, "open")) for key in ("floor", "start", "ceiling"))
    return f"{text} ({table['standing']})" if with_standing else text


def mx_cell(suffixes):
    """Regions of a cloud stand in one word: `mx.REGION.example`, of 11 regions."""
    short = list(dict.fromkeys(re.sub(r"\b[a-z]{2}-[a-z]+-\d+\b", "REGION", suffix) for suffix in suffixes))
    regions = f", of {len(suffixes)} regions" if len(short) < len(suffixes) else ""
    return ", ".join(f"`{suffix}`" for suffix in short) + regions if short else "by domain"


def provider_cells(data):
    """What the table of providers is to say of a file, by column."""
    return dict(zip(PROVIDER_COLUMNS, (
        data["title"], mx_cell(data["match"].get("mx", [])), range_cell(data.get("connections")),
        range_cell(data.get("message_rate"), with_standing=False), range_cell(data.get("messages_per_connection")),
        data.get("tls", {}).get("level", ""))))


def backoff_cells(data):
    """Likewise of back-off mode. A share that a file leaves out is that of [defaults], a quarter."""
    backoff = data["backoff"]
    return dict(zip(BACKOFF_COLUMNS, (str(backoff.get("connections", backoff.get("share", "a quarter"))),
                                      f"{backoff.get('first', 'open')} … {backoff.get('longest', 'open')}")))


def check_provider_table(columns, wanted, problems):
    """`wanted`: {name: (file, {column: cell})} of the table with these columns behind the name."""
    missing, inside = dict(wanted), False
    for number, line in enumerate(project.read(PROVIDERS_PAGE).splitlines(), 1):
        cells = cells_of(line)
        inside = bool(cells) and (inside or cells == ["name", *columns])
        if not inside or cells[0] == "name" or set(cells[0]) == {"-"}:
            continue
        where, name = f"{PROVIDERS_PAGE}:{number}", cells[0].strip("`")
        missing.pop(name, None)
        if name not in wanted:
            problems.append(f"{where}: no file of {PROVIDERS_FOLDER} says this of a provider {name}")
            continue
        file, said = wanted[name]
        for column, cell in zip(columns, cells[1:] + [""] * len(columns)):
            if cell != said[column]:
                problems.append(f'{where}: {name}, {column}: the table says "{cell}", {file} says "{said[column]}"')
    problems += [f"{file}:1: {name} is not in the table of {PROVIDERS_PAGE} that has {columns[-1]}"
                 for name, (file, _) in missing.items()]


def check_providers(problems):
    names = [name for name in project.files(".toml") if name.startswith(PROVIDERS_FOLDER)]
    files = [(name, tomllib.loads(project.read(name))) for name in names]
    check_provider_table(PROVIDER_COLUMNS, {data["provider"]: (name, provider_cells(data)) for name, data in files},
                         problems)
    check_provider_table(BACKOFF_COLUMNS, {data["provider"]: (name, backoff_cells(data)) for name, data in files
                                           if "backoff" in data}, problems)
    return len(names)


def main():
    problems, counts = [], []
    found = metrics()
    compare("metric", found, METRICS_PAGE, "metric", problems, lambda word: re.sub(r"\{.*", "", word))
    counts.append(f"{len(found)} metrics")
    # The pages of these two are written with their modules.
    if exists("src/eventlog/CMakeLists.txt"):
        found = event_types()
        compare("event type", found, EVENTS_PAGE, "type", problems)
        counts.append(f"{len(found)} event types")
    if exists("src/config/CMakeLists.txt"):
        found = config_keys()
        literals = set(re.findall(r'"([a-z0-9_]+)"', "".join(
            project.read(name) for name in project.files(".cc", ".h")
            if name.startswith("src/config/") and "/test/" not in name)))
        compare("key", found, CONFIG_PAGE, "key", problems,
                lambda word: "" if word.rsplit(".", 1)[-1] in literals | set(found) else word)
        counts.append(f"{len(found)} keys")
    found = commands()
    compare("command", found, CLI_PAGE, "command", problems, lambda word: command_of(word, found))
    manual = project.read(MAN_PAGE)
    for name, place in found.items():
        if f".It Cm {name}" not in manual:
            problems.append(f"{place}: command {name} is not in {MAN_PAGE}")
    counts.append(f"{len(found)} commands")
    if exists(SECURITY_PAGE):
        counts.append(f"{check_security(problems)} tests of {SECURITY_PAGE}")
    if exists(PROVIDERS_PAGE):
        counts.append(f"{check_providers(problems)} providers")
    counts.append(f"links of {check_links(problems)} pages")
    project.finish(problems, ", ".join(counts))


if __name__ == "__main__":
    main()
