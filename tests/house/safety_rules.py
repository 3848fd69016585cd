"""The rules against classes of holes: what no file does, and the few that may, each with its reason."""

import ast
import re
from collections.abc import Iterator

from house.tree import Source

UNSAFE_CALLS = re.compile(
    r"^(tempfile\.mktemp|ssl\._create_unverified_context|subprocess\.get(status)?output|os\.(popen|spawn)\w*"
    r"|yaml\.(full_)?load(_all)?|yaml\.unsafe_load(_all)?|jsonpickle\..*|xmlrpc\..*|telnetlib\..*)$"
)
WEAK_HASH = re.compile(r"^(hashlib\.)?(md5|sha1)$")
UNESCAPED = re.compile(r"^(mark_safe|SafeString|SafeText|Markup)$")
SQL = re.compile(r"(^|\.)(cursor|execute|executemany|executescript|raw|extra|RawSQL)$")
STORE_FILES = re.compile(r"/(store\w*|chdb_\w+)\.py$|/migrations/")
CALLING_OUT = re.compile(
    r"^(httpx|requests|urllib\.request|urllib3\.(?!exceptions)|http\.client|aiohttp|smtplib|ftplib"
    r"|clickhouse_connect|socket\.create_connection)\b"
)
SHEETS = re.compile(r"^(csv|openpyxl|xlsxwriter|xlwt|pyexcel)\b")
UNESCAPED_TEMPLATE = re.compile(r"\|\s*(?:safe|safeseq)\b|\{%\s*autoescape\s+off|\{%\s*filter\s+safe")
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style\b|\bstyle\s*=|\son(?!ly\b)[a-z]+\s*=|javascript:", re.IGNORECASE
)

# What a file may do although a rule forbids it: path below the package, what, why.
LISTED: dict[str, dict[str, str]] = {
    "edge/link.py": {
        "ssl.CERT_NONE": "an enrolment reads the authority's certificate; its fingerprint is in the token"
    },
    "server/templatetags/predvid.py": {
        "mark_safe": "icons, and lines joined from parts that format_html escaped"
    },
    "server/health.py": {
        "connection.cursor": "asks the database whether it is there",
        "cursor.execute": "SELECT 1",
    },
    "server/proxy.py": {"httpx": "the console's Unix socket, and no other place"},
    "server/supervisor.py": {"urllib.request": "asks the installation's own parts on loopback"},
    "server/looks_data.py": {
        "socket.create_connection": "the store's own port, from the operator's environment"
    },
    "modules/monitoring/store_link.py": {"clickhouse_connect": "the store, from the operator's environment"},
    "server/fetching.py": {"http.client": "the one way out"},
    "modules/notifying/kinds/email.py": {
        "smtplib": "the mail server, named by an owner with a fresh proof; its address is judged, pinned",
        "socket.create_connection": "likewise: to an address that core.outgoing.judge has allowed",
    },
    "server/looks_database.py": {"link.execute": "the doctor asks which role the database gives it"},
    "server/row_security.py": {
        "connection.cursor": "installs the policies of PostgreSQL",
        "cursor.execute": "names come from the models, quoted by Django",
    },
    "modules/access/tenancy.py": {
        "connection.cursor": "names the clients of a transaction",
        "cursor.execute": "set_config with parameters",
    },
    "modules/access/exports.py": dict.fromkeys(("csv", "xlsxwriter"), "the one writer of spreadsheets"),
}


def listed(source: Source, what: str) -> bool:
    """Tell whether the list excuses `what` in this file."""
    path = source.path.removeprefix("src/predvid/")
    return any(what == one or what.startswith(f"{one}.") for one in LISTED.get(path, {}))


def _server(source: Source) -> bool:
    return source.under("server", "modules")


def no_unsafe_calls(source: Source) -> Iterator[str]:
    """No name of a file that does not exist yet, no unverified TLS, no shell, no weak hash."""
    for call, name in source.calls:
        weak = WEAK_HASH.match(name) and not any(
            word.arg == "usedforsecurity" and ast.unparse(word.value) == "False" for word in call.keywords
        )
        new = name == "hashlib.new" and call.args and WEAK_HASH.match(ast.unparse(call.args[0]).strip("\"'"))
        if weak or new or UNSAFE_CALLS.match(name):
            yield f"line {call.lineno}: {name}"


def verified_tls(source: Source) -> Iterator[str]:
    """Nothing switches the verification of TLS off."""
    for call, name in source.calls:
        off = (word.arg for word in call.keywords if ast.unparse(word.value) in ("False", "'CERT_NONE'"))
        yield from (
            f"line {call.lineno}: {name}({word}=...)" for word in off if word in ("verify", "cert_reqs")
        )
    for node in ast.walk(source.tree):
        written = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        if written.endswith(("CERT_NONE", "check_hostname")) and not listed(source, "ssl.CERT_NONE"):
            yield f"line {getattr(node, 'lineno', 0)}: {written}"


def no_unescaped_text(source: Source) -> Iterator[str]:
    """Only listed places say that a text is HTML already."""
    for call, name in source.calls:
        word = name.rpartition(".")[2]
        if UNESCAPED.match(word) and not listed(source, word):
            yield f"line {call.lineno}: {name}"


def sql_in_store_files(source: Source) -> Iterator[str]:
    """SQL stands in the store's files and in migrations alone."""
    if not _server(source) or STORE_FILES.search(source.path):
        return
    for call, name in source.calls:
        if SQL.search(name) and not listed(source, name):
            yield f"line {call.lineno}: {name}"


def one_way_out(source: Source) -> Iterator[str]:
    """The server calls out through `server/fetching.py` alone; its own parts are listed."""
    if not _server(source):
        return
    connects = ((call.lineno, name) for call, name in source.calls if name == "socket.create_connection")
    for line, name in (*source.imports, *connects):
        if (found := CALLING_OUT.match(name)) and not listed(source, found[0]):
            yield f"line {line}: {name}"


def one_writer_of_sheets(source: Source) -> Iterator[str]:
    """Exports for spreadsheets are written by `modules/access/exports.py` alone: no cell is a formula."""
    if _server(source):
        for line, name in source.imports:
            if (found := SHEETS.match(name)) and not listed(source, found[1]):
                yield f"line {line}: {name}"


def escaped_template(text: str) -> Iterator[str]:
    """A template escapes whatever it shows."""
    yield from (found[0] for found in UNESCAPED_TEMPLATE.finditer(text))


def nothing_inline(text: str) -> Iterator[str]:
    """A page brings no script, style or handler in its text: the policy of the browser would refuse it."""
    yield from (found[0] for found in INLINE.finditer(text))
