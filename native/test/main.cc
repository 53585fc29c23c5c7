// Runs every test and prints what failed.
#include <cstdio>

#include "../kernels/dispatch.h"
#include "check.h"

namespace qrag::test {

std::vector<Test> & tests() {
    static std::vector<Test> all;
    return all;
}

}  // namespace qrag::test

int main() {
    std::printf("kernels:");
    for (const qrag::Kernels * kernels : qrag::usable_kernels()) std::printf(" %s", kernels->name);
    std::printf("\n");
    int passed = 0, failed = 0;
    for (const qrag::test::Test & test : qrag::test::tests()) {
        try {
            test.run();
            passed++;
        } catch (const std::exception & error) {
            std::printf("FAILED %s: %s\n", test.name, error.what());
            failed++;
        }
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
