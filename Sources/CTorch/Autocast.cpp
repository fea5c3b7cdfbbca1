#include "CTorch.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/api/include/torch/version.h>

#include <string>

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)

bool ct_set_autocast(const char *device, bool enabled) {
    auto type = at::Device(std::string(device)).type();
    bool before = at::autocast::is_autocast_enabled(type);
    at::autocast::set_autocast_dtype(type, at::kBFloat16);
    at::autocast::set_autocast_enabled(type, enabled);
    // Converted weights are kept for as long as the mode lasts; after a step they would be the old ones.
    if (!enabled) at::autocast::clear_cache();
    return before;
}

bool ct_autocasts_cpu(void) { return at::autocast::is_autocast_enabled(at::kCPU); }

#else

bool ct_autocasts_cpu(void) { return at::autocast::is_cpu_enabled(); }

bool ct_set_autocast(const char *device, bool enabled) {
    bool is_cpu = at::Device(std::string(device)).is_cpu();
    bool before = is_cpu ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
    if (is_cpu) {
        at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
        at::autocast::set_cpu_enabled(enabled);
    } else {
        at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
        at::autocast::set_enabled(enabled);
    }
    if (!enabled) at::autocast::clear_cache();
    return before;
}

#endif
