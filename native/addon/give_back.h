// Memory that was freed, given back to the system where malloc would keep it.
#pragma once

#include "napi_setup.h"

namespace qrag {

/** Soon, and not on JavaScript's thread. For after large frees: a model is gone, and much of the heap with it. */
void give_back_memory(Napi::Env env);

}  // namespace qrag
