// Jobs, their promises, and the three ways in which an object with a thread ends.
#include "threaded.h"

#include <optional>
#include <utility>

#include "give_back.h"

namespace qrag {

struct Job {
    Napi::Promise::Deferred deferred;
    Answer answer;
    std::optional<Error> error;
};

void Threaded::open(Napi::Env env) {
    env_ = env;
    worker_ = std::make_unique<Worker>();
    channel_ = Channel::New(env, noun_, /*maxQueueSize=*/0, /*initialThreadCount=*/1, this);
    // An idle object must not keep the process alive; a running job does (see start).
    channel_.Unref(env);
    // Registered after the channel's own hook, so it runs before it: hooks run in reverse order.
    napi_add_env_cleanup_hook(env, &Threaded::on_environment_end, this);
}

void Threaded::on_environment_end(void * object) { static_cast<Threaded *>(object)->release(); }

void Threaded::release() {
    if (std::exchange(released_, true) || !worker_) return;
    disposed_ = true;
    cancel();
    worker_->stop();
    close();
    if (channel_ == nullptr) return;
    channel_.Release();
    napi_remove_env_cleanup_hook(env_, &Threaded::on_environment_end, this);
}

void Threaded::check_usable() const {
    if (disposed_) throw Error(Code::disposed, std::string("the ") + noun_ + " was disposed");
    if (busy_) throw Error(Code::input_invalid, std::string("the ") + noun_ + " is busy: one call at a time");
}

Napi::Value Threaded::start(Napi::Env env, std::function<Answer()> work) {
    auto job = std::make_unique<Job>(Job{Napi::Promise::Deferred::New(env), nullptr, std::nullopt});
    const Napi::Promise promise = job->deferred.Promise();
    busy_ = true;
    ref();             // this object outlives the job
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

void Threaded::on_job_done(Napi::Env env, Napi::Function, Threaded * object, Job * raw) {
    const std::unique_ptr<Job> job(raw);
    if (static_cast<napi_env>(env) == nullptr) return;  // the environment is going away: there is nobody to tell
    object->busy_ = false;
    object->channel_.Unref(env);
    if (object->disposed_) {
        object->release();
        give_back_memory(env);
        job->error = Error(Code::disposed, std::string("the ") + object->noun_ + " was disposed");
    }
    object->unref();
    try {
        if (job->error) throw to_javascript(env, *job->error);
        job->deferred.Resolve(job->answer(env));
    } catch (const Napi::Error & error) {
        job->deferred.Reject(error.Value());
    }
}

void Threaded::end() {
    disposed_ = true;
    if (busy_) {
        cancel();  // the running job ends soon and then releases
    } else if (!released_) {
        release();
        give_back_memory(env_);
    }
}

}  // namespace qrag
