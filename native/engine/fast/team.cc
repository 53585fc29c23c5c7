// Threads sleep between runs and spin within one: a meeting lasts microseconds, a run milliseconds.
#include "team.h"

#include <algorithm>
#include <exception>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace qrag {

namespace {

void pause_briefly() {
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// About 20 microseconds; whoever is still missing then has lost its processor, and ours may be the one it needs.
constexpr int spins_before_yielding = 1000;

}  // namespace

Team::Team(size_t threads, std::function<void()> begin, std::function<void()> end) {
    try {
        threads_.reserve(threads);
        for (size_t index = 1; index < threads; index++) {
            threads_.emplace_back([this, index, begin, end] {
                begin();
                loop(index);
                end();
            });
        }
    } catch (...) {
        stop();  // those that could be started; a thread that is destroyed before it is joined ends the process
        throw;
    }
}

Team::~Team() { stop(); }

void Team::stop() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread & thread : threads_) thread.join();
}

void Team::run(const std::function<void(size_t)> & work) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        work_ = &work;
        round_++;
    }
    wake_.notify_all();
    work(0);
    barrier();
}

void Team::barrier() {
    const unsigned meeting = meeting_.load();
    if (arrived_.fetch_add(1) + 1 == size()) {
        arrived_.store(0);
        meeting_.store(meeting + 1);
        return;
    }
    for (int spins = 0; meeting_.load() == meeting; spins++) {
        if (spins < spins_before_yielding) {
            pause_briefly();
        } else {
            std::this_thread::yield();
        }
    }
}

void Team::loop(size_t index) {
    unsigned seen = 0;
    for (;;) {
        const std::function<void(size_t)> * work;
        {
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, [&] { return stopping_ || round_ != seen; });
            if (stopping_) return;
            seen = round_;
            work = work_;
        }
        (*work)(index);
        barrier();
    }
}

void parallel_for(size_t count, size_t threads, const std::function<void(size_t)> & work) {
    std::atomic<size_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    Team team(std::max<size_t>(1, std::min(threads, count)), [] {}, [] {});
    team.run([&](size_t) {
        for (size_t i = next++; i < count; i = next++) {
            try {
                work(i);
            } catch (...) {
                const std::lock_guard<std::mutex> lock(mutex);
                if (!failure) failure = std::current_exception();
                next = count;
            }
        }
    });
    if (failure) std::rethrow_exception(failure);
}

}  // namespace qrag
