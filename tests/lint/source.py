"""How the lints read the tree: its files, and C without its comments and texts."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ("kernel", "ops", "magics")

_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def files(root=ROOT, *suffixes):
    """Paths, relative to root, of the files that git tracks or would track."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root, capture_output=True, check=True,
        ).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]
    return [
        pathlib.PurePosixPath(name)
        for name in sorted(filter(None, listed))
        if (not suffixes or name.endswith(suffixes)) and (root / name).is_file()
    ]


def sources(root=ROOT):
    """The .c and .h files of the three layers."""
    return [path for path in files(root, ".c", ".h") if path.parts[0] in LAYERS]


def text(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


def code(source):
    """The source with comments and the contents of texts blanked, line by line."""

    def blank(match):
        token = match.group()
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[-1]
        return "".join(c if c == "\n" else " " for c in token)

    return _TOKEN.sub(blank, source)


def includes(source):
    """(line, '<' or '"', name) of each include."""
    # Comments go, but the names in quotes have to stay.
    plain = _TOKEN.sub(
        lambda m: m.group() if m.group()[0] in "\"'" else re.sub(r"[^\n]", " ", m.group()),
        source,
    )
    for match in _INCLUDE.finditer(plain):
        yield plain.count("\n", 0, match.start()) + 1, match[1], match[2]
