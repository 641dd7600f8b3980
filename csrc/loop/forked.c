/* A page that a fork wipes, madvise(2), since Linux 4.14. */
#include "loop/forked.h"

#include <sys/mman.h>
#include <unistd.h>

static char *wiped_page(size_t size)
{
#if defined(MADV_WIPEONFORK)
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    if (madvise(page, size, MADV_WIPEONFORK) == 0)
        return page;
    munmap(page, size);
#endif
    (void)size;
    return NULL;
}

void tw_forked_init(struct tw_forked *forked)
{
    forked->owner = getpid();
    forked->size = (size_t)sysconf(_SC_PAGESIZE);
    forked->page = wiped_page(forked->size);
    if (forked->page)
        *forked->page = 1;
}

void tw_forked_deinit(struct tw_forked *forked)
{
    if (forked->page)
        munmap(forked->page, forked->size);
    forked->page = NULL;
}

bool tw_forked(const struct tw_forked *forked)
{
    if (forked->page)
        return *(const volatile char *)forked->page == 0;
    return forked->owner != getpid();
}
