#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/socket.h>
#include <time.h>

/* Of the GNU system, so that the headers declare it only to those who ask. */
extern int accept4(int, struct sockaddr *, socklen_t *, int);

/* The next connection of a listening socket, which does not block and is not inherited; -1 and errno when there is none. */
static inline int accept_nonblocking(int listener) { return accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC); }

/* Has the timer fire every so many nanoseconds; never for 0. */
static inline int timerfd_set_interval(int timer, int64_t nanoseconds) {
    struct timespec interval = { nanoseconds / 1000000000, nanoseconds % 1000000000 };
    struct itimerspec setting = { interval, interval };
    return timerfd_settime(timer, 0, &setting, 0);
}

/* Has the timer fire once, in so many nanoseconds (at least 1). */
static inline int timerfd_set_once(int timer, int64_t nanoseconds) {
    struct itimerspec setting = { { 0, 0 }, { nanoseconds / 1000000000, nanoseconds % 1000000000 } };
    return timerfd_settime(timer, 0, &setting, 0);
}

/* The monotonic clock in nanoseconds. In C, since which Swift module owns struct timespec depends on the order of imports. */
static inline int64_t monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
