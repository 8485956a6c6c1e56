"""One row of the table, applied to one group of targets while a program writes."""
import contextlib
import dataclasses
import hashlib
import json
import pathlib
import re
import time

from causes import CAUSES
from harness import run, wait_for
from platform_under_test import BACK

TABLE = pathlib.Path(__file__).parent / "faults.json"
KEYS = {"name": str, "cause": str, "to": str, "goes": str, "says": (str, list), "shows": dict, "sees": str, "allod": str,
        "person": str, "soak": bool}
OPTIONAL = {"says", "shows", "person", "soak"}


def rows():
    """The table, looked through: a row that is not well-formed is an error here, not a fault that is never caused."""
    table = json.loads(TABLE.read_text())["faults"]
    for row in table:
        wrong = [key for key, value in row.items() if not isinstance(value, KEYS.get(key, ()))]
        wrong += [key for key in KEYS if key not in row and key not in OPTIONAL]
        if wrong or row["goes"] not in ("it", "all", "none", "any") or row["cause"] not in CAUSES:
            raise ValueError(f"row {row.get('name')}: {wrong or 'goes or cause is unknown'}")
        row["says"] = [row["says"]] if isinstance(row.get("says"), str) else row.get("says", [])
    return table


@dataclasses.dataclass
class Outcome:
    seconds: float  # from the fault, or from its remedy where a person is needed, until all is ready again
    refused: int  # writes that were not acknowledged meanwhile


def laid(platform):
    """What stands on the machine for the units, so that it can be compared: files by digest, whose certificates there
    are, the network's rules."""
    files = {str(path): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in (platform.memory / "files").rglob("*") if path.is_file() and ".session-" not in str(path)}
    for name in platform.specs("identity"):
        folder = platform.identity(name) / "..data"
        files[name] = sorted(path.name for path in folder.iterdir())
        said = run("openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", folder / "certificate.pem", check=False)
        files[f"{name} is"] = said.stdout
        files[f"the chain of {name}"] = run("openssl", "verify", "-CAfile", platform.root_certificate, "-untrusted",
                                            folder / "certificate.pem", folder / "certificate.pem", check=False).returncode
    return files | {"edges": sorted(platform.edges()), "input": platform.nft("list", "chain", "inet", "allod", "input")}


def difference(before, after):
    return {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def apply(strikes, platform, ledger):
    """Causes faults at the same time, each a row and a group of targets; waits until all is ready again, and sees to it
    that nothing else changed and nothing that was acknowledged is lost. Raises AssertionError. What one fault alone
    must say and leave alone is asked only of one alone: another may hide it."""
    alone = len(strikes) == 1
    platform.wait_ready(BACK)
    before, things, since, refused = platform.pids(), laid(platform), platform.last_event(), ledger.refused
    goes = {name for row, group in strikes for name in {"it": group, "all": before, "none": [], "any": []}[row["goes"]]}
    with ledger.writing():
        ledger.await_writes()
        started = time.monotonic()
        with contextlib.ExitStack() as lasting:
            for row, group in strikes:
                lasting.enter_context(CAUSES[row["cause"]](platform, group))
            shows = [entry for row, _ in strikes for entry in row.get("shows", {}).items()]
            for command, pattern in shows if alone else []:
                platform.await_shown(command, pattern)
            if shows:
                started = time.monotonic()
        wait_for(f"new processes of {sorted(goes)}",
                 lambda: (now := platform.pids()) and all(now.get(name) not in (None, before[name]) for name in goes), BACK)
        platform.wait_ready(BACK)
        for row, group in strikes if alone else []:
            for name in group:
                for pattern in row["says"]:
                    platform.await_event(pattern.format(unit=re.escape(name), component=re.escape(name.split(".")[0]),
                                                        units=len(before)), since)
        platform.wait_ready(BACK)
        seconds = time.monotonic() - started
    after = platform.pids()
    if alone and strikes[0][0]["goes"] != "any":
        others = {name: (before[name], after[name]) for name in before if name not in goes and after[name] != before[name]}
        if others:
            raise AssertionError(f"others were restarted: {others}")
    with contextlib.suppress(AssertionError):  # the agent looks at files every 30 seconds
        wait_for("everything to be as before", lambda: not difference(things, laid(platform)), BACK, 1)
    if different := difference(things, laid(platform)):
        raise AssertionError(f"not as before: {different}")
    platform.wait_ready(BACK)
    with ledger.writing():
        ledger.await_writes()
    # Their files hold secrets: also those whose agent was killed must go.
    wait_for("sessions to be gone", lambda: not list((platform.memory / "files").glob("*.session-*")), BACK, 1)
    if missing := ledger.missing():
        raise AssertionError(f"acknowledged and lost: {missing}")
    return Outcome(seconds, ledger.refused - refused)
