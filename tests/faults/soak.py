"""Draws faults of the table at random, one or two at a time, for many rounds: run soak --rounds N [--seed S].

The same seed draws the same faults from the same table and platform. It ends by itself, or on SIGINT or SIGTERM; the
platform is removed and the report written in any case.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time

import trial
from harness import binary, need_root
from ledger import Ledger
from platform_under_test import Platform

PAIRS = 0.25  # of the rounds bring two faults at once


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--report", type=pathlib.Path, default=pathlib.Path("/var/tmp/allod-soak.json"))
    parser.add_argument("--stack", default="soak", help="the name of the stack that is hurt")
    parser.add_argument("--port", type=int, default=19543)
    return parser.parse_args()


class Soak:
    def __init__(self, chosen):
        self.chosen, self.random = chosen, random.Random(chosen.seed)
        self.platform = Platform(chosen.stack, chosen.port)
        self.ledger = Ledger(self.platform)
        self.rows = [row for row in trial.rows() if row.get("soak", True)]
        self.rounds, self.began, self.ended = [], time.time(), "after all rounds"

    def draw(self):
        """One fault, or two of those that need neither a person nor the agent's end to begin."""
        if self.random.random() < PAIRS:
            drawn = self.random.sample([row for row in self.rows if not row.get("shows") and row["to"] != "the agent"], 2)
        else:
            drawn = [self.random.choice(self.rows)]
        return [(row, self.random.choice(self.platform.targets(row["to"]))) for row in drawn]

    def round(self, number):
        strikes = self.draw()
        what = " + ".join(f"{row['name']} ({group[0] if len(group) == 1 else 'all'})" for row, group in strikes)
        entry = {"round": number, "faults": [row["name"] for row, _ in strikes], "targets": [group for _, group in strikes]}
        self.rounds.append(entry)
        refused = self.ledger.refused
        try:
            outcome = trial.apply(strikes, self.platform, self.ledger)
            entry |= {"seconds": round(outcome.seconds, 1), "refused": outcome.refused}
            print(f"{number:5}  {outcome.seconds:6.1f} s  {what}", flush=True)
        except (AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as fault:
            entry |= {"failed": str(fault)[:4000], "refused": self.ledger.refused - refused}
            print(f"{number:5}  FAILED    {what}: {fault}", flush=True)
            self.platform.wait_ready(600)  # or the soak ends here

    def report(self):
        alone = collections.defaultdict(list)
        for entry in self.rounds:
            if "seconds" in entry:
                alone[" + ".join(entry["faults"]) if len(entry["faults"]) == 1 else "two at once"].append(entry["seconds"])
        return {"seed": self.chosen.seed, "rounds": len(self.rounds), "ended": self.ended, "seconds": round(time.time() - self.began),
                "failed": [entry for entry in self.rounds if "failed" in entry],
                "acknowledged": {"rows": len(self.ledger.rows), "secrets": len(self.ledger.secrets), "objects": len(self.ledger.objects)},
                "refused": self.ledger.refused,
                "lost": sum("acknowledged and lost" in entry.get("failed", "") for entry in self.rounds),
                "faults": {name: {"count": len(times), "median": round(statistics.median(times), 1), "largest": max(times)}
                           for name, times in sorted(alone.items())},
                "draws": self.rounds}

    def run(self):
        print(f"seed {self.chosen.seed}, {self.chosen.rounds} rounds, {binary()}", flush=True)
        try:
            self.platform.set_up()
            self.platform.declare_and_up()
            for number in range(1, self.chosen.rounds + 1):
                self.round(number)
        except KeyboardInterrupt:
            self.ended = "interrupted"
        except AssertionError as fault:
            self.ended = f"the platform did not come back: {fault}\n{self.platform.diagnose()}"
        finally:
            report = self.report()
            self.chosen.report.write_text(json.dumps(report, indent=1) + "\n")
            self.platform.tear_down()
        return report


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    need_root()
    chosen = options()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    report = Soak(chosen).run()
    print(f"\n{report['rounds']} rounds in {report['seconds']} s, seed {report['seed']}, ended {report['ended'].splitlines()[0]}")
    for name, figures in report["faults"].items():
        print(f"  {figures['count']:4} × {name}: median {figures['median']} s, largest {figures['largest']} s")
    print(f"  acknowledged {report['acknowledged']}, refused {report['refused']}, lost in {report['lost']} rounds, "
          f"failed rounds {len(report['failed'])}; report: {chosen.report}")
    return 1 if report["failed"] or report["ended"] != "after all rounds" else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
