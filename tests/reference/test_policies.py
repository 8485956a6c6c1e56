"""Every shipped policy is taken by a real API server without a complaint about types, and its examples are
judged there as they say themselves."""
import unittest

import cluster
import examples


def setUpModule():
    global SERVER, POLICIES
    SERVER = cluster.Cluster()
    unittest.addModuleCleanup(SERVER.stop)
    SERVER.start()
    POLICIES = examples.policies()
    examples.put_in_force(SERVER, POLICIES)


def mismatch(example):
    """What is wrong with the server's verdict on an example; empty when nothing is."""
    said = SERVER.create(example.for_server(), dry_run=True)
    # What exists already was admitted before that was noticed.
    denied = said.status not in (200, 201, 409)
    if denied != example.denied:
        return f"{example}: should be {'refused' if example.denied else 'admitted'}; the server said {said}"
    if not denied:
        return ""
    policy = example.policy
    start = f"ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: "
    if start not in said.message:
        return f"{example}: refused for another reason: {said}"
    reason = said.message.split(start)[1]
    if example.params_missing:
        wanted = "failed to configure binding: no params found"
    else:
        validations = next(one for one in POLICIES if one.name == policy).document["spec"]["validations"]
        # A message that is computed begins with the fixed one.
        wanted = validations[example.fails[0]]["message"].rstrip(".")
    return "" if reason.startswith(wanted) else f"{example}: should say {wanted!r}, says {reason!r}"


class Policies(unittest.TestCase):
    def test_types(self):
        for policy in POLICIES:
            with self.subTest(policy.name):
                def checked(policy=policy):
                    body = SERVER.get(policy.for_server()).body
                    return body if body.get("status", {}).get("observedGeneration") else None
                status = cluster.wait_for(f"the types of {policy.name}", checked)["status"]
                self.assertEqual(status.get("typeChecking", {}).get("expressionWarnings", []), [])

    def test_examples(self):
        for policy in POLICIES:
            for example in policy.examples:
                if not example.context:
                    with self.subTest(str(example)):
                        self.assertEqual(mismatch(example), "")

    def test_each_validation_has_a_bad_example(self):
        for policy in POLICIES:
            with self.subTest(policy.name):
                failed = {index for example in policy.examples for index in example.fails}
                # What only an older version of a standard asks for is shown by test_pod_security.
                allowed = {2} if policy.name == "pss-baseline-seccomp" else set()
                self.assertEqual(set(range(len(policy.document["spec"]["validations"]))) - failed, allowed)


if __name__ == "__main__":
    unittest.main()
