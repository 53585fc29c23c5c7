// Work that several threads share, for as long as one scan takes.
#pragma once

#include <cstddef>
#include <functional>

namespace qrag {

/**
 * Calls `work` on this thread and on threads - 1 others, returns when all have ended, and throws the first exception.
 * Where the system refuses a thread, those that there are do it all: work takes what is left until nothing is.
 */
void on_threads(size_t threads, const std::function<void()> & work);

}  // namespace qrag
