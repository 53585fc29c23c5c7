// Threads are started for each scan: that takes some 20 microseconds, and nothing idle has to be ended later.
#include "threads.h"

#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace qrag {

void on_threads(size_t threads, const std::function<void()> & work) {
    std::mutex mutex;
    std::exception_ptr failure;
    const auto guarded = [&] {
        try {
            work();
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex);
            if (!failure) failure = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    others.reserve(threads);
    try {
        while (others.size() + 1 < threads) others.emplace_back(guarded);
    } catch (const std::exception &) {
        // Fewer, then: neither threads nor memory are there for more.
    }
    guarded();
    for (std::thread & other : others) other.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace qrag
