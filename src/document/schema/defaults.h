// Fills in what a schema gives as defaults.
#pragma once

#include "document/schema/store.h"
#include "document/value.h"

namespace allod::document::schema {

void fill_defaults(const Store& store, const Located& located, Value& value);

} // namespace allod::document::schema
