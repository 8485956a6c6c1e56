"""What expressions.yaml says of each expression is what a real API server does with a policy that has it."""
import unittest

import cluster
import expressions


def setUpModule():
    global SERVER
    SERVER = cluster.Cluster()
    unittest.addModuleCleanup(SERVER.stop)
    SERVER.start()


class Expressions(unittest.TestCase):
    def test_are_taken_or_refused(self):
        for expression, taken in expressions.expressions():
            with self.subTest(expression):
                answer = SERVER.create(expressions.policy(expression), dry_run=True)
                self.assertEqual(answer.status < 300, taken, answer)


if __name__ == "__main__":
    unittest.main()
