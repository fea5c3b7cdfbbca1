/// A simulated accelerator, for tests on machines without one. Conventions as in `CTorch.h`.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a program on an accelerator should do rarely, counted for the calling thread: backward passes from a simulated
/// tensor run on the thread that starts them.
typedef struct {
    /// Copies between main memory and the device, in either direction.
    int64_t transfers;
    /// Times when the thread would have had to wait for the device: copies to main memory, single values read, and
    /// results whose shape depends on values.
    int64_t synchronisations;
} ct_simulated_device_counts;

/// Adds the device `simulated:0` to libtorch, once a process; later calls do nothing. It fails on a libtorch that is too
/// old for it. It is for processes without CUDA: libtorch takes this device for its one accelerator from then on.
int ct_simulated_device_make(char *_Nullable *_Nonnull error);
/// Whether this build's libtorch is recent enough.
bool ct_simulated_device_is_supported(void);
/// Whether `ct_simulated_device_make` has succeeded.
bool ct_simulated_device_exists(void);
ct_simulated_device_counts ct_simulated_device_counted(void);
void ct_simulated_device_reset_counts(void);

#ifdef __cplusplus
}
#endif
