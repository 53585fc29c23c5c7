// The worker's loop.
#include "worker.h"

#include <utility>

namespace qrag {

void Worker::start(std::function<void()> task) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        task_ = std::move(task);
    }
    wake_.notify_one();
}

void Worker::stop() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Worker::loop() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return stopping_ || task_; });
        if (stopping_) return;
        const std::function<void()> task = std::exchange(task_, nullptr);
        lock.unlock();
        task();
        lock.lock();
    }
}

}  // namespace qrag
