#!/usr/bin/env python3
"""Compares the lists in the reference with the program, its data and its source: vocabulary.py ISTHMUSCTL ROOT

Keys of the configuration with defaults and ranges; event types, rules, terms, grades, verdicts and reasons; tables
and columns of a history; fields of exports and of their manifest; JSON keys, reasons and deviations of dump;
constants, caps and lists of the detector.
"""
import csv
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile

import markdown


class Source:
    """Files of the repository as text."""

    def __init__(self, root):
        self.root = root

    def read(self, pattern):
        return "\n".join(path.read_text(encoding="utf-8") for path in sorted(self.root.glob(pattern)))

    def find(self, pattern, expression):
        return re.findall(expression, self.read(pattern))


class Program:
    """The program, and what it makes of the founding event."""

    def __init__(self, isthmusctl, root, folder):
        self.isthmusctl = isthmusctl
        self.folder = pathlib.Path(folder)
        self.run("simulate", root / "tests/scenario/star-jv-2017.toml", "--output", self.folder / "archives")
        archives = sorted((self.folder / "archives").iterdir())
        tables = [path for path in archives if ".rib." in path.name]
        self.settings = self.run("config", "generate", "--target", "AS131279", *tables)
        self.run("replay", "--quiet", "--target", "AS131279", "--known-upstream", "AS4837", "--history",
                 self.folder / "history", *archives)
        for form in ("ndjson", "csv"):
            self.run("export", "--history", self.folder / "history", "--format", form, "--output", self.folder / form)

    def run(self, *arguments, status=0):
        done = subprocess.run([self.isthmusctl, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != status:
            raise RuntimeError(f"{arguments}: status {done.returncode}\n{done.stderr}")
        return done.stdout + done.stderr


def check_configuration(text, source, program, report):
    defaults, table = {}, ""
    for line in program.settings.split("\n"):
        head = re.fullmatch(r"\[+([\w.]+)\]+", line)
        pair = re.fullmatch(r"(\w+) = (.*)", line)
        table = head[1] if head else table
        if pair:
            defaults[f"{table}.{pair[1]}"] = pair[2]
    # config generate fills in a target, so its defaults are not seen there.
    for key, default in source.find("collector/settings_text.cpp", r'PlainField\{"(\w+)", "([^"]*)",'):
        defaults[f"target.{key}"] = default or "needed"
    for key, default in source.find("collector/publish_keys.hpp", r'ReceiverField\{"(\w+)", "((?:[^"\\]|\\.)*)",'):
        defaults[f"receiver.{key}"] = default.replace('\\"', '"') or "needed"
    for table, key, default in source.find("collector/feed_keys.cpp", r'FeedField\{"([\w.]+)", "(\w+)", "((?:[^"\\]|\\.)*)",'):
        defaults[f"{table}.{key}"] = default.replace('\\"', '"') or "needed"
    documented = {}
    for each in markdown.tables(text):
        head = re.fullmatch(r"`\[+([\w.]+)\]+`", each.heading)
        for row in each.rows if head else []:
            documented[f"{head[1]}.{row[0].strip('`')}"] = dict(zip(each.columns, row))
    report.same(documented, defaults, "configuration.md")
    for key, row in documented.items():
        default = row["default"].strip("`")
        report.check(default == defaults.get(key),
                     f"configuration.md: {key} has the default {defaults.get(key)}, not {default}")
        bounds = re.fullmatch(r"`(\S+)` to `(\S+)`", row["range"])
        if bounds:
            check_range(key, row["type"], bounds, program, report)


def check_range(key, kind, bounds, program, report):
    """Asks the program by a value that is out of bounds, and by the bounds themselves."""
    table, name = key.rsplit(".", 1)
    quote = '"' if kind == "length of time" else ""

    def told(value):
        file = program.folder / "range.toml"
        file.write_text(f'[[target]]\nname = "t"\norigins = [131279]\n[{table}]\n{name} = {value}\n', encoding="utf-8")
        done = subprocess.run([program.isthmusctl, "config", "check", file], capture_output=True, text=True, timeout=60, check=False)
        return done.stderr
    message = told(f"{quote}{'9999d' if quote else '1e9'}{quote}")
    real = re.search(r"between (\S+) and (\S+)\n", message)
    report.check(real and [bounds[1], bounds[2]] == [real[1], real[2].rstrip(",;")],
                 f"configuration.md: {key} is from {bounds[1]} to {bounds[2]}, but the program says: {message}")
    for value in (bounds[1], bounds[2]):
        report.check(not told(quote + value + quote), f"configuration.md: {key} = {value} is refused")


def check_events(text, source, program, report):
    types = re.findall(r'"(\w+)"', source.find("core/route/vocabulary.cpp", r"kTypeNames\{([^}]*)\}")[0])
    table = markdown.table_under(text, "Types")
    report.same(table.column("type"), types, "events.md, types")
    report.check(table.column("type") == types, "events.md: the types are not in the order of core/route/event.hpp")
    enumerators = re.findall(r"(\w+),", source.find("core/route/event.hpp", r"enum class EventType[^{]*\{([^}]*)\}")[0])
    told = {enumerator for file in source.root.glob("collector/detect/*.cpp") if file.name != "explanation.cpp"
            for enumerator in re.findall(r"EventType::(\w+)", file.read_text(encoding="utf-8"))}
    for name, mark, enumerator in zip(types, table.column("told"), enumerators):
        report.check((mark == "yes") == (enumerator in told), f"events.md: whether {name} is told is not as documented")
        program.run("events", "--history", program.folder / "history", "--type", name)
    severities = re.findall(r'"(\w+)"', source.find("core/route/vocabulary.cpp", r"kSeverityNames\{([^}]*)\}")[0])
    for cell in table.column("severity"):
        report.check(all(word in severities for word in re.findall(r"\b(?:info|notice|warning|critical)\b", cell)), f"{cell}?")
    detect = source.read("collector/detect/*.cpp")
    rules = set(re.findall(r'(?:_event\([^;]*?|\.rule = |Confirmation\{)"(\w+)"', detect))
    texts = re.findall(r'\{"(\w+)",\s*"', re.search(r"kTexts\{\{(.*?)\}\};", detect, re.DOTALL)[1])
    report.same(texts, rules, "explanation.cpp, rules")
    report.same(markdown.table_under(text, "Rules").column("rule"), rules, "events.md, rules")
    for row in markdown.table_under(text, "Rules").column("of"):
        report.check(all(name in types for name in re.findall(r"\w+_\w+|dismissed", row)), f"events.md, rules: {row}")
    terms = set(source.find("collector/detect/support.cpp", r'terms\.push_back\(\{"([\w.]+)"'))
    report.same(markdown.table_under(text, "Score terms").column("term"), terms, "events.md, score terms")
    grades = re.findall(r'"(\w)"', source.find("core/route/vocabulary.cpp", r"kGradeNames\{([^}]*)\}")[0])
    report.same(markdown.table_under(text, "Grades").column("grade"), grades, "events.md, grades")
    verdicts = re.findall(r'"(\w+)"', source.find("core/route/vocabulary.cpp", r"kVerdictNames\{([^}]*)\}")[0])
    report.same(markdown.table_under(text, "Verdicts").column("verdict"), verdicts, "events.md, verdicts")
    extraction = source.read("collector/detect/path_upstream.cpp")
    strip = re.search(r"std::string_view strip_reason.*?\n}", extraction, re.DOTALL)[0]
    added = "".join(re.findall(r"add_reason\(\w+[^;]*;", extraction.replace(".", "")))
    reasons = set(re.findall(r'"(\w+)"', added + strip))
    report.same(markdown.table_under(text, "Reasons").column("reason"), reasons, "events.md, reasons")


def paths_of(value, prefix=""):
    """The names of all members: "vantage.asn", "prefixes[].prefix"."""
    if isinstance(value, dict):
        return {path for key, member in value.items() for path in paths_of(member, f"{prefix}.{key}" if prefix else key)}
    if isinstance(value, list):
        inner = {path for member in value for path in paths_of(member, prefix + "[]")}
        return inner or {prefix + "[]"}
    return {prefix}


def fields_of(rows):
    paths = set().union(*(paths_of(row) for row in rows))
    # An empty list in one row says nothing of what stands in it in another.
    return {path for path in paths if not (path.endswith("[]") and any(other.startswith(path + ".") for other in paths))}


def check_history(text, source, program, report):
    database = sqlite3.connect(f"file:{program.folder}/history/catalog.db?mode=ro", uri=True)
    tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    documented = [table for table in markdown.tables(text) if table.columns[0] == "column"]
    report.same([table.heading.strip("`") for table in documented], tables, "history.md, tables")
    for table in documented:
        name = table.heading.strip("`")
        columns = [(row[1], row[2]) for row in database.execute(f"PRAGMA table_info({name})")]
        report.check(table.column("column") == [column for column, _ in columns],
                     f"history.md: {name} has the columns {', '.join(column for column, _ in columns)}")
        if "type" in table.columns:
            report.check(table.column("type") == [kind for _, kind in columns], f"history.md: types of columns of {name}")
    version, = database.execute("PRAGMA user_version").fetchone()
    application, = database.execute("PRAGMA application_id").fetchone()
    report.check(f"Schema version {version} " in text, f"history.md: the schema is version {version}")
    report.check(f"`{application:#x}`" in text, f"history.md: the application id is {application:#x}")

    for kind in ("events", "routes", "observations"):
        rows = [json.loads(line) for line in open(program.folder / f"ndjson/{kind}.ndjson", encoding="utf-8")]
        listed = markdown.table_under(text, f"{kind}.ndjson").column("field")
        real = fields_of(rows)
        if kind == "events":  # it has no other fields than witnesses have
            real = {path for path in real if not path.startswith("counter_evidence[].")} | {"counter_evidence[]"}
        report.same(listed, real, f"history.md, {kind}.ndjson")
        with open(program.folder / f"csv/{kind}.csv", encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        flat = list(dict.fromkeys(re.sub(r"\[\].*", "", path).replace(".", "_") for path in listed))
        report.check(header == flat, f"history.md: {kind}.csv has the columns {header}, not {flat}")
    manifest = json.loads((program.folder / "ndjson/manifest.json").read_text(encoding="utf-8"))
    report.same(markdown.table_under(text, "manifest.json").column("field"), paths_of(manifest), "history.md, manifest.json")
    trace = re.search(r"Is<TraceEvidence>.*?\n}", source.read("collector/record/fields.hpp"), re.DOTALL)[0]
    traces = [table for table in markdown.tables(text) if table.heading == "`observations.ndjson`"][1]
    report.same(traces.column("field"), re.findall(r'visit\("(\w+)"', trace), "history.md, trace")


def check_dump(text, source, report):
    code = source.read("collector/feed/json_text.cpp")
    keys = set(re.findall(r'"(\w+)\\?":', code)) | set(re.findall(r'append_number_field\(text, "(\w+)"', code))
    report.same(markdown.table_under(text, "JSON").column("key"), keys, "dump.md, JSON")
    kinds = re.findall(r'"(\w+)"', re.search(r"kNames\{([^}]*)\}", code)[1])
    row = next(row for row in markdown.table_under(text, "JSON").rows if row[0] == "`type`")
    report.same(re.findall(r"`(\w+)`", row[1]), kinds, "dump.md, type")

    # What reads archives; live feeds and those who fetch count by words of their own, on pages of their own.
    live = re.compile(r"(archive_|bmp_|feed_|live_|ris_live|rtr_)")
    files = sorted((source.root / "collector/feed").glob("*.cpp"))
    feed = "\n".join(path.read_text(encoding="utf-8") for path in files if not live.match(path.name))
    others = "\n".join(path.read_text(encoding="utf-8") for path in files if live.match(path.name))
    pages = "".join((source.root / "docs/reference" / name).read_text(encoding="utf-8") for name in ("archives.md", "live-feeds.md"))
    for reason in sorted(set(re.findall(r'skip(?:_rest)?\("(\w+)"', others)) | set(re.findall(r'skipped\["(\w+)"\]', others))):
        report.check(f"`{reason}`" in pages, f"archives.md and live-feeds.md: {reason} is not documented")
    harmless = dict(re.findall(r'(k\w+) = "(\w+)"', source.read("collector/feed/route_source.hpp")))
    lossless = {harmless[name] for name in re.findall(
        r"reason != (k\w+)", source.read("collector/feed/byte_account.cpp"))}
    reasons = set(re.findall(r'skip(?:_rest)?\("(\w+)"', feed)) | set(re.findall(r'skipped\["(\w+)"\]', feed)) | set(harmless.values())
    table = markdown.table_under(text, "The account of bytes")
    report.same(table.column("reason"), reasons, "dump.md, reasons")
    for reason, status in zip(table.column("reason"), table.column("status 1")):
        report.check((status == "no") == (reason in lossless), f"dump.md: whether {reason} gives status 1")

    sums = {}
    with open(source.root / "tests/tool/dump_deviations.tsv", encoding="utf-8") as file:
        for row in csv.reader((line for line in file if not line.startswith("#")), delimiter="\t"):
            theirs, ours = row[3].split("+")
            each = sums.setdefault(row[6], [0, 0, 0, 0, 0])
            for index, value in enumerate((1, row[1], row[2], theirs, ours)):
                each[index] += int(value)
    rows = {row[0]: [int(cell) for cell in row[1:]] for row in markdown.table_under(text, "Deviations from bgpdump -m").rows}
    report.check(rows == sums, f"dump.md: the deviations are {sums}")


def check_detection(text, source, report):
    constants = set()
    for path in source.root.glob("collector/detect/*.cpp"):
        for kind, name, value in re.findall(r"^constexpr ([\w:]+) (k\w+) = ([^;]+);", path.read_text(encoding="utf-8"), re.MULTILINE):
            length = re.fullmatch(r"std::chrono::(\w)\w+\{(\d+)\}", value)
            constants.add((path.name, name, f"{length[2]}{length[1]}" if length else value))
    table = markdown.table_under(text, "Constants")
    report.same(zip(table.column("file"), table.column("constant"), table.column("value")), constants, "detection.md, constants")
    caps = set(re.findall(r'Confirmation\{"(\w+)", ([\d.]+)\}', source.read("collector/detect/support.cpp")))
    documented = markdown.table_under(text, "Confirmed")
    caps = {(rule, f"{float(cap):.2f}") for rule, cap in caps}
    # Of one that returns, two rules have caps of their own; the text tells that of control_plane_only.
    returned = re.search(r"cap of (0\.\d+)", text.partition("### Returned")[2])
    report.same([*zip(documented.column("rule"), documented.column("cap")), ("control_plane_only", returned[1])], caps,
                "detection.md, caps")
    networks = re.search(r"kTransitFree\{([^}]*)\}", source.read("collector/detect/path_upstream.cpp"))[1]
    listed = re.search(r"The list of such networks is built in:\s*([\d,\s]*)\.", text)
    report.check(listed and re.findall(r"\d+", listed[1]) == re.findall(r"\d+", networks),
                 f"detection.md: the networks that buy no transit are {networks}")


def main():
    isthmusctl, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    report = markdown.Report()
    source = Source(root)

    def page(name):
        return (root / "docs" / name).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="isthmus-docs-") as folder:
        program = Program(isthmusctl, root, folder)
        check_configuration(page("reference/configuration.md"), source, program, report)
        check_events(page("reference/events.md"), source, program, report)
        check_history(page("reference/history.md"), source, program, report)
    check_dump(page("reference/dump.md"), source, report)
    check_detection(page("explanation/detection.md"), source, report)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
