# SPDX-License-Identifier: Apache-2.0
"""The checks of tools/ find what they are for. Each test lays out a small tree with one mistake."""
import pathlib
import shutil
import subprocess
import sys

import pytest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"
TABLE = """
| module | layer | what it is | may include |
|---|---|---|---|
| base | 0 | results | |
| smtp | 1 pure | grammar | base |
| net | 2 | streams | base |
| queue | 3 | due times | base smtp |

| folder | what it is | may include |
|---|---|---|
| cmd/penstock | the command line | base net |
"""


@pytest.fixture
def tree(tmp_path):
    """A function that writes a file of the tree; check() runs a check on it."""
    shutil.copytree(TOOLS, tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def check(name):
        done = subprocess.run([sys.executable, str(tmp_path / "tools" / f"check_{name}.py")], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    write.check = check
    write("src/README.md", TABLE)
    for module in ("base", "smtp", "net", "queue"):
        depends = {"base": "", "queue": "DEPS base smtp"}.get(module, "DEPS base")
        write(f"src/{module}/CMakeLists.txt", f"# SPDX-License-Identifier: Apache-2.0\n"
              f"penstock_library({module} SRCS a.cc {depends})\n")
    return write


@pytest.mark.parametrize("name, text, message", [
    ("src/smtp/a.cc", '#include "net/stream.h"', "src/smtp/a.cc:2: smtp includes net/stream.h"),
    ("src/smtp/a.cc", "#include <thread>", "src/smtp/a.cc:2: smtp is pure and includes <thread>"),
    ("src/smtp/a.cc", "#include <boost/asio/post.hpp>", "smtp is pure and includes <boost/asio/post.hpp>"),
    ("src/smtp/a.cc", "auto now = std::chrono::steady_clock::now();", "smtp is pure and says steady_clock::now"),
    ("src/queue/a.cc", "#include <boost/asio/post.hpp>", "queue decides, in simulated time too"),
    ("src/lost/a.cc", "", "src/lost/a.cc:1: module lost has no row"),
    ("cmd/penstock/a.cc", '#include "smtp/reply.h"', "cmd/penstock includes smtp/reply.h"),
    ("src/net/CMakeLists.txt", "penstock_library(net SRCS a.cc DEPS base queue)", "net links queue"),
])
def test_layer_mistakes_are_named_with_file_and_line(tree, name, text, message):
    tree(name, LICENCE + text + "\n")
    status, output = tree.check("layers")
    assert status == 1 and message in output


def test_include_without_the_dependency_is_found(tree):
    tree("src/net/CMakeLists.txt", "penstock_library(net SRCS a.cc)\n")
    tree("src/net/a.cc", LICENCE + '#include "base/result.h"\n')
    status, output = tree.check("layers")
    assert status == 1 and "src/net/a.cc:2: net includes base/result.h and does not link base" in output


def test_sound_tree_passes_the_layer_check(tree):
    tree("src/queue/a.cc", LICENCE + '#include "smtp/reply.h"\n#include <vector>\n')
    assert tree.check("layers") == (0, "1 files, 4 modules\n")


@pytest.mark.parametrize("text, message", [
    ("int a;\n", "src/base/a.h:1: the licence line is missing"),
    (LICENCE + "int a;\n" * 600, "src/base/a.h:601: 601 lines"),
    (LICENCE + "auto f = [this, n](int x) -> net::Task<void> { co_return; };\n", "src/base/a.h:2: a coroutine lambda"),
])
def test_text_mistakes_are_named_with_file_and_line(tree, text, message):
    tree("src/base/a.h", text)
    status, output = tree.check("text")
    assert status == 1 and message in output


def test_coroutine_lambda_without_captures_is_fine(tree):
    tree("src/base/a.h", LICENCE + "auto f = [](int x) -> net::Task<void> { co_return; };\n"
         "// auto g = [this](int x) -> net::Task<void>\n")
    assert tree.check("text")[0] == 0


def documented(tree, metrics_page):
    tree("src/net/a.cc", LICENCE + 'auto& a = registry.counter("penstock_open", "Open");\n')
    tree("cmd/penstock/command_table.cc", '{.name = "queue list", .help = ""}\n')
    tree("docs/cli.md", "| command | shows |\n|---|---|\n| `queue list [--by GROUP]` | queues |\n")
    tree("docs/man/penstock.1", ".It Cm queue list\n")
    tree("docs/metrics.md", metrics_page)
    return tree.check("docs")


@pytest.mark.parametrize("page, message", [
    ("nothing", "src/net/a.cc:2: metric penstock_open is not in docs/metrics.md"),
    ("| metric |\n|---|\n| `penstock_open` |\n| `penstock_gone` |\n", "docs/metrics.md:4: metric penstock_gone does not"),
    ("`penstock_open` [more](nowhere.md)", "docs/metrics.md:1: link to nowhere.md"),
])
def test_documentation_mistakes_are_named_with_file_and_line(tree, page, message):
    status, output = documented(tree, page)
    assert status == 1 and message in output


def test_complete_documentation_passes(tree):
    assert documented(tree, "| metric |\n|---|\n| `penstock_open{path}` |\n")[0] == 0


PROVIDERS = """| name | provider | MX suffixes | connections | recipients | messages per connection | TLS |
|---|---|---|---|---|---|---|
| `big` | Big Mail | `mx.REGION.big.example`, of 2 regions | 1 … 5 … 20 (practice) | 6/min … 3/s … open |  | require |

| name | connections | first … longest |
|---|---|---|
| `big` | a quarter | 30m … 2h |
"""
BIG = """provider = "big"
title = "Big Mail"
[match]
mx = ["mx.eu-west-1.big.example", "mx.us-east-2.big.example"]
[connections]
floor = 1
start = 5
ceiling = 20
standing = "practice"
[message_rate]
floor = "6/min"
start = "3/s"
[tls]
level = "require"
[backoff]
first = "30m"
longest = "2h"
"""


@pytest.mark.parametrize("of, was, now, message", [
    ("page", "5 … 20", "5 … 25", 'docs/providers.md:3: big, connections: the table says "1 … 5 … 25 (practice)", '
     'conf/providers/big.toml says "1 … 5 … 20 (practice)"'),
    ("file", "ceiling = 20", "", 'conf/providers/big.toml says "1 … 5 … open (practice)"'),
    ("file", 'start = "3/s"', 'start = "4/s"', "docs/providers.md:3: big, recipients: "),
    ("file", 'mx = ["mx.eu-west-1.big.example", ', 'mx = [', "docs/providers.md:3: big, MX suffixes: "),
    ("page", "| require |", "|  |", 'big, TLS: the table says "", conf/providers/big.toml says "require"'),
    ("file", "[backoff]", "[backoff]\nconnections = 2", "docs/providers.md:7: big, connections: "),
    ("page", "| `big` | Big", "| `small` | Big", "conf/providers/big.toml:1: big is not in the table"),
    ("page", "| `big` | a", "| `small` | a", "docs/providers.md:7: no file of conf/providers/ says this of"),
])
def test_table_of_providers_that_differs_from_a_file_is_named(tree, of, was, now, message):
    page, file = (PROVIDERS.replace(was, now), BIG) if of == "page" else (PROVIDERS, BIG.replace(was, now))
    tree("docs/providers.md", page)
    tree("conf/providers/big.toml", file)
    status, output = documented(tree, "`penstock_open`\n")
    assert status == 1 and message in output


def test_table_of_providers_that_says_what_the_files_say_passes(tree):
    tree("docs/providers.md", PROVIDERS)
    tree("conf/providers/big.toml", BIG)
    status, output = documented(tree, "`penstock_open`\n")
    assert status == 0 and "1 providers" in output
