"""Queries over the bank table repeated to 4.1 million rows, beside DuckDB and SQLite's own
tables. Each engine holds the table in memory; a query's time ends with its rows."""

import shlex
import sqlite3
import subprocess
import time

import duckdb

from bench import DATA, ROOT, Report, interleave, median

REPEATS = 100
QUERIES = {
    "the walk's group-by": "SELECT poutcome, count(*) AS calls, avg(y = 'yes') AS rate "
                           "FROM bank GROUP BY poutcome",
    "count": "SELECT count(*) FROM bank",
    "two keys": "SELECT job, marital, avg(age), max(campaign) FROM bank GROUP BY job, marital",
    "filter and order": "SELECT job, avg(age) FROM bank WHERE y = 'yes' GROUP BY job "
                        "ORDER BY 2 DESC",
    "by an expression": "SELECT age / 10, count(*) FROM bank GROUP BY 1",
    "top ten": "SELECT * FROM bank ORDER BY age DESC LIMIT 10",
}

# The same in DuckDB's dialect: no average of a truth value, / gives a fraction.
DUCKDB = {"avg(y = 'yes')": "avg((y = 'yes')::INT)", "age / 10": "age // 10"}


def repeated(path):
    """The bank file, its rows REPEATS times."""
    if path.exists():
        return path
    text = (DATA / "bank/bank-additional/bank-additional-full.csv").read_bytes()
    head, rows = text.split(b"\n", 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as out:
        out.write(head + b"\n")
        for _ in range(REPEATS):
            out.write(rows)
    return path


def helper():
    """Builds groupby.c against the release library."""
    program = ROOT / "build/bench/groupby"
    libraries = subprocess.run(["pkg-config", "--libs", "sqlite3", "jansson", "libsodium"],
                               check=True, capture_output=True, text=True).stdout
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-I.", "tests/bench/groupby.c",
                    "build/release/ops/libatelier_ops.a", "-o", str(program),
                    *shlex.split(libraries), "-lm", "-lpthread", "-ldl"], check=True, cwd=ROOT)
    return program


def main():
    path = repeated(ROOT / "build/bench/bank-4m.csv")
    ours = subprocess.Popen([helper(), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            text=True)
    rows = int(ours.stdout.readline())
    duck = duckdb.connect()
    duck.execute(f"CREATE TABLE bank AS SELECT * FROM read_csv('{path}')")
    lite = sqlite3.connect(":memory:")
    columns = [name for name, *_ in duck.execute("DESCRIBE bank").fetchall()]
    lite.execute(f"CREATE TABLE bank ({', '.join(chr(34) + c + chr(34) for c in columns)})")
    cursor = duck.execute("SELECT * FROM bank")
    marks = ", ".join("?" * len(columns))
    while some := cursor.fetchmany(100000):
        lite.executemany(f"INSERT INTO bank VALUES ({marks})", some)

    report = Report("groupby")
    for name, query in QUERIES.items():
        theirs = query
        for ours_form, duck_form in DUCKDB.items():
            theirs = theirs.replace(ours_form, duck_form)

        def ask():
            ours.stdin.write(query + "\n")
            ours.stdin.flush()
            return float(ours.stdout.readline().split()[0])

        def timed(run):
            started = time.perf_counter()
            run()
            return time.perf_counter() - started

        times = interleave({"atelier": ask,
                            "duckdb": lambda: timed(lambda: duck.execute(theirs).fetchall()),
                            "sqlite": lambda: timed(lambda: lite.execute(query).fetchall())},
                           rounds=3)
        own = median(times["atelier"])
        walk = name.startswith("the walk")
        report.add(name, "s", own,
                   {peer: median(times[peer]) for peer in ("duckdb", "sqlite")}, rows=rows)
        if walk:
            report.add(name + ", at most 1 s", "s", own, floor=1.0)
    ours.stdin.close()
    ours.wait()
    report.finish()


if __name__ == "__main__":
    main()
