// Tells ThreadSanitizer what it cannot see of the Swift runtime, which is built without it: LD_PRELOAD for programs that
// are built with --sanitize=thread (see thread_sanitizer.sh). Each function stands in front of the runtime's own.
//
//  - Synchronization.Mutex is inlined into the program, and seen, except where tasks meet: there the kernel hands the
//    lock over, inside libswiftSynchronization.
//  - A continuation that is resumed before its task waits for it: the runtime announces the resumption, but not that
//    the task goes on after it. (When the task waits already, both are announced.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define AWAIT "swift_continuation_await"
#define ENTER "swift_task_enterThreadLocalContext"
#define SELF __attribute__((swift_context)) void *self

typedef __attribute__((swiftcall)) void (*Lock)(uint32_t, SELF);
typedef __attribute__((swiftcall)) void (*Unlock)(SELF);
typedef __attribute__((swiftasynccall)) void (*Await)(void *);
typedef __attribute__((swiftcall)) void (*Enter)(char *);

// Programs without the sanitizer are left as they are.
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));
extern __attribute__((swiftcall)) void *swift_task_getCurrent(void) __attribute__((weak));

static Lock runtime_lock;
static Unlock runtime_unlock;
static Await runtime_await;
static Enter runtime_enter;

__attribute__((constructor)) static void find(void) {
    runtime_lock = (Lock)dlsym(RTLD_NEXT, LOCK);
    runtime_unlock = (Unlock)dlsym(RTLD_NEXT, UNLOCK);
    runtime_await = (Await)dlsym(RTLD_NEXT, AWAIT);
    runtime_enter = (Enter)dlsym(RTLD_NEXT, ENTER);
}

__attribute__((swiftcall)) void lock_slow(uint32_t thread, SELF) __asm__(LOCK);
__attribute__((swiftcall)) void lock_slow(uint32_t thread, SELF) {
    runtime_lock(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

__attribute__((swiftcall)) void unlock_slow(SELF) __asm__(UNLOCK);
__attribute__((swiftcall)) void unlock_slow(SELF) {
    if (__tsan_release) __tsan_release(self);
    runtime_unlock(self);
}

static void acquire_task(void) {
    void *task = __tsan_acquire ? swift_task_getCurrent() : 0;
    if (task) __tsan_acquire(task);
}

// The head of a ContinuationAsyncContext, whose layout compiled programs rely on.
struct continuation {
    void *parent, *resume;
    uintptr_t flags;
    uintptr_t status;
};

__attribute__((swiftasynccall)) void swift_continuation_await(void *context) {
    struct continuation *continuation = context;
    uintptr_t is_resumed = 2;
    if (__atomic_load_n(&continuation->status, __ATOMIC_ACQUIRE) == is_resumed) acquire_task();
    __attribute__((musttail)) return runtime_await(context);
}

// Where the task goes on that was resumed while it was about to wait.
__attribute__((swiftcall)) void swift_task_enterThreadLocalContext(char *context) {
    acquire_task();
    runtime_enter(context);
}
