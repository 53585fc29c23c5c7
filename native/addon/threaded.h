// Threaded: what a JavaScript object needs that has a thread for its work, one job at a time, and its end.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "worker.h"
#include "border.h"

namespace qrag {

/** What a job leaves for JavaScript: called on its thread, it makes the value that the promise resolves to. */
using Answer = std::function<Napi::Value(Napi::Env)>;

struct Job;

/**
 * A base beside ObjectWrap. All members are used on JavaScript's thread only, except what a job uses while it runs. The
 * end comes in one of three ways, all of them through release(): dispose(), the garbage collector, or the end of the
 * environment (a worker or the process ends), where a thread still running would touch unloaded memory.
 */
class Threaded {
  protected:
    /** `noun`: what messages call it, a literal. */
    explicit Threaded(const char * noun) : noun_(noun) {}
    /** By then release() was called, by the destructor of the class that knows cancel() and close(). */
    virtual ~Threaded() = default;

    /** Asks a running job to end soon. */
    virtual void cancel() = 0;
    /** Frees what jobs use. No job runs then. */
    virtual void close() = 0;
    /** Keeps the object from the garbage collector while a job runs. */
    virtual void ref() = 0;
    virtual void unref() = 0;

    /** Starts the thread. Last in a constructor: what throws before it leaves nothing to release. */
    void open(Napi::Env env);
    void release();

    /** Refuses a call that cannot be answered now. */
    void check_usable() const;

    /** Runs `work` on the thread and promises its answer. After check_usable(). */
    Napi::Value start(Napi::Env env, std::function<Answer()> work);

    /** dispose(): now, or when the running job has ended. */
    void end();

  private:
    static void on_environment_end(void * object);
    static void on_job_done(Napi::Env env, Napi::Function, Threaded * object, Job * job);
    using Channel = Napi::TypedThreadSafeFunction<Threaded, Job, &Threaded::on_job_done>;

    const char * noun_;
    napi_env env_ = nullptr;
    std::unique_ptr<Worker> worker_;
    Channel channel_;
    bool busy_ = false;
    bool disposed_ = false;
    bool released_ = false;
};

}  // namespace qrag
