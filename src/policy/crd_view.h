// Values of a custom resource as validation rules see them: by the schema's types and field names,
// with its defaults.
#pragma once

#include "cel/value.h"
#include "policy/crd_schema.h"

namespace allod::policy {

/// The value itself where nothing is to be converted; else a view of it. A value that the schema
/// does not allow becomes an error. The node outlives the view.
[[nodiscard]] cel::Value view_by_schema(const cel::Value& value, const SchemaNode& node);

} // namespace allod::policy
