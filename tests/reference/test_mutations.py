"""What the cases of mutations/ and definitions/ expect is what a real API server does."""
import unittest

import cluster
import examples
import mutations
import recorded


def setUpModule():
    global SERVER, MUTATIONS, DEFINITIONS
    SERVER = cluster.Cluster()
    unittest.addModuleCleanup(SERVER.stop)
    SERVER.start()
    MUTATIONS, DEFINITIONS = mutations.mutations(), mutations.definitions()
    for one in DEFINITIONS:
        SERVER.apply(one.document)
    for one in MUTATIONS:
        SERVER.apply(*one.namespaces(), *one.params, *one.policies, *one.bindings)
    examples.wait_until_in_force(SERVER)
    for one in DEFINITIONS:
        name = one.document["spec"]["names"]["plural"]
        path = f"/apis/{one.document['spec']['group']}/v1/{name}"
        cluster.wait_for(path, lambda path=path: SERVER.request("GET", path).status == 200)
        SERVER.apply(*(old for _, _, old in one.requests if old))


class Mutations(unittest.TestCase):
    def test_objects_become(self):
        for case in MUTATIONS:
            for key, document, wanted in case.requests:
                with self.subTest(key):
                    answer = SERVER.create(document, dry_run=True)
                    if wanted is None:
                        self.assertGreaterEqual(answer.status, 400, answer.body)
                    else:
                        self.assertEqual(answer.status, 201, answer)
                        self.assertTrue(mutations.within(wanted, answer.body), answer.body)

    def test_definitions(self):
        record = recorded.Record("definitions")
        for definition in DEFINITIONS:
            for key, document, old in definition.requests:
                with self.subTest(key):
                    if old:
                        version = SERVER.get(old).body["metadata"]["resourceVersion"]
                        changed = {**document, "metadata": {**document["metadata"], "resourceVersion": version}}
                        answer = SERVER.update(changed, dry_run=True)
                    else:
                        answer = SERVER.create(document, dry_run=True)
                    record.compare(self, key, answer)
        record.close()


if __name__ == "__main__":
    unittest.main()
