#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

/* Has the timer fire every so many nanoseconds; never for 0. */
static inline int timerfd_set_interval(int timer, int64_t nanoseconds) {
    struct timespec interval = { nanoseconds / 1000000000, nanoseconds % 1000000000 };
    struct itimerspec setting = { interval, interval };
    return timerfd_settime(timer, 0, &setting, 0);
}

/* The monotonic clock in nanoseconds. In C, since which Swift module owns struct timespec depends on the order of imports. */
static inline int64_t monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
