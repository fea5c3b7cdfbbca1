// Swift cannot call variadic functions: each use of curl_easy_setopt and curl_easy_getinfo has a function here.
#pragma once
#include <curl/curl.h>

static inline CURLcode medsweep_curl_set_long(CURL *curl, CURLoption option, long value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode medsweep_curl_set_text(CURL *curl, CURLoption option, const char *value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode medsweep_curl_set_pointer(CURL *curl, CURLoption option, void *value) {
    return curl_easy_setopt(curl, option, value);
}
static inline CURLcode medsweep_curl_set_size(CURL *curl, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(curl, option, value);
}
typedef size_t (*medsweep_curl_transfer)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode medsweep_curl_set_transfer(CURL *curl, CURLoption option, medsweep_curl_transfer value) {
    return curl_easy_setopt(curl, option, value);
}
typedef int (*medsweep_curl_progress)(void *context, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
static inline CURLcode medsweep_curl_set_progress(CURL *curl, medsweep_curl_progress value) {
    return curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, value);
}
static inline long medsweep_curl_status(CURL *curl) {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}
static inline CURLcode medsweep_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }
