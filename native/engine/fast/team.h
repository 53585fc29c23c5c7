// Team: the threads that compute together. The caller is one of them; they meet at a barrier inside a run.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace qrag {

class Team {
  public:
    /** `begin` and `end` run once on every thread but the caller's, around its life; `begin` returning false fails. */
    Team(size_t threads, std::function<void()> begin, std::function<void()> end);
    ~Team();
    Team(const Team &) = delete;
    Team & operator=(const Team &) = delete;

    size_t size() const { return threads_.size() + 1; }

    /** Calls work(0) here and work(1) .. work(size - 1) on the others, and returns when all have. Work does not throw. */
    void run(const std::function<void(size_t)> & work);

    /** Inside a run: waits until every thread of the team has come here. */
    void barrier();

  private:
    void loop(size_t index);
    void stop();

    std::mutex mutex_;
    std::condition_variable wake_;
    const std::function<void(size_t)> * work_ = nullptr;
    unsigned round_ = 0;
    bool stopping_ = false;
    std::atomic<size_t> arrived_{0};
    std::atomic<unsigned> meeting_{0};
    std::vector<std::thread> threads_;  // last: they use everything above
};

/** Calls work(0) .. work(count - 1), spread over so many threads, and throws the first of their exceptions in the end. */
void parallel_for(size_t count, size_t threads, const std::function<void(size_t)> & work);

}  // namespace qrag
