"""What the tests of the documentation need of Markdown: documents, fenced blocks, headings, tables."""
import pathlib
import re
import sys

sys.dont_write_bytecode = True

FENCE = re.compile(r"^( {0,3})(```+|~~~+)\s*(\S*)")
COMMENT = re.compile(r"^<!-- (.*) -->$")


def documents(root):
    """All Markdown files of the repository; those of builds and of other repositories within are left out."""
    found = []
    for path in sorted(pathlib.Path(root).rglob("*.md")):
        parts = path.relative_to(root).parts
        if not any(part.startswith(".") or part in ("build", "isthmus-quickstart", "node_modules") for part in parts[:-1]):
            found.append(path)
    return found


class Block:
    """A fenced block: its language, its lines, the line number of the first, and a comment right before it."""

    def __init__(self, language, first, comment):
        self.language = language
        self.first = first
        self.comment = comment
        self.lines = []


def split(text):
    """The fenced blocks of a text, and the text with the lines of the blocks left empty."""
    blocks, prose, block, comment = [], [], None, ""
    for number, line in enumerate(text.split("\n"), 1):
        fence = FENCE.match(line)
        if block is None and fence:
            block = Block(fence[3], number + 1, comment)
        elif block is not None and fence and not fence[3]:
            blocks.append(block)
            block = None
        elif block is not None:
            block.lines.append(line)
        prose.append("" if block is not None or fence else line)
        if line.strip():
            found = COMMENT.match(line)
            comment = found[1] if found else ""
    if block is not None:
        raise ValueError(f"line {block.first}: a block has no end")
    return blocks, "\n".join(prose)


def indented(text):
    """Lines of code that is marked by four blanks, as (line number, line)."""
    _, prose = split(text)
    return [(number, line[4:]) for number, line in enumerate(prose.split("\n"), 1) if line.startswith("    ")]


def spans(text):
    """Code within lines, as (line number, code)."""
    _, prose = split(text)
    return [(number, code) for number, line in enumerate(prose.split("\n"), 1) if not line.startswith("    ")
            for code in re.findall(r"`([^`]+)`", line)]


def anchors(text):
    """The anchors that GitHub gives to headings."""
    _, prose = split(text)
    found, counts = set(), {}
    for line in prose.split("\n"):
        heading = re.match(r"^#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            name = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            name = re.sub(r"[^\w\- ]", "", name).replace(" ", "-")
            found.add(f"{name}-{counts[name]}" if name in counts else name)
            counts[name] = counts.get(name, 0) + 1
    return found


class Table:
    def __init__(self, heading, columns):
        self.heading = heading
        self.columns = columns
        self.rows = []

    def column(self, name):
        """The cells of a column, without the marks of code."""
        index = self.columns.index(name)
        return [row[index].strip("`") for row in self.rows]


def tables(text):
    """All tables, each with the heading that it stands under."""
    _, prose = split(text)
    found, heading, table = [], "", None
    for line in prose.split("\n"):
        if line.startswith("#"):
            heading = line.lstrip("# ").strip()
        if not line.startswith("|"):
            table = None
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if table is None:
            table = Table(heading, cells)
            found.append(table)
        elif not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            table.rows.append(cells)
    return found


def table_under(text, heading):
    """The first table under a heading, the marks of code in it aside."""
    for table in tables(text):
        if table.heading.replace("`", "") == heading.replace("`", ""):
            return table
    raise LookupError(f"there is no table under the heading \"{heading}\"")


class Report:
    """Counts checks and says what is wrong."""

    def __init__(self):
        self.checks = 0
        self.wrong = 0

    def check(self, good, message):
        self.checks += 1
        if not good:
            self.wrong += 1
            print(message)

    def same(self, documented, real, where):
        """Two lists hold the same, in any order and each thing once."""
        documented, real = list(documented), list(real)
        for each in sorted(set(real) - set(documented), key=str):
            self.check(False, f"{where}: {each} is not documented")
        for each in sorted(set(documented) - set(real), key=str):
            self.check(False, f"{where}: {each} is documented, but there is no such thing")
        for each in sorted({each for each in documented if documented.count(each) > 1}, key=str):
            self.check(False, f"{where}: {each} is documented twice")
        self.check(bool(real), f"{where}: nothing was found to compare with")

    def end(self):
        print(f"{self.checks} checks, {self.wrong} wrong")
        return 1 if self.wrong or not self.checks else 0
