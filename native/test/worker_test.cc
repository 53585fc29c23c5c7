// The worker's tasks and its end.
#include "../addon/worker.h"

#include <atomic>

#include "check.h"

using namespace qrag;
using namespace qrag::test;

QRAG_TEST(worker_runs_tasks_on_one_other_thread) {
    Worker worker;
    std::thread::id ran{};
    for (int i = 0; i < 100; i++) {
        std::atomic<bool> done{false};
        worker.start([&] {
            ran = std::this_thread::get_id();
            done = true;
        });
        while (!done) std::this_thread::yield();
        check(ran != std::this_thread::get_id(), "another thread");
    }
}

QRAG_TEST(worker_stops_after_its_task_and_twice) {
    for (int i = 0; i < 200; i++) {
        Worker worker;
        std::atomic<bool> begun{false}, ended{false};
        worker.start([&] {
            begun = true;
            std::this_thread::yield();
            ended = true;
        });
        if (i % 2 == 0) {
            while (!begun) std::this_thread::yield();
        }
        worker.stop();
        check(begun == ended, "a task that began has ended");
        worker.stop();
    }
}
