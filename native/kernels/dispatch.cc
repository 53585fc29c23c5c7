// The only file that asks the processor what it is.
#include "dispatch.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(_WIN32)
#include <windows.h>
#endif
#endif

namespace qrag {

namespace {

#if defined(__x86_64__)

struct Registers {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf) {
    Registers r;
    __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
    return r;
}

/** Which register files the operating system saves: XCR0, or nothing where it cannot be asked. */
unsigned long long saved_state() {
    constexpr unsigned osxsave = 1u << 27;
    if ((cpuid(1, 0).ecx & osxsave) == 0) return 0;
    unsigned low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (static_cast<unsigned long long>(high) << 32) | low;
}

constexpr bool has(unsigned long long bits, unsigned long long wanted) { return (bits & wanted) == wanted; }

/** Tiles need the process to ask once. A signal stack too small for them anywhere in the process makes it fail. */
bool permit_tiles() {
#if defined(__linux__)
    constexpr int request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return false;
#endif
}

std::vector<const Kernels *> find_usable() {
    const unsigned long long state = saved_state();
    const Registers one = cpuid(1, 0), seven = cpuid(7, 0), seven_one = cpuid(7, 1);
    const bool avx2 = has(state, 0x6) && has(one.ecx, (1u << 12) | (1u << 23) /* fma, popcnt */) && has(seven.ebx, 1u << 5);
    const bool avx_vnni = avx2 && has(seven_one.eax, 1u << 4);
    // F, DQ, BW, VL
    const bool avx512 = avx2 && has(state, 0xe6) && has(seven.ebx, (1u << 16) | (1u << 17) | (1u << 30) | (1u << 31));
    const bool avx512_vnni = avx512 && has(seven.ecx, 1u << 11);
    const bool amx = avx512_vnni && has(state, 0x60000) && has(seven_one.eax, 1u << 5 /* avx512_bf16 */) &&
                     has(seven.edx, (1u << 22) | (1u << 24) | (1u << 25)) && permit_tiles();
    std::vector<const Kernels *> usable;
    if (amx) usable.push_back(&amx_kernels);
    if (avx512_vnni) usable.push_back(&avx512_vnni_kernels);
    if (avx_vnni) usable.push_back(&avx_vnni_kernels);
    if (avx2) usable.push_back(&avx2_kernels);
    usable.push_back(&portable_kernels);
    return usable;
}

#elif defined(__aarch64__)

struct Features {
    bool dotprod, i8mm;
};

// The system is asked, never the processor: its registers for this are not readable everywhere.
#if defined(__linux__)
Features features() {
    constexpr unsigned long asimddp = 1ul << 20, i8mm = 1ul << 13;  // HWCAP_ASIMDDP, HWCAP2_I8MM
    return {(getauxval(AT_HWCAP) & asimddp) != 0, (getauxval(AT_HWCAP2) & i8mm) != 0};
}
#elif defined(__APPLE__)
bool has(const char * feature) {
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(feature, &value, &size, nullptr, 0) == 0 && value != 0;
}

Features features() { return {has("hw.optional.arm.FEAT_DotProd"), has("hw.optional.arm.FEAT_I8MM")}; }
#elif defined(_WIN32)
Features features() {
    constexpr DWORD v82_dp = 43, v82_i8mm = 66;  // PF_ARM_V82_..._INSTRUCTIONS_AVAILABLE; older headers lack the names
    return {IsProcessorFeaturePresent(v82_dp) != 0, IsProcessorFeaturePresent(v82_i8mm) != 0};
}
#else
Features features() { return {false, false}; }
#endif

std::vector<const Kernels *> find_usable() {
    const auto [dotprod, i8mm] = features();
    std::vector<const Kernels *> usable;
    if (dotprod && i8mm) usable.push_back(&neon_i8mm_kernels);
    if (dotprod) usable.push_back(&neon_dotprod_kernels);
    usable.push_back(&neon_kernels);
    usable.push_back(&portable_kernels);
    return usable;
}

#else

std::vector<const Kernels *> find_usable() { return {&portable_kernels}; }

#endif

}  // namespace

const std::vector<const Kernels *> & usable_kernels() {
    static const std::vector<const Kernels *> usable = find_usable();
    return usable;
}

const Kernels * choose_kernels(const std::string & name) {
    for (const Kernels * kernels : usable_kernels()) {
        if (name.empty() || name == kernels->name) return kernels;
    }
    return nullptr;
}

}  // namespace qrag
