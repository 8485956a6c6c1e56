"""The examples of docs/guides/from-rego-or-kyverno.md do what the guide says: the policies on a real API server, the
Rego in OPA and the Kyverno policies in Kyverno's command, where these are on the path."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

import cluster
import examples

GUIDE = cluster.SOURCE / "docs/guides/from-rego-or-kyverno.md"
BLOCK = re.compile(r"<!-- run: (\S+) (\S+) -->\n```\w+\n(.*?)^```$", re.S | re.M)


def blocks():
    """name → {policy, rego, kyverno, admitted, refused: text}."""
    found = {}
    for name, part, text in BLOCK.findall(GUIDE.read_text()):
        found.setdefault(name, {})[part] = text
    return found


class OnTheServer(unittest.TestCase):
    def test_policies(self):
        with cluster.Cluster() as server:
            for name, parts in blocks().items():
                documents = list(yaml.safe_load_all(parts["policy"]))
                if not any(one["kind"].endswith("Binding") for one in documents):
                    documents.append({"apiVersion": "admissionregistration.k8s.io/v1",
                                      "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
                                      "spec": {"policyName": name, "validationActions": ["Deny"]}})
                for one in documents:
                    if one["kind"].endswith("Binding"):
                        one["spec"]["matchResources"] = {"objectSelector": {"matchLabels": {"guide": name}}}
                server.apply(*documents)
            examples.wait_until_in_force(server)
            for name, parts in blocks().items():
                for verdict in ("admitted", "refused"):
                    with self.subTest(f"{name} {verdict}"):
                        document = yaml.safe_load(parts[verdict])
                        document["metadata"].setdefault("labels", {})["guide"] = name
                        answer = server.create(document, dry_run=True)
                        self.assertEqual("refused" if answer.status >= 400 else "admitted", verdict, answer)
                        if verdict == "refused":
                            self.assertIn(f"ValidatingAdmissionPolicy '{name}'", answer.message)


class InTheirOwnTools(unittest.TestCase):
    def each(self, part, suffix, command):
        """Runs command(policy file, object file) for both objects of each example that has the part."""
        for name, parts in blocks().items():
            for verdict in ("admitted", "refused") if part in parts else ():
                with self.subTest(f"{name} {verdict}"), tempfile.TemporaryDirectory() as folder:
                    policy, subject = pathlib.Path(folder) / f"policy.{suffix}", pathlib.Path(folder) / "object.yaml"
                    policy.write_text(parts[part])
                    subject.write_text(parts[verdict])
                    self.assertEqual(command(policy, subject), verdict)

    @unittest.skipUnless(shutil.which("opa"), "opa is not on the path")
    def test_rego(self):
        def command(policy, subject):
            done = subprocess.run(["opa", "eval", "--format=json", "--data", policy, "--input", subject, "data.main.deny"],
                                  capture_output=True, text=True, check=True)
            return "refused" if json.loads(done.stdout)["result"][0]["expressions"][0]["value"] else "admitted"
        self.each("rego", "rego", command)

    @unittest.skipUnless(shutil.which("kyverno"), "kyverno is not on the path")
    def test_kyverno(self):
        def command(policy, subject):
            done = subprocess.run(["kyverno", "apply", policy, "--resource", subject], capture_output=True, text=True,
                                  check=False)
            counted = re.search(r"pass: (\d+), fail: (\d+)", done.stdout)
            self.assertIsNotNone(counted, done.stdout + done.stderr)
            return "refused" if int(counted[2]) else "admitted"
        self.each("kyverno", "yaml", command)


if __name__ == "__main__":
    unittest.main()
