"""The cases of mutations/ and definitions/: MutatingAdmissionPolicies with what objects become, and a
CustomResourceDefinition's rules with the objects that they judge."""
import copy
import pathlib

import yaml


HERE = pathlib.Path(__file__).resolve().parent
ADMISSION = "admissionregistration.k8s.io/v1beta1"


def within(wanted, found):
    """Whether everything that is wanted is found: maps may hold more, lists may not."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(key in found and within(one, found[key]) for key, one in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and all(map(within, wanted, found))
    return wanted == found


class Mutation:
    """One file of mutations/."""

    def __init__(self, path):
        said = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
        self.name = path.stem
        self.namespace = f"mutation-{path.stem}"
        self.params = [self.placed(one) for one in said.get("params", [])]
        self.policies, self.bindings = [], []
        for one in said["policies"]:
            name = f"{self.name}.{one['name']}"
            spec = {"matchConstraints": {"resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": one["resources"]}]},
                    "reinvocationPolicy": one.get("reinvocationPolicy", "Never"), "mutations": one["mutations"]}
            for ours, theirs in (("paramKind", "paramKind"), ("variables", "variables"),
                                 ("conditions", "matchConditions")):
                if ours in one:
                    spec[theirs] = one[ours]
            self.policies.append({"apiVersion": ADMISSION, "kind": "MutatingAdmissionPolicy",
                                  "metadata": {"name": name}, "spec": spec})
            self.bindings.append({"apiVersion": ADMISSION, "kind": "MutatingAdmissionPolicyBinding",
                                  "metadata": {"name": name},
                                  "spec": {"policyName": name, **copy.deepcopy(one.get("binding", {})),
                                           "matchResources": {"namespaceSelector": {"matchLabels": {
                                               "kubernetes.io/metadata.name": self.namespace}}}}})
        self.requests = [(f"{self.name} {index}", self.placed(one["object"]), one.get("becomes"))
                         for index, one in enumerate(said["requests"])]

    def placed(self, document):
        document["metadata"]["namespace"] = self.namespace
        return document

    def namespaces(self):
        return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}]


class Definition:
    """One file of definitions/."""

    def __init__(self, path):
        said = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
        about = said["definition"]
        self.document = {
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{about['plural']}.{about['group']}"},
            "spec": {"group": about["group"], "scope": "Namespaced",
                     "names": {"kind": about["kind"], "plural": about["plural"], "singular": about["kind"].lower()},
                     "versions": [{"name": "v1", "served": True, "storage": True,
                                   "schema": {"openAPIV3Schema": about["schema"]}}]}}
        self.requests = []
        for index, one in enumerate(said["requests"]):
            whole = {"apiVersion": f"{about['group']}/v1", "kind": about["kind"],
                     "metadata": {"name": f"{path.stem}-{index}", "namespace": "default"}}
            old = {**copy.deepcopy(whole), "spec": one["oldSpec"]} if "oldSpec" in one else None
            self.requests.append((f"{path.stem} {index}", {**whole, "spec": one["spec"]}, old))


def mutations():
    return [Mutation(path) for path in sorted((HERE / "mutations").glob("*.yaml"))]


def definitions():
    return [Definition(path) for path in sorted((HERE / "definitions").glob("*.yaml"))]


