// Plans and states of OpenTofu and Terraform in JSON (`tofu show -json`, format version 1), as
// objects that policies can judge.
#pragma once

#include <vector>

#include "base/result.h"
#include "manifest/document.h"
#include "manifest/object.h"

namespace allod::manifest {

/// Whether this is a plan or a state, by its content: a format_version, and the changes, the
/// planned values or the values that each has.
[[nodiscard]] bool is_plan_or_state(const Node& root);

struct PlanResource {
  const Node* node = nullptr;
  Origin origin = Origin::plan;
};

/// The resources, in the order of the file, each an object in the arena of `document`:
///
///     apiVersion: tofu.allod/v1
///     kind: ResourceChange              # of a plan; Resource, of a state
///     metadata: {name: ADDRESS}
///     address, type, provider, mode
///     values:                           # after the change
///     before:                           # of a plan
///     actions: [create]                 # of a plan
///
/// What is known only after the change is unknown to CEL, named by its path
/// ("object.values.network[0].mac"). What is sensitive is unknown too, so that it can reach neither
/// a message nor a log ("object.values.password (sensitive)"). Errors: invalid_input for another
/// format version.
Status read_plan(Document& document, const Node& root, std::vector<PlanResource>& resources);

} // namespace allod::manifest
