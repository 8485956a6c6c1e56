"""The sets of policies are whole: each policy says what it must, is in its set, and is bound. Needs no server."""
import re
import unittest

import examples

ANNOTATIONS = {"allod/title", "allod/severity", "allod/controls", "allod/rationale", "allod/mend"}


def controls_known():
    known = set()
    for path in (examples.SOURCE / "catalogue/frameworks").glob("*.yaml"):
        framework = examples.read(path)[0]
        known |= {f"{framework['metadata']['name']}:{control['id']}" for control in framework["controls"]}
    return known


class Catalogue(unittest.TestCase):
    def test_annotations(self):
        known = controls_known()
        for policy in examples.policies():
            with self.subTest(policy.name):
                annotations = policy.document["metadata"]["annotations"]
                self.assertEqual(set(annotations), ANNOTATIONS)
                self.assertIn(annotations["allod/severity"], ("high", "medium", "low"))
                self.assertEqual(set(re.split(r",\s*", annotations["allod/controls"])) - known, set())
                self.assertEqual(policy.name, f"{policy.path.parent.name}-{policy.path.stem}")

    def test_sets(self):
        for folder in sorted(examples.POLICIES.iterdir()):
            with self.subTest(folder.name):
                listed = {one for one in examples.read(folder / "kustomization.yaml")[0]["resources"] if "/" not in one}
                there = {path.name for path in folder.glob("*.yaml")
                         if not re.search(r"(good|bad)\.yaml$|^kustomization", path.name)}
                self.assertEqual(listed, there)
                bound = {one["spec"]["policyName"] for one in examples.read(folder / "bindings.yaml")}
                policies = {one.name for one in examples.policies() if one.path.parent == folder}
                self.assertEqual(bound, policies)

    def test_parameters(self):
        given = {(one["kind"], one["metadata"]["name"]) for one in examples.parameters()}
        for binding in examples.bindings():
            reference = binding["spec"].get("paramRef", {})
            if reference.get("namespace") == "allod-policies":
                with self.subTest(binding["metadata"]["name"]):
                    self.assertIn(("ConfigMap", reference["name"]), given)

    def test_what_replaces_a_hyperscalers_resource(self):
        table = examples.read(examples.POLICIES / "sovereign/hyperscaler-resources.yaml")[0]["data"]
        for cloud, least in (("aws_", 50), ("azure", 50), ("google_", 50)):
            self.assertGreater(sum(name.startswith(cloud) for name in table), least)
        for name, text in table.items():
            self.assertRegex(text, r"^[a-z-]+: \S.*", name)


if __name__ == "__main__":
    unittest.main()
