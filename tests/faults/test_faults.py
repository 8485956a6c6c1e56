"""What breaks comes back, and nothing that was acknowledged is lost: the table is faults.json."""
import contextlib
import hashlib
import json
import pathlib
import re
import sys
import time
import unittest

from damage import Damage, Init
from harness import Stack, binary, bring_up, wait_for
from ledger import Ledger

TABLE = json.loads((pathlib.Path(__file__).parent / "faults.json").read_text())
APP = """\
components:
  app:
    provider: workload
    needs:
      database: {capability: relational-database}
      vault: {capability: secrets, options: {kv: true}}
      files: {capability: object-storage}
"""
STACK = Stack("e2e-l", 19443, APP, state_root="/var/tmp/allod-e2e-l", run_root="/run/allod-e2e-l")
DAMAGE = Damage(STACK)
INIT = Init(STACK, binary())
LEDGER = Ledger(STACK)
BACK = 180  # seconds: a machine that is busy with other things counts, too


def setUpModule():
    unittest.addModuleCleanup(INIT.collect)
    bring_up(STACK)


def units():
    """COMPONENT.UNIT → its status."""
    return {f"{component}.{unit}": facts for component, entry in STACK.status()["components"].items()
            for unit, facts in entry["units"].items()}


def pids():
    return {name: facts.get("pid") for name, facts in units().items()}


def said(since):
    """The events after one, each as one line."""
    done = STACK.allod("--output", "json", "events", "--limit", 1000, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [" ".join(filter(None, (event["resource"], event["what"], event["action"], event["detail"])))
            for event in events if event["id"] > since]


def last_event():
    return json.loads(STACK.allod("--output", "json", "events", "--limit", 1, check=True).stdout)["id"]


def await_event(pattern, since):
    def found():
        lines = said(since)
        return any(re.search(pattern, line) for line in lines) or ("no event says /" + pattern + "/:\n" + "\n".join(lines))
    try:
        wait_for(pattern, lambda: found() is True, BACK, 0.5)
    except AssertionError:
        raise AssertionError(found()) from None


def specs(key):
    """The units whose specification has a key."""
    return {resource["id"].partition("/")[2] for resource in STACK.graph()["resources"]
            if resource["kind"] == "unit" and resource["spec"]["kind"] == "service" and resource["spec"].get(key)}


def targets(selector):
    """Groups of units or components that are hurt together."""
    everything = sorted(pids())
    return {"each unit": lambda: [[name] for name in everything],
            "all units with a probe": lambda: [sorted(specs("ready"))],
            "each unit with files": lambda: [sorted(specs("files"))],
            "each unit with an identity": lambda: [sorted(specs("identity"))],
            "each component": lambda: [sorted({name.split(".")[0] for name in everything})],
            "the network": lambda: [["the network"]],
            "the agent": lambda: [["the agent"]]}[selector]()


def pattern(row, name, number):
    return row["says"].format(unit=re.escape(name), component=re.escape(name.split(".")[0]), units=number)


class Faults(unittest.TestCase):
    """Its tests are the rows of the table: see below."""

    def hurt(self, row, group):
        """One fault while a program writes; everything must be as before but for the processes that go."""
        before, agent, since = pids(), STACK.status()["pid"], last_event()
        started = time.monotonic()
        whole = group == ["the agent"]  # everything else of the platform hangs on it
        with contextlib.nullcontext() if row["goes"] == "all" else LEDGER.writing():
            for name in group:
                getattr(DAMAGE, row["do"].replace(" ", "_"))(name, agent if whole else before[name])
            if whole:
                INIT.collect()
                INIT.start()
                wait_for("the agent", lambda: STACK.allod("version").returncode == 0 and STACK.status()["pid"] != agent, BACK)
            goes = set({"it": group, "all": before, "none": []}[row["goes"]])
            wait_for(f"new processes of {sorted(goes)}",
                     lambda: all(pids().get(name) not in (None, before[name]) for name in goes), BACK)
            STACK.wait_ready(BACK)
            for name in group:
                await_event(pattern(row, name, len(before)), since)
            seconds = time.monotonic() - started
        after = pids()
        self.assertEqual({name: after[name] for name in before if name not in goes},
                         {name: before[name] for name in before if name not in goes}, "others were restarted")
        with LEDGER.writing():
            rows, secrets, objects = len(LEDGER.rows), len(LEDGER.secrets), len(LEDGER.objects)
            wait_for("writes to go on", lambda: len(LEDGER.rows) > rows and len(LEDGER.secrets) > secrets and len(LEDGER.objects) > objects, 60)
        self.assertEqual(LEDGER.missing(), [], "acknowledged and lost")
        sys.stderr.write(f"    {row['name']}: {', '.join(group)}: ready again in {seconds:.1f} s, "
                         f"{len(LEDGER.rows)} rows, {len(LEDGER.secrets)} secrets and {len(LEDGER.objects)} objects are there\n")


def fault_test(row):
    def test(self):
        STACK.wait_ready(BACK)
        if row["goes"] == "all":  # there is something to lose
            with LEDGER.writing():
                rows, secrets, objects = len(LEDGER.rows), len(LEDGER.secrets), len(LEDGER.objects)
                wait_for("writes", lambda: len(LEDGER.rows) > rows and len(LEDGER.secrets) > secrets and len(LEDGER.objects) > objects, 60)
        for group in targets(row["to"]):
            with self.subTest(target=", ".join(group)):
                self.hurt(row, group)
    test.__doc__ = row["name"]
    return test


for number, row in enumerate(TABLE["faults"]):
    setattr(Faults, f"test_{number}_{row['name'].replace(' ', '_')}", fault_test(row))


def laid():
    """What the agent laid in memory for the units, by digest; certificates by being there."""
    files = {str(path): hashlib.sha256(path.read_bytes()).hexdigest()
             for path in (STACK.memory / "files").rglob("*") if path.is_file()}
    for name in specs("identity"):
        files[name] = sorted(path.name for path in (STACK.identity(name) / "..data").iterdir())
    return files


class Drift(unittest.TestCase):
    def test_what_was_changed_by_hand_is_put_right(self):
        STACK.wait_ready(BACK)
        network, files, since = (sorted(DAMAGE.edges()), DAMAGE.nft("list", "chain", "inet", "allod", "input")), laid(), last_event()
        done = []
        for row in TABLE["drift"]:
            for name in (name for group in targets(row["to"]) for name in group):
                getattr(DAMAGE, row["do"].replace(" ", "_"))(name, None)
                done.append((row, name))
        self.assertNotEqual(laid(), files, "nothing was changed")
        for row, name in done:
            with self.subTest(row["name"], target=name):
                await_event(pattern(row, name, len(done)), since)
        STACK.wait_ready(BACK)
        self.assertEqual((sorted(DAMAGE.edges()), DAMAGE.nft("list", "chain", "inet", "allod", "input")), network)
        self.assertEqual(laid(), files)
        with LEDGER.writing():
            rows, secrets, objects = len(LEDGER.rows), len(LEDGER.secrets), len(LEDGER.objects)
            wait_for("writes to go on", lambda: len(LEDGER.rows) > rows and len(LEDGER.secrets) > secrets and len(LEDGER.objects) > objects, 60)
        self.assertEqual(LEDGER.missing(), [])


if __name__ == "__main__":
    unittest.main()
