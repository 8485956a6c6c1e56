#include <gtest/gtest.h>

#include "support.h"

namespace allod::policy::test {
namespace {

const std::string kNever = "  validations:\n  - {expression: 'false', message: 'no'}\n";

/// Whether a policy with one rule meets an object.
bool meets(const std::string& rule, const std::string& object,
           Operation operation = Operation::create, const std::string& rest = "",
           const std::string& subresource = "") {
  const Compiled compiled =
      compile(policy("  matchConstraints:\n    resourceRules: [" + rule + "]\n" + rest + kNever));
  EXPECT_EQ(compiled.problems.size(), 0U) << compiled.problems.front().message();
  Subject subject = subject_of(value(object), operation, resources());
  subject.request.subresource = subresource;
  return !judged(compiled.set, subject).empty();
}

std::string rule(const std::string& groups, const std::string& versions,
                 const std::string& resources_, const std::string& more = "") {
  return "{apiGroups: " + groups + ", apiVersions: " + versions + ", resources: " + resources_ +
         ", operations: ['*']" + more + "}";
}

TEST(Match, GroupsVersionsResources) {
  EXPECT_TRUE(meets(rule("[apps]", "[v1]", "[deployments]"), kDeployment));
  EXPECT_TRUE(meets(rule("['*']", "['*']", "['*']"), kDeployment));
  EXPECT_TRUE(meets(rule("['', apps]", "[v1]", "[pods, deployments]"), kDeployment));
  EXPECT_FALSE(meets(rule("['']", "[v1]", "[deployments]"), kDeployment));
  EXPECT_FALSE(meets(rule("[apps]", "[v1beta1]", "[deployments]"), kDeployment));
  EXPECT_FALSE(meets(rule("[apps]", "[v1]", "[deployment]"), kDeployment));
}

TEST(Match, Subresources) {
  const auto with = [](const std::string& resources_, const std::string& subresource) {
    return meets(rule("[apps]", "[v1]", resources_), kDeployment, Operation::update, "",
                 subresource);
  };
  EXPECT_FALSE(with("[deployments]", "scale"));
  EXPECT_FALSE(with("['*']", "scale"));
  EXPECT_TRUE(with("[deployments/scale]", "scale"));
  EXPECT_FALSE(with("[deployments/status]", "scale"));
  EXPECT_FALSE(with("[deployments/scale]", ""));
  EXPECT_TRUE(with("['*/scale']", "scale"));
  EXPECT_TRUE(with("['deployments/*']", "scale"));
  EXPECT_TRUE(with("['deployments/*']", ""));
  EXPECT_TRUE(with("['*/*']", "scale"));
}

TEST(Match, OperationsScopesNames) {
  const std::string created = "{apiGroups: [apps], apiVersions: [v1], resources: [deployments], "
                              "operations: [CREATE]}";
  EXPECT_TRUE(meets(created, kDeployment));
  EXPECT_FALSE(meets(created, kDeployment, Operation::remove));
  const std::string space = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";
  const auto scoped = [](const std::string& scope, const std::string& object) {
    return meets(rule("['*']", "['*']", "['*']", ", scope: " + scope), object);
  };
  EXPECT_TRUE(scoped("Namespaced", kDeployment));
  EXPECT_FALSE(scoped("Cluster", kDeployment));
  EXPECT_FALSE(scoped("Namespaced", space));
  EXPECT_TRUE(scoped("Cluster", space));
  EXPECT_TRUE(scoped("'*'", space));
  const auto named = [](const std::string& names) {
    return meets(rule("[apps]", "[v1]", "[deployments]", ", resourceNames: " + names), kDeployment);
  };
  EXPECT_TRUE(named("[web]"));
  EXPECT_TRUE(named("[a, web]"));
  EXPECT_FALSE(named("[a]"));
}

TEST(Match, Exclusions) {
  const auto without = [](const std::string& exclusion) {
    return meets(rule("['*']", "['*']", "['*']"), kDeployment, Operation::create,
                 "    excludeResourceRules: [" + exclusion + "]\n");
  };
  EXPECT_FALSE(without(rule("[apps]", "[v1]", "[deployments]")));
  EXPECT_TRUE(without(rule("[apps]", "[v1]", "[daemonsets]")));
  EXPECT_FALSE(without(rule("[apps]", "[v1]", "[deployments]", ", resourceNames: [web]")));
  EXPECT_TRUE(without(rule("[apps]", "[v1]", "[deployments]", ", resourceNames: [db]")));
}

TEST(Match, Equivalents) {
  const std::string scaler = "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, "
                             "metadata: {name: a, namespace: b}}";
  const std::string old_rule = rule("[autoscaling]", "[v1]", "[horizontalpodautoscalers]");
  EXPECT_TRUE(meets(old_rule, scaler));
  EXPECT_TRUE(meets(old_rule, scaler, Operation::create, "    matchPolicy: Equivalent\n"));
  EXPECT_FALSE(meets(old_rule, scaler, Operation::create, "    matchPolicy: Exact\n"));
  EXPECT_TRUE(meets(rule("['']", "[v1]", "[events]"),
                    "{apiVersion: events.k8s.io/v1, kind: Event, metadata: {name: a}}"));
}

TEST(Match, ObjectSelectors) {
  const auto with = [](const std::string& selector) {
    return meets(rule("['*']", "['*']", "['*']"), kDeployment, Operation::create,
                 "    objectSelector: " + selector + "\n");
  };
  EXPECT_TRUE(with("{}"));
  EXPECT_TRUE(with("{matchLabels: {app: web}}"));
  EXPECT_FALSE(with("{matchLabels: {app: db}}"));
  EXPECT_FALSE(with("{matchLabels: {app: web, tier: one}}"));
  EXPECT_TRUE(with("{matchExpressions: [{key: app, operator: In, values: [db, web]}]}"));
  EXPECT_FALSE(with("{matchExpressions: [{key: app, operator: NotIn, values: [db, web]}]}"));
  EXPECT_TRUE(with("{matchExpressions: [{key: tier, operator: NotIn, values: [one]}]}"));
  EXPECT_TRUE(with("{matchExpressions: [{key: app, operator: Exists}]}"));
  EXPECT_TRUE(with("{matchExpressions: [{key: tier, operator: DoesNotExist}]}"));
  EXPECT_FALSE(with("{matchExpressions: [{key: app, operator: DoesNotExist}]}"));
}

TEST(Match, ObjectSelectorsSeeTheOldObjectToo) {
  const Compiled compiled =
      compile(policy("  matchConstraints:\n    resourceRules: [" + rule("['*']", "['*']", "['*']") +
                     "]\n    objectSelector: {matchLabels: {app: old}}\n" + kNever));
  Subject subject = subject_of(value(kDeployment), Operation::update, resources());
  EXPECT_EQ(judged(compiled.set, subject), "");
  subject.old_object = value("{metadata: {labels: {app: old}}}");
  EXPECT_EQ(judged(compiled.set, subject), "denied: no");
}

TEST(Match, NamespaceSelectors) {
  const auto with = [](const std::string& selector, const std::string& space,
                       const std::string& object = kDeployment) {
    const Compiled compiled = compile(
        policy("  matchConstraints:\n    resourceRules: [" + rule("['*']", "['*']", "['*']") +
               "]\n    namespaceSelector: " + selector + "\n" + kNever));
    Subject subject = subject_of(value(object), Operation::create, resources());
    if (!space.empty()) subject.namespace_object = value(space);
    return judged(compiled.set, subject);
  };
  const std::string shop = "{metadata: {name: shop, labels: {team: a}}}";
  EXPECT_EQ(with("{matchLabels: {team: a}}", shop), "denied: no");
  EXPECT_EQ(with("{matchLabels: {team: b}}", shop), "");
  EXPECT_EQ(with("{matchLabels: {team: a}}", ""),
            "undecided (namespaceObject.metadata.labels): no");
  EXPECT_EQ(with("{matchLabels: {kubernetes.io/metadata.name: shop}}", ""), "denied: no");
  EXPECT_EQ(with("{matchLabels: {kubernetes.io/metadata.name: other}}", ""), "");
  EXPECT_EQ(with("{matchLabels: {team: a}}", "",
                 "{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {team: a}}}"),
            "denied: no");
  EXPECT_EQ(with("{matchLabels: {team: a}}", "",
                 "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "
                 "a}}"),
            "denied: no");
}

TEST(Resources, KnownAndGuessedKinds) {
  const auto plural = [](const std::string& version, const std::string& kind) {
    return resources().of_kind(version, kind).plural;
  };
  EXPECT_EQ(plural("networking.k8s.io/v1", "NetworkPolicy"), "networkpolicies");
  EXPECT_EQ(plural("v1", "Endpoints"), "endpoints");
  EXPECT_FALSE(resources().of_kind("v1", "Namespace").namespaced);
  EXPECT_EQ(plural("x.io/v1", "Widget"), "widgets");
  EXPECT_EQ(plural("x.io/v1", "Gateway"), "gatewaies"); // as the API machinery guesses
  EXPECT_EQ(plural("x.io/v1", "Mesh"), "meshs");
  EXPECT_EQ(plural("x.io/v1", "Switch"), "switchs");
  EXPECT_TRUE(resources().of_kind("x.io/v1", "Widget").guessed);

  Resources own;
  own.add_definition(
      read("{spec: {group: x.io, scope: Cluster, names: {kind: Mouse, plural: mice}, "
           "versions: [{name: v1, served: true}, {name: v2, served: true}]}}")
          .front());
  EXPECT_EQ(own.of_kind("x.io/v1", "Mouse").plural, "mice");
  EXPECT_FALSE(own.of_kind("x.io/v2", "Mouse").namespaced);
  ASSERT_EQ(own.of_kind("x.io/v1", "Mouse").equivalents.size(), 1U);
  EXPECT_EQ(own.of_kind("x.io/v1", "Mouse").equivalents[0]->version, "v2");
}

} // namespace
} // namespace allod::policy::test
