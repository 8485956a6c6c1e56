"""What the cases expect is what a real API server does."""
import unittest

import cases
import cluster
import examples
import recorded


def setUpModule():
    global SERVER, CASES
    SERVER = cluster.Cluster()
    unittest.addModuleCleanup(SERVER.stop)
    SERVER.start()
    CASES = cases.cases()
    cases.prepare(SERVER, CASES)
    examples.wait_until_in_force(SERVER)


def verdict(said):
    if said.status >= 400:
        return "denied" if "ValidatingAdmissionPolicy" in said.message else f"error: {said}"
    return "warned" if any("Validation failed" in one for one in said.warnings) else "admitted"


class Cases(unittest.TestCase):
    def test_verdicts(self):
        record = recorded.Record("cases")
        for case in CASES:
            for request in case.requests:
                with self.subTest(request.key):
                    answer = request.send(SERVER)
                    self.assertEqual(verdict(answer), request.expect, answer)
                    record.compare(self, request.key, answer)
        record.close()


if __name__ == "__main__":
    unittest.main()
