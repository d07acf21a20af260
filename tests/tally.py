"""Sums the results of one ./run test: python tests/tally.py FOLDER.

Reads the JUnit files of pytest and of ctest (whose cmocka output is taken apart into its
test functions), reports of sanitizers and notes of labels that broke. Lists what failed and
what was skipped by name, prints the closing line, and exits with 1 if anything failed."""

import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

CMOCKA = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] (\w+)$", re.MULTILINE)
OUTCOMES = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}


def ctest_cases(case):
    """The (name, outcome, reason) of each cmocka function in one executable's output."""
    name = case.get("name")
    output = case.findtext("system-out") or ""
    functions = {test: OUTCOMES[word] for word, test in CMOCKA.findall(output)}
    for test, outcome in functions.items():
        yield f"{name}.{test}", outcome, ""
    if case.get("status") == "run" and functions:
        return
    # An executable that failed although no function did: a crash, a leak, a time-out. One
    # without any function counts as one test.
    if case.get("status") != "run":
        if "failed" not in functions.values():
            yield name, "failed", "the program failed: crash, leak or time-out"
    else:
        yield name, "passed", ""


def pytest_cases(case):
    module = case.get("classname", "").removeprefix("tests.")
    name = f"{module}.{case.get('name')}"
    for tag, outcome in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        found = case.find(tag)
        if found is not None:
            yield name, outcome, (found.get("message") or "").split("\n")[0]
            return
    yield name, "passed", ""


def read(folder):
    """All (label, name, outcome, reason) of the folder."""
    for path in sorted(folder.glob("*.xml")):
        label = path.stem
        try:
            tree = xml.parse(path)
        except xml.ParseError as error:
            yield label, "report", "failed", f"unreadable: {error}"
            continue
        for case in tree.iter("testcase"):
            # ctest gives each case a status, pytest none.
            cases = ctest_cases(case) if case.get("status") else pytest_cases(case)
            for name, outcome, reason in cases:
                yield label, name, outcome, reason
    for path in sorted(folder.glob("*.broken")):
        yield path.stem, "run", "failed", "the label did not run to its end"
    for path in sorted(folder.glob("*.sanitizer.*")):
        text = path.read_text(errors="replace")
        if not text.strip():
            continue
        said = re.search(r"(ERROR: .*|.*runtime error: .*)", text)
        yield path.name.split(".")[0], path.name, "failed", said[1] if said else text[:200]


def main(folder):
    results = list(read(pathlib.Path(folder)))
    for wanted in ("skipped", "failed"):
        for label, name, outcome, reason in results:
            if outcome == wanted:
                print(f"{wanted}: {label}: {name}{': ' + reason if reason else ''}")
    by_label = collections.defaultdict(collections.Counter)
    for label, _, outcome, _ in results:
        by_label[label][outcome] += 1
    for label, count in by_label.items():
        print(f"{label:>14}: {count['passed']} passed, {count['failed']} failed, "
              f"{count['skipped']} skipped")
    total = collections.Counter(outcome for _, _, outcome, _ in results)
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
