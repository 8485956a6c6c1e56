// The Common Expression Language: everything a user of the library needs.
//
//   auto environment = Environment::standard();
//   environment.declare("stack", Type::map());
//   auto program = compile(environment, "stack.name.startsWith('prod-')");
//   auto value = program->evaluate(Activation().set("stack", …));
#pragma once

#include "cel/compile.h"     // IWYU pragma: export
#include "cel/environment.h" // IWYU pragma: export
#include "cel/function.h"    // IWYU pragma: export
#include "cel/program.h"     // IWYU pragma: export
#include "cel/type.h"        // IWYU pragma: export
#include "cel/value.h"       // IWYU pragma: export
