// Worker: one thread that runs one task at a time, so that scoring never occupies JavaScript's thread or libuv's pool.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace qrag {

class Worker {
  public:
    Worker() : thread_([this] { loop(); }) {}
    ~Worker() { stop(); }
    Worker(const Worker &) = delete;
    Worker & operator=(const Worker &) = delete;

    /** Hands a task over. The caller gives the next one only after this one has reported its end. Tasks do not throw. */
    void start(std::function<void()> task);

    /** Lets a running task end, drops one that has not begun, and joins the thread. May be called twice. */
    void stop();

  private:
    void loop();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::function<void()> task_;
    bool stopping_ = false;
    std::thread thread_;  // last: it uses everything above
};

}  // namespace qrag
