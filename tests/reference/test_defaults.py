"""allod judges an object as its file says it; the API server fills in defaults before its policies look. The shipped
policies say the same of both: each of their examples, and each object of defaults.yaml, is judged as it is written and
as the server completes it."""
import pathlib
import unittest

import yaml

import cluster
import examples
import test_allod

HERE = pathlib.Path(__file__).resolve().parent
# (object, policy): what a default changes.
KNOWN = {}


def setUpModule():
    global SERVER
    test_allod.setUpModule()
    SERVER = cluster.Cluster()
    unittest.addModuleCleanup(SERVER.stop)
    SERVER.start()
    examples.put_in_force(SERVER, [])


def said(findings):
    return {(one["policy"], one.get("validation")) for one in findings if one["verdict"] in ("failed", "error")}


class Defaults(unittest.TestCase):
    def test_change_no_verdict(self):
        chosen = examples.policies()
        plain, whole, named = [], [], {}
        documents = [(example.key, example.for_server()) for policy in chosen for example in policy.examples]
        documents += [(f"{one['kind']} {one['metadata']['name']}", one)
                      for one in yaml.safe_load((HERE / "defaults.yaml").read_text())]
        for key, document in documents:
            document["metadata"].pop("labels", None)
            namespace = document["metadata"].get("namespace", "default")
            SERVER.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            answer = SERVER.create(document, dry_run=True)
            if answer.status >= 300:
                continue  # what the server refuses by itself needs no policy
            name = f"{len(named):04}"
            named[name] = key
            plain.append((name, document))
            whole.append((name, answer.body))
        self.assertGreater(len(named), len(documents) * 0.8, "most objects are such that a server takes them")
        policies = [*(one.for_server() for one in chosen), *examples.parameters()]
        before, after = test_allod.check(policies, plain), test_allod.check(policies, whole)
        for name, key in named.items():
            with self.subTest(key):
                different = said(before.get(name, [])) ^ said(after.get(name, []))
                self.assertEqual({one for one in different if (key, one[0]) not in KNOWN}, set())


if __name__ == "__main__":
    unittest.main()
