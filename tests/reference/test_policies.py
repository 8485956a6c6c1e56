"""Every shipped policy is taken by a real API server without a complaint about types, and its examples are
judged there as they say themselves."""
import unittest

import cluster
import examples
import recorded


def setUpModule():
    global SERVER, POLICIES
    SERVER = cluster.Cluster()
    unittest.addModuleCleanup(SERVER.stop)
    SERVER.start()
    POLICIES = examples.policies()
    examples.put_in_force(SERVER, POLICIES)


def mismatch(example, said):
    """What is wrong with the server's verdict on an example; empty when nothing is."""
    denied = said.get("denied")
    if (denied is not None) != example.denied:
        return f"{example}: should be {'refused' if example.denied else 'admitted'}; the server said {said}"
    if not denied:
        return ""
    policy = example.policy
    start = f"ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: "
    if not denied.startswith(start):
        return f"{example}: refused for another reason: {denied}"
    if example.params_missing:
        wanted = "failed to configure binding: no params found"
    else:
        validations = next(one for one in POLICIES if one.name == policy).document["spec"]["validations"]
        # A message that is computed begins with the fixed one.
        wanted = validations[example.fails[0]]["message"].rstrip(".")
    reason = denied.removeprefix(start)
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
        record = recorded.Record("examples")
        for policy in POLICIES:
            for example in policy.examples:
                if not example.context:
                    with self.subTest(example.key):
                        answer = SERVER.create(example.for_server(), dry_run=True)
                        self.assertEqual(mismatch(example, recorded.said(answer)), "")
                        record.compare(self, example.key, answer)
        record.close()

    def test_each_validation_has_a_bad_example(self):
        for policy in POLICIES:
            with self.subTest(policy.name):
                failed = {index for example in policy.examples for index in example.fails}
                # What only an older version of a standard asks for is shown by test_pod_security.
                allowed = {2} if policy.name == "pss-baseline-seccomp" else set()
                self.assertEqual(set(range(len(policy.document["spec"]["validations"]))) - failed, allowed)


if __name__ == "__main__":
    unittest.main()
