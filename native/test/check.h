// A test is a function that throws; main.cc runs them all and prints the closing line.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "../error.h"

namespace qrag::test {

struct Test {
    const char * name;
    void (*run)();
};

/** All tests, in the order of their definition within a file. */
std::vector<Test> & tests();

struct Registration {
    Registration(const char * name, void (*run)()) { tests().push_back({name, run}); }
};

inline void check(bool holds, const std::string & what) {
    if (!holds) throw std::runtime_error(what);
}

inline void check_near(double actual, double expected, double tolerance, const std::string & what) {
    // Written so that a NaN fails.
    if (!(std::fabs(actual - expected) <= tolerance)) {
        throw std::runtime_error(what + ": " + std::to_string(actual) + ", expected " + std::to_string(expected));
    }
}

/** Runs `body`, which must throw an Error of this code whose message contains `part`. */
template <typename Body>
void check_throws(Code code, const std::string & part, Body body) {
    try {
        body();
    } catch (const Error & error) {
        check(error.code == code && std::string(error.what()).find(part) != std::string::npos,
              std::string("wrong error: ") + name_of(error.code) + " " + error.what());
        return;
    }
    throw std::runtime_error("no error, expected one about: " + part);
}

}  // namespace qrag::test

#define QRAG_TEST(identifier)                                                               \
    static void identifier();                                                               \
    static const qrag::test::Registration registration_##identifier(#identifier, identifier); \
    static void identifier()
