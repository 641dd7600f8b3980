/*
 * Runs a fuzz target without a fuzzer: on every file of a folder, and on every
 * beginning of each. As addr_fuzz it reads spec/fuzz/corpus/addr; another
 * folder or a single file may be given. An input that fails ends the process.
 */
#include "fuzz.h"
#include "tap.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>

enum
{
    INPUT_MAX = 65536, /* more of a file is not read */
};

static const char *current = "";
static size_t replayed;

static void say_which(int signal)
{
    (void)signal;
    printf("not ok 1 - %s\n", current);
    fflush(stdout);
}

/* Each time at the very end of its memory. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    FUZZ_CHECK(copy);
    if (size)
        memcpy(copy, data, size);
    FUZZ_TARGET(copy, size);
    free(copy);
}

static void replay_file(const char *path)
{
    static uint8_t data[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    current = path;
    if (!CHECK(file))
        return;
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    for (size_t n = 0; n <= size; n++)
        feed(data, n);
    replayed++;
}

static void replay(const char *path)
{
    struct stat st;
    struct dirent *entry;
    char inside[PATH_MAX + NAME_MAX + 2];
    DIR *folder =
        stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    if (!folder)
        replay_file(path);
    while (folder && (entry = readdir(folder)))
    {
        if (*entry->d_name == '.')
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        replay_file(inside);
    }
    if (folder)
        closedir(folder);
}

static const char *where;

static void corpus(void)
{
    replay(where);
    CHECK(replayed > 0);
    printf("# %s: %zu inputs\n", where, replayed);
}

int main(int argc, char **argv)
{
    char folder[PATH_MAX];
    const char *name = strrchr(argv[0], '/');
    name = name ? name + 1 : argv[0];
    snprintf(folder, sizeof folder, "spec/fuzz/corpus/%.*s",
             (int)(strlen(name) - strlen("_fuzz")), name);
    where = argc > 1 ? argv[1] : folder;
    signal(SIGABRT, say_which);
    signal(SIGSEGV, say_which);
    TAP_CASE(corpus);
    return tap_done();
}
