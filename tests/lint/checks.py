"""The lints. Each takes the root of a tree and gives a list of complaints."""

import re
import subprocess

import source

# ---- layers ---------------------------------------------------------------------------

MAY_INCLUDE = {
    "ops": ("ops/",),
    "kernel": ("kernel/", "ops/base/"),
    "magics": ("magics/", "kernel/", "ops/"),
}


def layers(root):
    """ops includes neither of the others, kernel only ops/base, magics both; main.c all."""
    found = []
    for path in source.sources(root):
        if str(path) == "kernel/main.c":
            continue
        for line, mark, name in source.includes(source.text(root, path)):
            if mark != '"':
                continue
            if ".." in name.split("/"):
                found.append(f"{path}:{line}: write \"{name}\" from the root")
            elif name.startswith(MAY_INCLUDE[path.parts[0]]):
                continue
            elif (root / path.parent / name).exists():
                found.append(f"{path}:{line}: write \"{name}\" from the root")
            elif "/" in name:  # else written by the build, so not in the tree
                found.append(f"{path}:{line}: {path.parts[0]} may not include {name}")
    return found


# From below to above: a room includes itself and the rooms before it.
ROOMS = ("adapter", "view", "workspace", "language", "data", "clean", "train", "deploy",
         "house")


def rooms(root):
    """No circles inside magics/: each room includes only rooms below it."""
    found = []
    for path in source.sources(root):
        if path.parts[0] != "magics" or len(path.parts) < 3:
            continue
        room = path.parts[1]
        if room not in ROOMS:
            found.append(f"{path}:1: magics/{room}/ is new: give it its place in ROOMS in "
                         "tests/lint/checks.py")
            continue
        for line, mark, name in source.includes(source.text(root, path)):
            parts = name.split("/")
            if mark != '"' or parts[0] != "magics" or len(parts) < 3 or parts[1] == room:
                continue
            if parts[1] not in ROOMS or ROOMS.index(parts[1]) > ROOMS.index(room):
                found.append(f"{path}:{line}: {room}/ is below {parts[1]}/ and may not "
                             f"include {name}")
    return found


# ---- one adapter for each third-party header --------------------------------------------

# The C library, POSIX, Linux and the compiler.
_SYSTEM = re.compile(
    r"^(?:(?:sys|netinet|arpa|linux|net|asm|bits)/.+|(?:aio|alloca|assert|complex|cpuid|"
    r"ctype|dirent|dlfcn|elf|endian|errno|execinfo|fcntl|fenv|float|fnmatch|ftw|getopt|glob|"
    r"grp|iconv|ifaddrs|immintrin|arm_neon|inttypes|iso646|langinfo|libgen|limits|link|locale|"
    r"malloc|math|mntent|netdb|poll|pthread|pwd|regex|sched|search|semaphore|setjmp|signal|"
    r"spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdio_ext|stdlib|"
    r"stdnoreturn|string|strings|syslog|termios|tgmath|threads|time|uchar|ucontext|unistd|"
    r"utime|wchar|wctype|x86intrin)\.h)$"
)
# Which files may include a header. Every stem has its .c and its .h.
ADAPTERS = {
    "jansson.h": (r".*",),
    "zmq.h": (r"kernel/socket",),
    "sodium.h": (r"ops/base/crypto", r"kernel/sign"),
    "sqlite3.h": (r"ops/base/database", r"ops/frame/sql\w*"),
    "archive.h": (r"magics/adapter/archive\w*",),
    "archive_entry.h": (r"magics/adapter/archive\w*",),
    "curl/curl.h": (r"magics/adapter/(?:http_client|http|client|curl)",),
    "microhttpd.h": (r"magics/adapter/(?:http_server|server|microhttpd)",),
    "cblas.h": (r"ops/\w+/blas",),
    "stb/stb_image.h": (r"ops/image/\w*image",),
    "stb/stb_image_write.h": (r"ops/image/image_write",),
    "jpeglib.h": (r"ops/image/jpeg",),
    "jerror.h": (r"ops/image/jpeg",),
}


def adapters(root):
    """Each third-party header is known to this lint and included by its adapter alone."""
    found = []
    users = {}
    for path in source.sources(root):
        stem = str(path.with_suffix(""))
        for line, mark, name in source.includes(source.text(root, path)):
            if mark != "<" or _SYSTEM.match(name):
                continue
            if name not in ADAPTERS:
                found.append(f"{path}:{line}: <{name}> is new: name its adapter in "
                             "tests/lint/checks.py")
            elif not any(re.fullmatch(p, stem) for p in ADAPTERS[name]):
                found.append(f"{path}:{line}: <{name}> is included by its adapter alone")
            users.setdefault(name, set()).add(stem)
    for name, stems in users.items():
        patterns = ADAPTERS.get(name, ())
        # Where a pattern allows several spellings of the adapter's name, one is used.
        for pattern in patterns:
            if "|" in pattern:
                taken = sorted(s for s in stems if re.fullmatch(pattern, s))
                if len(taken) > 1:
                    found.append(f"<{name}> has {len(taken)} adapters: {', '.join(taken)}")
    return found


# ---- forbidden functions ----------------------------------------------------------------

EVERYWHERE = ("strcpy", "stpcpy", "strcat", "sprintf", "vsprintf", "gets", "strtok", "atoi",
              "atol", "atoll", "atof", "system", "popen", "alloca", "tmpnam", "mktemp")
IN_LIBRARIES = ("exit", "abort", "quick_exit")
# Memory goes through ops/base/memory.h, so that tests can make it fail.
OUTSIDE_MEMORY = ("malloc", "calloc", "realloc", "strdup", "strndup", "asprintf", "vasprintf")
_MARKS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")


def forbidden(root):
    """No unbounded text calls, no end of the process in a library, no marks left behind."""
    found = []
    for path in source.sources(root):
        banned = set(EVERYWHERE)
        if str(path) != "kernel/main.c":
            banned.update(IN_LIBRARIES)
        if path.stem != "memory":
            banned.update(OUTSIDE_MEMORY)
        call = re.compile(r"(?<![\w.>])(" + "|".join(sorted(banned)) + r")\s*\(")
        raw = source.text(root, path)
        for number, line in enumerate(source.code(raw).split("\n"), 1):
            for match in call.finditer(line):
                found.append(f"{path}:{number}: {match[1]} is forbidden")
        for number, line in enumerate(raw.split("\n"), 1):
            if _MARKS.search(line):
                found.append(f"{path}:{number}: finish it, or say it without a mark")
    return found


# ---- formatting -------------------------------------------------------------------------


def formatting(root, clang_format="clang-format"):
    """What clang-format would change. ./run format changes it."""
    names = [str(path) for path in source.files(root, ".c", ".h")]
    if not names:
        return []
    done = subprocess.run([clang_format, "--dry-run", "-Werror", *names], cwd=root,
                          capture_output=True, text=True)
    if done.returncode == 0:
        return []
    wrong = re.findall(r"^(\S+?):(\d+):\d+: error", done.stderr, re.MULTILINE)
    first = {}
    for name, line in wrong:
        first.setdefault(name, line)
    return [f"{name}:{line}: not as clang-format has it (./run format)"
            for name, line in first.items()] or [done.stderr.strip()]


# ---- length -----------------------------------------------------------------------------

LONGEST = 600
_GENERATED = re.compile(r"\bgenerated\b", re.IGNORECASE)


def length(root):
    """No file of more than 600 lines, but for golden values and what says it is generated."""
    found = []
    for path in source.files(root, ".c", ".h", ".py", ".in", ".txt", ".cmake"):
        lines = source.text(root, path).split("\n")
        if "seeds" in path.parts or "golden" in path.parts or _GENERATED.search(lines[0]):
            continue
        if len(lines) - 1 > LONGEST:
            found.append(f"{path}: {len(lines) - 1} lines, at most {LONGEST}: it holds two ideas")
    return found


# ---- machine paths ----------------------------------------------------------------------

_MACHINE = re.compile(
    r"(?<![\w.$}])/(?:work|root|Users|mnt)/\w|(?<![\w.$}])/home/(?!jovyan|sagemaker-user|ec2-user)"
    r"[a-z]|(?<!\w)[A-Z]:\\\\?Users|file:///(?!etc/|tmp/|path|data|a/|x)\w"
)


def machine_paths(root):
    """No path that only one machine has; outputs saved in notebooks included."""
    found = []
    for path in source.files(root):
        if path.parts[:2] == ("tests", "lint"):
            continue
        raw = (root / path).read_bytes()
        if b"\0" in raw[:8192]:
            continue
        for number, line in enumerate(raw.decode("utf-8", "replace").split("\n"), 1):
            match = _MACHINE.search(line)
            if match:
                found.append(f"{path}:{number}: a path of one machine: "
                             f"{line[match.start():match.start() + 40]}")
    return found
