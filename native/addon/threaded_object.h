// ThreadedObject: a JavaScript object with a thread that does its work, one job at a time, and the end of its life.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "../engine/worker.h"
#include "border.h"

namespace qrag {

/** What a job leaves for JavaScript: called on its thread, it makes the value that the promise resolves to. */
using Answer = std::function<Napi::Value(Napi::Env)>;

struct Job {
    Napi::Promise::Deferred deferred;
    Answer answer;
    std::optional<Error> error;
};

/**
 * The base of `Self`. All members are used on JavaScript's thread only, except what a job uses while it runs. The end
 * comes in one of three ways, all of them through release(): dispose(), the garbage collector, or the end of the
 * environment (a worker or the process ends), where a thread still running would touch unloaded memory.
 */
template <typename Self>
class ThreadedObject : public Napi::ObjectWrap<Self> {
  protected:
    explicit ThreadedObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<Self>(info) {}

    /** Asks a running job to end soon. Called only after open(). */
    virtual void cancel() = 0;
    /** Frees what jobs use. No job runs then. */
    virtual void close() = 0;

    /** Starts the thread. Last in the constructor: what throws before it leaves nothing to release. */
    void open(Napi::Env env, const char * name) {
        worker_ = std::make_unique<Worker>();
        channel_ = Channel::New(env, name, /*maxQueueSize=*/0, /*initialThreadCount=*/1, static_cast<Self *>(this));
        // An idle object must not keep the process alive; a running job does (see start).
        channel_.Unref(env);
        // Registered after the channel's own hook, so it runs before it: hooks run in reverse order.
        napi_add_env_cleanup_hook(env, &ThreadedObject::on_environment_end, this);
    }

    /** The destructor of `Self` calls this too: it is the last to know its members. */
    void release() {
        if (std::exchange(released_, true) || !worker_) return;
        disposed_ = true;
        cancel();
        worker_->stop();
        close();
        if (channel_ == nullptr) return;
        channel_.Release();
        napi_remove_env_cleanup_hook(this->Env(), &ThreadedObject::on_environment_end, this);
    }

    /** Refuses a call that cannot be answered now. */
    void check_usable() const {
        if (disposed_) throw Error(Code::disposed, std::string("the ") + Self::noun + " was disposed");
        if (busy_) throw Error(Code::input_invalid, std::string("the ") + Self::noun + " is busy: one call at a time");
    }

    /** Runs `work` on the thread and promises its answer. After check_usable(). */
    Napi::Value start(Napi::Env env, std::function<Answer()> work) {
        auto job = std::make_unique<Job>(Job{Napi::Promise::Deferred::New(env), nullptr, std::nullopt});
        const Napi::Promise promise = job->deferred.Promise();
        busy_ = true;
        this->Ref();        // this object outlives the job
        channel_.Ref(env);  // and so does the process
        worker_->start([this, work = std::move(work), job = job.release()] {
            try {
                job->answer = work();
            } catch (const Error & error) {
                job->error = error;
            } catch (const std::bad_alloc &) {
                job->error = Error(Code::out_of_memory, "out of memory");
            } catch (const std::exception & error) {
                job->error = Error(Code::internal, error.what());
            } catch (...) {
                job->error = Error(Code::internal, "an unknown native failure");
            }
            if (channel_.NonBlockingCall(job) != napi_ok) delete job;
        });
        return promise;
    }

    Napi::Value dispose(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            disposed_ = true;
            if (busy_) {
                cancel();  // the running job ends soon and then releases
            } else {
                release();
            }
            return info.Env().Undefined();
        });
    }

  private:
    static void on_environment_end(void * object) { static_cast<ThreadedObject *>(object)->release(); }

    static void on_job_done(Napi::Env env, Napi::Function, Self * self, Job * raw) {
        const std::unique_ptr<Job> job(raw);
        if (static_cast<napi_env>(env) == nullptr) return;  // the environment is going away: there is nobody to tell
        ThreadedObject * object = self;
        object->busy_ = false;
        object->channel_.Unref(env);
        if (object->disposed_) {
            object->release();
            job->error = Error(Code::disposed, std::string("the ") + Self::noun + " was disposed");
        }
        object->Unref();
        try {
            if (job->error) throw to_javascript(env, *job->error);
            job->deferred.Resolve(job->answer(env));
        } catch (const Napi::Error & error) {
            job->deferred.Reject(error.Value());
        }
    }

    using Channel = Napi::TypedThreadSafeFunction<Self, Job, &ThreadedObject::on_job_done>;

    std::unique_ptr<Worker> worker_;
    Channel channel_;
    bool busy_ = false;
    bool disposed_ = false;
    bool released_ = false;
};

}  // namespace qrag
