"""The expressions of expressions.yaml, each as a policy of its own."""
import pathlib

import yaml

FILE = pathlib.Path(__file__).resolve().parent / "expressions.yaml"


def expressions():
    """[(expression, whether it is taken)]"""
    said = yaml.load(FILE.read_text(), Loader=yaml.CSafeLoader)
    return [(one, True) for one in said["taken"]] + [(one, False) for one in said["refused"]]


def policy(expression):
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": "expression"},
            "spec": {"matchConstraints": {"resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]},
                     "validations": [{"expression": expression}]}}
