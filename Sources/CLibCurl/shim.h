#ifndef CLIBCURL_SHIM_H
#define CLIBCURL_SHIM_H

#include <curl/curl.h>

/*
 * curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call. Each wrapper below passes one type of
 * argument; the option must be one that takes that type. The parentheses keep libcurl's type-checking macros out,
 * which only understand options that are constants.
 */

typedef size_t (*clibcurl_read)(char *buffer, size_t size, size_t count, void *context);
typedef size_t (*clibcurl_header)(char *line, size_t size, size_t count, void *context);
typedef int (*clibcurl_progress)(
    void *context, curl_off_t to_download, curl_off_t downloaded, curl_off_t to_upload, curl_off_t uploaded);

static inline CURLcode clibcurl_set_long(CURL *handle, CURLoption option, long value) {
    return (curl_easy_setopt)(handle, option, value);
}

/* libcurl copies the string; NULL resets the option. */
static inline CURLcode clibcurl_set_string(CURL *handle, CURLoption option, const char *value) {
    return (curl_easy_setopt)(handle, option, value);
}

/* The pointer must stay valid as long as the handle uses the option. */
static inline CURLcode clibcurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode clibcurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode clibcurl_set_read(CURL *handle, clibcurl_read callback) {
    return (curl_easy_setopt)(handle, CURLOPT_READFUNCTION, callback);
}

static inline CURLcode clibcurl_set_header(CURL *handle, clibcurl_header callback) {
    return (curl_easy_setopt)(handle, CURLOPT_HEADERFUNCTION, callback);
}

static inline CURLcode clibcurl_set_progress(CURL *handle, clibcurl_progress callback) {
    return (curl_easy_setopt)(handle, CURLOPT_XFERINFOFUNCTION, callback);
}

/* The socket of the connection that was used last; CURL_SOCKET_BAD if it is closed. */
static inline CURLcode clibcurl_socket_info(CURL *handle, curl_socket_t *value) {
    return (curl_easy_getinfo)(handle, CURLINFO_ACTIVESOCKET, value);
}

static inline CURLcode clibcurl_long_info(CURL *handle, CURLINFO info, long *value) {
    return (curl_easy_getinfo)(handle, info, value);
}

/* CURL_GLOBAL_DEFAULT is an expression macro, which Swift does not import. */
static inline CURLcode clibcurl_global_init(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}

#endif
