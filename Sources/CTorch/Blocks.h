/// How the kernels of this target use a processor's vectors and threads.
#pragma once

#include <ATen/Parallel.h>

#include <atomic>
#include <dlfcn.h>

// Wider vectors where the processor has them. Fused multiply-add is left out, so that all variants give the same bits.
#if defined(__x86_64__)
#define CT_VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CT_VECTORISED
#endif
#pragma STDC FP_CONTRACT OFF

/// Calls `body(0)` … `body(count - 1)` on libtorch's threads. ATen's `parallel_for` is compiled into its callers and needs
/// their compiler's OpenMP, which may be another one than libtorch's; this enters the one that libtorch has loaded.
template <typename Body> inline void for_each_block(int64_t count, bool is_small, const Body &body) {
    struct Work {
        const Body &body;
        std::atomic<int64_t> next;
        int64_t count;
        void run() { for (int64_t index; (index = next++) < count;) body(index); }
    } work{body, {0}, count};
    using Parallel = void (*)(void (*)(void *), void *, unsigned, unsigned);
    static const auto parallel = reinterpret_cast<Parallel>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    int threads = at::get_num_threads();
    if (is_small || threads < 2 || parallel == nullptr || at::in_parallel_region()) return work.run();
    parallel([](void *work) { static_cast<Work *>(work)->run(); }, &work, unsigned(threads), 0);
}
