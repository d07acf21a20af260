"""Runs the lints over the tree, and each over a snippet that it has to catch."""

import importlib.metadata
import pathlib
import re
import shutil
import sys

import pytest
from packaging.specifiers import SpecifierSet

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import checks  # noqa: E402
import source  # noqa: E402

# As ./run has it: the pinned one beside this Python.
CLANG_FORMAT = str(pathlib.Path(sys.executable).parent / "clang-format")


def formatting(root):
    return checks.formatting(root, CLANG_FORMAT)


LINTS = {
    "layers": checks.layers,
    "rooms": checks.rooms,
    "adapters": checks.adapters,
    "forbidden": checks.forbidden,
    "formatting": formatting,
    "length": checks.length,
    "machine_paths": checks.machine_paths,
}


@pytest.mark.parametrize("name", LINTS)
def test_tree(name):
    complaints = LINTS[name](source.ROOT)
    assert not complaints, "\n" + "\n".join(complaints)


BAD = [
    ("layers", "ops/a.c", '#include "kernel/interp.h"\n'),
    ("layers", "ops/a.c", '#include "magics/spec.h"\n'),
    ("layers", "kernel/a.c", '#include "ops/frame/frame.h"\n'),
    ("layers", "kernel/a.h", '  #  include "magics/spec.h"\n'),
    ("layers", "ops/base/a.c", '#include "a.c"\n'),
    ("layers", "ops/a.c", '#include "tests/unit/unit.h"\n'),
    ("layers", "ops/a.c", '#include "ops/../tests/unit/unit.h"\n'),
    ("rooms", "magics/workspace/a.c", '#include "magics/deploy/serve.h"\n'),
    ("rooms", "magics/workspace/a.h", '#include "magics/language/spec.h"\n'),
    ("rooms", "magics/cellar/a.c", "int x;\n"),
    ("adapters", "ops/frame/csv.c", "#include <sqlite3.h>\n"),
    ("adapters", "magics/data/fetch.c", "#include <curl/curl.h>\n"),
    ("adapters", "ops/a.c", "#include <brandnew.h>\n"),
    ("forbidden", "ops/a.c", "void f(char *a) { strcpy(a, a); }\n"),
    ("forbidden", "ops/a.c", "int f(char *a) { return atoi (a); }\n"),
    ("forbidden", "magics/a.c", 'void f(void) { system("ls"); }\n'),
    ("forbidden", "kernel/a.c", "void f(void) { exit(1); }\n"),
    ("forbidden", "ops/a.c", "void f(void) {\n    abort();\n}\n"),
    ("forbidden", "ops/a.c", "void *f(void) { return malloc(3); }\n"),
    ("forbidden", "ops/a.c", "/* TO" "DO: later */\n"),
    ("formatting", "ops/a.c", "int f( void ){return 1 ;}\n"),
    ("length", "ops/a.c", "int x;\n" * 601),
    ("machine_paths", "ops/a.c", 'const char *p = "/home/someone/x";\n'),
    ("machine_paths", "notebooks/a.ipynb", '{"text": "wrote /root/x"}\n'),
]


@pytest.mark.parametrize("name, path, text", BAD)
def test_catches(tmp_path, name, path, text):
    shutil.copy(source.ROOT / ".clang-format", tmp_path)
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(text)
    complaints = LINTS[name](tmp_path)
    assert len(complaints) == 1 and path in complaints[0]


GOOD = {
    "kernel/main.c": '#include "magics/registry.h"\n\nint main(void) {\n    exit(1);\n}\n',
    "kernel/a.c": '#include "ops/base/text.h"\n',
    "magics/a.c": '#include "kernel/interp.h"\n#include "ops/frame/frame.h"\n',
    "magics/house/a.c": '#include "magics/deploy/serve.h"\n#include "magics/house/b.h"\n',
    "ops/base/database.c": "#include <sqlite3.h>\n#include <sys/stat.h>\n",
    "ops/a.c": "/* never strcpy(a, b) or system(x) */\n"
               'const char *t = "exit(1); /home/$user";\n'
               "int at_exit(int x) {\n    return x;\n}\n",
    "ops/b.c": "int x;\n" * 600,
    "ops/table.c": "/* Generated from the spec. */\n" + "int x;\n" * 700,
}


@pytest.mark.parametrize("name", LINTS)
def test_leaves_good_code_alone(tmp_path, name):
    shutil.copy(source.ROOT / ".clang-format", tmp_path)
    for path, text in GOOD.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert LINTS[name](tmp_path) == []


def test_what_benchmarks_import_hides_no_module_of_python():
    """tests/bench/csv.py may be called so: only tests/bench/common is imported from."""
    run = (source.ROOT / "run").read_text()
    assert "PYTHONPATH=$root/tests/bench/common" in run and "bin/python\" -P" in run
    shared = {path.stem for path in (source.ROOT / "tests/bench/common").glob("*.py")}
    assert shared and not shared & set(sys.stdlib_module_names)


def test_code_blanks_comments_and_texts():
    text = 'a("x\\"y(1)", \'"\'); // b(2)\n/* c(3)\n */ d(4)'
    blanked = source.code(text)
    assert len(blanked) == len(text) and blanked.count("\n") == 2
    assert [n for n in "xybcd" if n + "(" in blanked] == ["d"]
    assert "a(" in blanked


@pytest.mark.parametrize("python", ["3.11.2", "3.12.3", "3.13.5"])
def test_the_pinned_packages_install_with(python):
    """Those of Debian 12, Ubuntu 24.04 and Debian 13."""
    pins = re.findall(r"^([\w.-]+)==", (source.ROOT / "tests/requirements.txt").read_text(),
                      re.MULTILINE)
    assert len(pins) > 16
    wanted = {name: importlib.metadata.metadata(name)["Requires-Python"] or "" for name in pins}
    refused = {name: says for name, says in wanted.items()
               if not SpecifierSet(says).contains(python)}
    assert not refused, refused
