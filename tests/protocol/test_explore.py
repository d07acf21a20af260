"""%plot and %describe with the real kernel: the structure of the charts and the numbers in
them, the findings and the leaks of real tables, and errors that help."""

import base64
import csv
import html
import os
import re
import statistics
import xml.dom.minidom

import pytest
from harness import Kernel

SLOW = 5 if os.environ.get("ATELIER_SLOW") else 1


@pytest.fixture(scope="module")
def kernel(atelier_binary, atelier_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explore")
    with Kernel(folder, command=[str(atelier_binary), "kernel"],
                ATELIER_WORKSPACE=str(folder / "w"), ATELIER_THREADS="2") as kernel:
        kernel.data = atelier_data
        for name, path in TABLES.items():
            assert kernel.run(f"%fetch {name} {atelier_data / path}",
                              timeout=60 * SLOW).reply["status"] == "ok"
        yield kernel


TABLES = {
    "bank": "bank/bank-additional/bank-additional.csv",
    "titanic": "tabular/titanic.csv",
    "seattle": "weather/seattle-weather.csv",
    "houses": "tabular/california_housing.csv",
}


class Shown:
    """What a cell displayed: its texts, drawings and words."""

    def __init__(self, cell):
        assert cell.reply["status"] == "ok", cell.reply
        data = [c["data"] for c in cell.contents("display_data")]
        self.plain = "\n".join(d["text/plain"] for d in data) + cell.text()
        self.html = "".join(d.get("text/html", "") for d in data)
        self.drawings = [xml.dom.minidom.parseString(svg)  # well formed, each of them
                         for svg in re.findall(r"<svg.*?</svg>", self.html)]
        self.words = [html.unescape(w) for w in re.findall(r'data-t="([^"]*)"', self.html)]
        for twin in re.findall(r'base64,([^"]*)"', self.html):
            xml.dom.minidom.parseString(base64.b64decode(twin))
        for hidden in ("<script", "nan", "-inf", "(null)"):
            assert hidden not in self.html.replace("finance", ""), hidden

    def all(self, tag, **attributes):
        return [e for d in self.drawings for e in d.getElementsByTagName(tag)
                if all(e.getAttribute(k) == v for k, v in attributes.items())]


def show(kernel, code):
    return Shown(kernel.run(code, timeout=60 * SLOW))


def column(kernel, table, name):
    with open(kernel.data / TABLES[table], newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


# ---- the kinds of %plot ------------------------------------------------------------------

def test_hist(kernel):
    shown = show(kernel, "%plot bank age")
    ages = [int(v) for v in column(kernel, "bank", "age")]
    bars = [float(r.getAttribute("height")) for r in shown.all("rect")]
    assert 20 < len(bars) < 60
    bins = [sum(low <= a < low + 2 for a in ages) for low in range(18, 90, 2)]
    # the heights are proportional to the counts
    assert max(bars) / sorted(bars)[-2] == pytest.approx(
        max(bins) / sorted(bins)[-2], rel=0.01)
    assert "age" in shown.words and "rows" in shown.words and "60" in shown.words
    assert "bank: 4,119 rows" in shown.plain and f"{max(bins)} ┤" in shown.plain.replace(",", "")
    assert "var(--jp-content-font-color" in shown.html


def test_hist_by_shares(kernel):
    shown = show(kernel, "%plot bank age --by y")
    assert shown.html == show(kernel, "%plot bank age y").html  # names as y: the same
    outlines = [p for p in shown.all("path") if p.getAttribute("fill-opacity") == "0.14"]
    assert len(outlines) == 2
    assert {"no", "yes"} <= set(shown.words) and "share of each y" in shown.words
    assert any(w.endswith(" %") for w in shown.words)
    assert shown.plain.splitlines()[1].startswith("no ")


def test_bar_counts_and_months(kernel):
    shown = show(kernel, "%plot bank job")
    jobs = column(kernel, "bank", "job")
    for name in ("admin.", "student"):
        assert name in shown.words and f"{jobs.count(name):,}" in shown.words
    assert shown.words.index("admin.") < shown.words.index("student")  # most first
    months = show(kernel, "%plot bank month").words
    order = [w for w in months if w in ("mar", "may", "nov", "dec")]
    assert order == ["mar", "may", "nov", "dec"]


def test_bar_means_and_shares(kernel):
    shown = show(kernel, "%plot bank job age --kind bar")
    ages = [int(a) for a, j in zip(column(kernel, "bank", "age"), column(kernel, "bank", "job"))
            if j == "retired"]
    assert f"{statistics.mean(ages):.4g}" in shown.words and "mean of age" in shown.words
    grouped = show(kernel, "%plot bank job age --by y --kind bar")
    assert len(grouped.all("rect")) >= 2 * 12
    shares = show(kernel, "%plot titanic sex survived --kind bar")
    assert "mean of survived" in shares.words  # a number: its mean
    shares = show(kernel, "%plot bank contact y")
    yes = [y == "yes" for y, c in zip(column(kernel, "bank", "y"),
                                      column(kernel, "bank", "contact")) if c == "cellular"]
    assert f"{100 * sum(yes) / len(yes):.0f} %" in shares.words
    stacked = show(kernel, "%plot bank job --by marital")
    assert "█ married" in stacked.plain and "10" not in stacked.words


def test_box(kernel):
    shown = show(kernel, "%plot titanic pclass age")
    assert "age by pclass" in shown.plain
    boxes = [r for r in shown.all("rect") if r.getAttribute("fill-opacity") == "0.28"]
    assert len(boxes) == 3 and len(shown.all("circle")) > 3
    assert "177 rows without a value" in shown.plain and shown.plain.count("┃") == 3
    one = show(kernel, "%plot titanic fare --kind box")
    assert len([r for r in one.all("rect") if r.getAttribute("fill-opacity")]) == 1
    both = show(kernel, "%plot titanic pclass age --by survived")
    assert "survived 0" in both.words and both.plain.count("┃") == 6
    assert show(kernel, "%plot bank age job --kind box").html == show(
        kernel, "%plot bank job age --kind box").html  # either way round


def test_scatter_points_and_density(kernel):
    shown = show(kernel, "%plot titanic age fare --by survived")
    ages, fares = column(kernel, "titanic", "age"), column(kernel, "titanic", "fare")
    known = sum(bool(a and f) for a, f in zip(ages, fares))
    assert len(shown.all("circle")) == known
    assert "survived 1" in shown.words and "fare against age by survived" in shown.plain
    dense = show(kernel, "%plot houses longitude latitude")
    assert not dense.all("circle") and len(dense.html) < 200_000
    cells = sum(p.getAttribute("d").count("M") for p in dense.all("path"))
    assert 300 < cells < 5000 and any("rows a cell" in w for w in dense.words)
    panels = show(kernel, "%plot houses longitude latitude --by ocean_proximity")
    assert len(panels.drawings) == 5 and "INLAND" in panels.words


def test_line_over_time(kernel):
    shown = show(kernel, "%plot seattle date temp_max")
    line = [p for p in shown.all("path") if p.getAttribute("fill") == "none"]
    assert len(line) == 1 and 200 < line[0].getAttribute("d").count("L") < 220
    assert "in each week" in shown.plain
    assert {"2013", "2014", "2015", "Jul"} <= set(shown.words)
    month = show(kernel, "%plot seattle date precipitation --bins 60")
    rain = [float(p) for d, p in zip(column(kernel, "seattle", "date"),
                                     column(kernel, "seattle", "precipitation"))
            if d.startswith("2012-01") or d.startswith("2012/01")]
    assert len(rain) == 31 and "in each month" in month.plain
    counts = show(kernel, "%plot seattle date --by weather")
    assert len([p for p in counts.all("path") if p.getAttribute("fill") == "none"]) == 5
    numbers = show(kernel, "%plot bank age campaign --kind line")
    assert "mean of campaign in steps of 1" in numbers.plain


def test_heatmap(kernel):
    shown = show(kernel, "%plot bank marital housing --kind heatmap")
    pairs = list(zip(column(kernel, "bank", "marital"), column(kernel, "bank", "housing")))
    assert f"{pairs.count(('married', 'yes')):,}" in shown.words
    assert f"{pairs.count(('single', 'unknown')):,}" in shown.words
    mixed = show(kernel, "%plot bank age month --kind heatmap")
    assert mixed.words.index("mar") < mixed.words.index("dec")


def test_where_filters(kernel):
    shown = show(kernel, "%plot bank age --where \"age < 40 AND job = 'admin.'\"")
    young = [a for a, j in zip(column(kernel, "bank", "age"), column(kernel, "bank", "job"))
             if int(a) < 40 and j == "admin."]
    assert f"bank: {len(young):,} rows" in shown.plain


def test_groups_beyond_the_colours(kernel):
    shown = show(kernel, "%plot bank age --by job")
    assert "other" in shown.words and "the 7 most frequent of 12 values of job" in shown.plain
    assert "#8a8f98" in shown.html
    quarters = show(kernel, "%plot bank age --by duration")
    assert "duration below" in quarters.plain and "duration from" in quarters.plain


@pytest.mark.parametrize("code, words", [
    ("%plot bank job --kind hist", ("needs numbers or dates", "job holds category", "--kind bar")),
    ("%plot bank age campaign --kind hist", ("one column", "campaign")),
    ("%plot bank duration --kind bar", ("different values", "--kind hist")),
    ("%plot bank job y --kind box", ("boxes need", "heatmap")),
    ("%plot bank age job --kind scatter", ("two columns of numbers", "job is category")),
    ("%plot bank age --kind scatter", ("two columns", "after age")),
    ("%plot bank job age --kind line", ("runs along numbers or dates", "cast job")),
    ("%plot seattle date weather --kind line", ("mean of numbers", "--by weather")),
    ("%plot bank age --kind heatmap", ("two columns", "after age")),
    ("%plot bank job y --kind heatmap --by loan", ("no room for --by loan", "--where")),
    ("%plot bank job y --kind bar --by loan", ("no room for --by loan",)),
    ("%plot bank aeg", ("no column 'aeg'", "did you mean age")),
    ("%plot bank age --by agee", ("no column 'agee'", "did you mean age")),
    ("%plot bank age --kind pie", ("pie", "hist")),
    ("%plot bank age --where \"age > 200\"", ("no row of bank passes --where",)),
    ("%plot bank age --where \"agee > 2\"", ("agee",)),
    ("%plot bank", ("x",)),
    ("%plot seattle temp_max --by date", ("not grouped by dates", "strftime")),
    ("%describe bank --target z", ("no column 'z'",)),
    ("%describe bank --columns nothing", ("nothing",)),
])
def test_errors(kernel, code, words):
    reply = kernel.run(code, timeout=30 * SLOW).reply
    assert reply["status"] == "error"
    said = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(reply["traceback"]))
    for word in words:
        assert word in said, said


def test_columns_complete(kernel):
    for code in ("%plot bank eur", "%plot bank age eur", "%plot bank age --by eur",
                 "%describe bank --target eur"):
        reply, _ = kernel.ask("complete_request", {"code": code, "cursor_pos": len(code)})
        assert "euribor3m" in reply["matches"], code
    reply, _ = kernel.ask("complete_request", {"code": "%plot bank age --kind h",
                                               "cursor_pos": 23})
    assert set(reply["matches"]) >= {"hist", "heatmap"}


def test_empty_and_missing_columns(kernel):
    assert kernel.run("CREATE TABLE void AS SELECT age, NULL AS hollow, job FROM bank "
                      "WHERE age < 20").reply["status"] == "ok"
    for code in ("%plot void hollow", "%plot void hollow --kind bar",
                 "%plot void age hollow --kind scatter", "%plot void hollow age --kind line",
                 "%plot void job hollow --kind box"):
        said = kernel.run(code).reply
        assert said["status"] == "error" and said["ename"] == "InvalidInput", (code, said)
    assert "holds no value at all" in show(kernel, "%describe void").plain
    kernel.run("CREATE TABLE nobody AS SELECT age FROM bank WHERE age < 0")
    assert "0 rows" in show(kernel, "%describe nobody").plain
    assert "has no rows" in kernel.run("%plot nobody age").reply["evalue"]


# ---- %describe ---------------------------------------------------------------------------

def leaks_of(shown):
    """The names in the table of leaks."""
    found = re.search(r"Leak radar: would .*?</table>", shown.html, re.S)
    return re.findall(r"<tr><td[^>]*>([^<]*)</td>", found.group(0)) if found else []


def test_bank_duration_leaks_and_nothing_else(kernel):
    shown = show(kernel, "%describe bank --target y")
    assert leaks_of(shown) == ["duration"]
    assert "measured while the outcome took shape" in shown.plain
    assert "drop column duration" in shown.plain
    assert "yes is rare (8.1 times as many are no)" in shown.plain
    assert "2 AUC − 1" in shown.plain
    rows = [line.split()[0] for line in
            shown.plain.split("What predicts y")[1].splitlines()[3:7]]
    assert rows[0] == "duration"
    kernel.run("CREATE TABLE honest AS SELECT age, job, marital, education, pdays, poutcome, "
               "previous, euribor3m, month, contact, y FROM bank")
    shown = show(kernel, "%describe honest --target y")
    assert leaks_of(shown) == [] and "no column looks as if it were only known after y" in shown.plain


TARGETS = [
    ("bank/bank-additional/bank-additional-full.csv", "y", ["duration"]),
    ("tabular/california_housing.csv", "median_house_value", []),
    ("tabular/boston_housing.csv", "medv", []),
    ("tabular/abalone.csv", "c9", []),
    ("tabular/winequality-red.csv", "c12", []),
    ("tabular/winequality-white.csv", "c12", []),
    ("tabular/iris.csv", "species", []),
    ("tabular/digits.csv", "c65", []),
    ("tabular/wine.csv", "c14", []),
    ("tabular/breast_cancer.csv", "c31", []),
    ("tabular/pima-indians-diabetes.csv", "c9", []),
    ("tabular/banknote_authentication.csv", "c5", []),
    ("tabular/sonar.csv", "c61", []),
    ("tabular/ionosphere.csv", "c35", []),
    ("tabular/wheat-seeds.csv", "c8", []),
    ("tabular/ecoli.csv", "c8", []),
    ("tabular/phoneme.csv", "c6", []),
    ("tabular/penguins.csv", "species", []),
    ("tabular/mpg.csv", "mpg", []),
    ("tabular/titanic.csv", "survived", []),
    ("tabular/credit_data.csv", "Status", []),
    ("tabular/attrition.csv", "Attrition", []),
    ("tabular/Vehicle.csv", "Class", []),
    ("weather/seattle-weather.csv", "weather", []),
]


@pytest.mark.parametrize("path, target, expected", TARGETS, ids=[p for p, _, _ in TARGETS])
def test_no_false_alarms(kernel, path, target, expected):
    assert kernel.run(f"%fetch table {kernel.data / path}",
                      timeout=60 * SLOW).reply["status"] == "ok"
    assert leaks_of(show(kernel, f"%describe table --target {target}")) == expected


def test_planted_leaks_are_named(kernel):
    kernel.run("CREATE TABLE planted AS SELECT pclass, sex, age, fare, survived, "
               "CASE survived WHEN 1 THEN 'yes' ELSE 'no' END AS alive, "
               "CASE WHEN survived = 0 AND rowid % 4 = 0 THEN rowid * 7 % 300 END AS body "
               "FROM titanic")
    shown = show(kernel, "%describe planted --target survived")
    assert leaks_of(shown) == ["alive", "body"]
    assert "a copy of the target" in shown.plain and "once the outcome was known" in shown.plain
    kernel.run("CREATE TABLE sorted AS SELECT row_number() OVER (ORDER BY survived, name) AS id, "
               "sex, age, survived FROM titanic")
    shown = show(kernel, "%describe sorted --target survived")
    assert leaks_of(shown) == ["id"] and "identifier" in shown.plain
    kernel.run("CREATE TABLE priced AS SELECT median_income, population, "
               "median_house_value * 0.9 + 10 AS net, median_house_value FROM houses")
    assert leaks_of(show(kernel, "%describe priced --target median_house_value")) == ["net"]


def test_the_suggested_cell_runs(kernel):
    """What %describe suggests is pasted as it stands; afterwards it has nothing to say."""
    beers = kernel.data / "messy/dirty_clean_pairs/beers_dirty.csv"
    kernel.run(f"%fetch beers {beers}", timeout=60 * SLOW)
    shown = show(kernel, "%describe beers")
    code = "%%clean beers" + shown.plain.split("%%clean beers")[1].split("What goes")[0].split(
        "\nleak")[0]
    assert "merge similar" in code and "drop column index" in code
    lines = [line for line in code.splitlines() if not line.startswith("#")]
    assert kernel.run("\n".join(lines), timeout=60 * SLOW).reply["status"] == "ok"
    uncommented = [line.removeprefix("# ") for line in code.splitlines()]
    assert kernel.run("\n".join(uncommented), timeout=60 * SLOW).reply["status"] == "ok"
    after = show(kernel, "%describe beers_clean").plain
    assert "differ from others" not in after and "differs from another" not in after


def test_describe_says_what_is_odd(kernel):
    shown = show(kernel, "%describe bank")
    for words in ("mark for missing", "job, marital, education, default, housing, loan",
                  'missing "unknown" in job, marital, education, default, housing, loan',
                  "# missing 999 in pdays", "far-out values", "What goes together"):
        assert words in shown.plain, words
    assert re.search(r"emp\.var\.rate +euribor3m +█+·* 0\.97", shown.plain)
    assert shown.html.count("atl-spark") > 21  # histograms, bars of names, meters
    few = show(kernel, "%describe bank --columns age,job")
    assert "2 columns" in few.plain and "euribor3m" not in few.plain


def test_a_million_rows(kernel):
    """Big tables are drawn and described as small ones, and samples are said to be ones."""
    kernel.run("CREATE TABLE big AS WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 "
               "FROM k WHERE i < 299) SELECT b.age, b.euribor3m, b.job, b.y, k.i AS i FROM bank b, k",
               timeout=120 * SLOW)
    for code in ("%plot big age euribor3m", "%plot big age --by y", "%plot big job age",
                 "%plot big job y"):
        shown = show(kernel, code)
        assert "1,235,700 rows" in shown.plain and len(shown.html) < 250_000
    shown = show(kernel, "%describe big --target y")
    assert "from a sample of 100,000 of 1,235,700 rows" in shown.plain
