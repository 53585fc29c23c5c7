// glibc keeps what was freed, in the arenas of threads that may be gone. Other C libraries give it back by themselves.
#include "give_back.h"

#include <atomic>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace qrag {

#if defined(__GLIBC__)

namespace {

/** Whether one is on its way that has not begun: it serves whatever was freed until then. */
std::atomic<bool> awaited{false};

/** In libuv's pool: it takes milliseconds, which JavaScript's thread has not. */
class Trim : public Napi::AsyncWorker {
  public:
    explicit Trim(Napi::Env env) : Napi::AsyncWorker(env, "qrag: memory given back") {}
    // Where the environment ends first, it never begins.
    ~Trim() override { awaited = false; }

    void Execute() override {
        awaited = false;
        malloc_trim(0);
    }
};

}  // namespace

void give_back_memory(Napi::Env env) {
    if (awaited.exchange(true)) return;
    try {
        (new Trim(env))->Queue();
    } catch (...) {
        // An environment that is ending takes no more work, and its memory is the process's worry.
        awaited = false;
    }
}

#else

void give_back_memory(Napi::Env) {}

#endif

}  // namespace qrag
