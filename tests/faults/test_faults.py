"""What breaks comes back or is reported, and nothing that was acknowledged is lost: the table is faults.json."""
import os
import sys
import time
import traceback
import unittest

import trial
from harness import need_root
from ledger import Ledger
from platform_under_test import Platform

PLATFORM = Platform()
LEDGER = Ledger(PLATFORM)


def setUpModule():
    need_root()
    keep = bool(os.environ.get("ALLOD_E2E_KEEP"))  # while a row is written
    if not keep:
        unittest.addModuleCleanup(PLATFORM.tear_down)
    if not keep or not PLATFORM.is_set_up():
        PLATFORM.set_up()
    started = time.monotonic()
    PLATFORM.declare_and_up()
    sys.stderr.write(f"{PLATFORM.name}: up in {time.monotonic() - started:.1f} s\n")


class Faults(unittest.TestCase):
    """Its tests are the rows of the table."""


def fault_test(row):
    def test(self):
        PLATFORM.wait_ready()
        for group in PLATFORM.targets(row["to"]):
            with self.subTest(target=", ".join(group)):
                try:
                    outcome = trial.apply([(row, group)], PLATFORM, LEDGER)
                except BaseException:  # the end of the run is too late for whoever waits for it
                    sys.stderr.write(traceback.format_exc())
                    raise
                sys.stderr.write(f"    {row['name']}: {', '.join(group)}: ready again in {outcome.seconds:.1f} s, "
                                 f"{outcome.refused} writes refused; {LEDGER.acknowledged} acknowledged ones are there\n")
    test.__doc__ = row["name"]
    return test


for number, row in enumerate(trial.rows()):
    setattr(Faults, f"test_{number:02}_{row['name'].replace(' ', '_')}", fault_test(row))

if __name__ == "__main__":
    unittest.main()
