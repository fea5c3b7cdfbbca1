// What libtorch this is, what it runs on, and its settings.
#include "CTorch.h"
#include "Guard.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/csrc/api/include/torch/version.h>

#include <cstdlib>
#include <dlfcn.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <unistd.h>

namespace {

/// The few functions of NVIDIA's driver that tell what GPUs there are. It is asked rather than the CUDA runtime, since
/// it needs no half of libtorch and has the same interface in every version.
struct Driver {
    std::string problem;
    int count = 0;
    int (*get)(int *, int) = nullptr;
    int (*get_name)(char *, int, int) = nullptr;
    int (*get_memory)(size_t *, int) = nullptr;

    Driver() {
        void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            problem = "this machine has no NVIDIA driver (libcuda.so.1 is not found)";
            return;
        }
        auto start = reinterpret_cast<int (*)(unsigned)>(dlsym(library, "cuInit"));
        auto count_devices = reinterpret_cast<int (*)(int *)>(dlsym(library, "cuDeviceGetCount"));
        get = reinterpret_cast<decltype(get)>(dlsym(library, "cuDeviceGet"));
        get_name = reinterpret_cast<decltype(get_name)>(dlsym(library, "cuDeviceGetName"));
        get_memory = reinterpret_cast<decltype(get_memory)>(dlsym(library, "cuDeviceTotalMem_v2"));
        if (!start || !count_devices || !get || !get_name || !get_memory) {
            problem = "this machine's libcuda.so.1 is not NVIDIA's driver";
            return;
        }
        constexpr int no_device = 100;
        int status = start(0);
        if (status == 0) status = count_devices(&count);
        if (status == no_device || (status == 0 && count == 0)) {
            problem = "the NVIDIA driver finds no GPU, or CUDA_VISIBLE_DEVICES hides it";
        } else if (status != 0) {
            problem = "the NVIDIA driver does not start (CUDA error " + std::to_string(status) + ")";
        }
        if (!problem.empty()) count = 0;
    }
};

const Driver &driver() {
    static const Driver driver;
    return driver;
}

/// Loads the CUDA half of libtorch where there is one, and a GPU for it.
std::string load_cuda() {
    std::string library = "libtorch_cuda.so";
    Dl_info place;
    if (dladdr(reinterpret_cast<void *>(&at::show_config), &place) != 0 && place.dli_fname != nullptr) {
        std::string half = place.dli_fname;
        auto slash = half.rfind('/');
        if (slash != std::string::npos && half.find("libtorch") != std::string::npos) {
            library = half.substr(0, slash + 1) + library;
            if (access(library.c_str(), R_OK) != 0) {
                return "this libtorch is built for the CPU only (there is no " + library + ")";
            }
        }
    }
    if (!driver().problem.empty()) return driver().problem;
    if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
        const char *reason = dlerror();
        return std::string("libtorch's CUDA half does not load: ") + (reason ? reason : library);
    }
    return "";
}

// The names of two functions differ between versions of libtorch; the second form of each is for older ones.
template <typename Context> auto initialise_cuda(Context &context, int) -> decltype(context.lazyInitDevice(at::kCUDA)) {
    context.lazyInitDevice(at::kCUDA);
}
template <typename Context> void initialise_cuda(Context &context, long) { context.lazyInitCUDA(); }
template <typename Context>
auto leave_memory_unfilled(Context &context, int) -> decltype(context.setDeterministicFillUninitializedMemory(false)) {
    context.setDeterministicFillUninitializedMemory(false);
}
template <typename Context> void leave_memory_unfilled(Context &, long) {}

}  // namespace

const std::string &cuda_problem() {
    static const std::string problem = load_cuda();
    return problem;
}

void keep_memory() {
#if defined(__GLIBC__)
    // A step makes and frees the same large tensors as the one before. If their memory goes back to the kernel each time, most
    // operators take longer to get it again, page by page, than to compute: on maps of 64 MiB ten times as long.
    static const bool is_kept = [] {
        // One heap for all threads, since those of other threads than the first are too small for a large tensor.
        mallopt(M_ARENA_MAX, 1);
        mallopt(M_MMAP_MAX, 0);
        mallopt(M_TRIM_THRESHOLD, -1);
        return true;
    }();
    (void)is_kept;
#endif
}

void ct_set_threads(int32_t count) { at::set_num_threads(count); }
int32_t ct_threads(void) { return at::get_num_threads(); }

#define CT_STRING(x) #x
#define CT_EXPANDED(x) CT_STRING(x)
const char *ct_version(void) {
    return CT_EXPANDED(TORCH_VERSION_MAJOR) "." CT_EXPANDED(TORCH_VERSION_MINOR) "." CT_EXPANDED(TORCH_VERSION_PATCH);
}

char *ct_build(void) { return strdup(at::show_config().c_str()); }

int ct_cuda_open(char **error) {
    return guarded(error, [&] {
        if (!cuda_problem().empty()) return fail(error, cuda_problem());
        try {
            initialise_cuda(at::globalContext(), 0);
        } catch (const c10::Error &problem) {
            std::string message = problem.what_without_backtrace();
            return fail(error, message.substr(0, message.find('\n')));
        }
        return 0;
    });
}

int32_t ct_cuda_device_count(void) { return cuda_problem().empty() ? driver().count : 0; }

char *ct_cuda_device_name(int32_t index, int64_t *memory) {
    int device = 0;
    char name[256] = "";
    size_t bytes = 0;
    const Driver &gpus = driver();
    if (index < 0 || index >= gpus.count || gpus.get(&device, index) != 0
        || gpus.get_name(name, sizeof name, device) != 0 || gpus.get_memory(&bytes, device) != 0) {
        return nullptr;
    }
    *memory = int64_t(bytes);
    return strdup(name);
}

void ct_configure(bool allows_tf32) {
    auto &context = at::globalContext();
    context.setDeterministicCuDNN(true);
    context.setBenchmarkCuDNN(false);
    context.setAllowTF32CuDNN(allows_tf32);
    context.setAllowTF32CuBLAS(allows_tf32);
    if (driver().count == 0) return;
    // Without workspaces of a fixed size cuBLAS sums in an order that depends on what else runs.
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
    context.setDeterministicAlgorithms(true, true);
    // Otherwise that mode also writes every new tensor once for nothing.
    leave_memory_unfilled(context, 0);
}

int32_t ct_mkl_branch(void) {
    // MKL is linked into libtorch_cpu; it exports its own functions under these names.
    auto current = reinterpret_cast<int (*)(int)>(dlsym(RTLD_DEFAULT, "mkl_serv_cbwr_get"));
    auto automatic = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "mkl_serv_cbwr_get_auto_branch"));
    if (current == nullptr || automatic == nullptr) return 0;
    constexpr int branch = 1, unset = 1, automatically = 2;
    int chosen = current(branch);
    return chosen == unset || chosen == automatically ? automatic() : chosen;
}

const char *ct_openblas_core(void) {
    auto core = reinterpret_cast<const char *(*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
    return core == nullptr ? nullptr : core();
}
