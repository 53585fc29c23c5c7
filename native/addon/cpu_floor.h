// The least processor this build of the addon runs on.
#pragma once

namespace qrag {

/** Null when this processor can run the addon, otherwise the name of what it lacks. */
const char * missing_cpu_feature();

}  // namespace qrag
