/*
 * Files below a folder, with no way out of it: what http.files opens. The path
 * comes from outside, and what it leads to may change while it is followed. So
 * the kernel is told where it has to stay (openat2); one without that follows
 * no symbolic links at all, as we go from folder to folder ourselves.
 */
#include "mod/http/module.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROOT "tidewire.http.root"
#define FILE_TYPE "tidewire.http.file"

enum
{
    SMALL = 16 << 10, /* files up to here are read at once, on the stack */
    RACES = 32,       /* renames that one path may meet with */
    SETTLED = 2,      /* seconds after a change when the next one shows */
    NAMES = 16 << 10  /* bytes of a folder's names at a time */
};

/* Opening must not wait for a FIFO's other end, or take a terminal over. */
enum
{
    FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
};

struct root
{
    int fd;      /* of the folder; -1: closed */
    bool follow; /* symbolic links, as far as they stay inside */
    bool walk;   /* the kernel has no openat2 */
};

/* Its user values. */
enum
{
    SPARE = 1, /* see spare_file */
    PATH = 2   /* absolute: what it is opened by again */
};

struct file
{
    int fd; /* -1: closed */
};

static void drop(int *fd)
{
    int old = *fd;
    *fd = -1;
    if (old >= 0)
        close(old);
}

/* -- opening ------------------------------------------------------------- */

/* The descriptor, or -errno. */
static int open_beneath(const struct root *root, const char *path)
{
    const struct open_how how = {.flags = FLAGS,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
                                     (root->follow ? 0 : RESOLVE_NO_SYMLINKS)};
    int tries = RACES;
    long fd;
    /* EAGAIN: what was renamed meanwhile may have led out. */
    do
        fd = syscall(SYS_openat2, root->fd, path, &how, sizeof how);
    while (fd < 0 && (errno == EAGAIN || errno == EINTR) && --tries > 0);
    return fd < 0 ? -errno : (int)fd;
}

/* One component of a path, `rest` behind it; the next descriptor, or -errno. */
static int step(int dir, const char *name, size_t len, const char *rest)
{
    char copy[NAME_MAX + 1];
    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    if (len == 2 && memcmp(name, "..", 2) == 0)
        return -EXDEV;
    memcpy(copy, name, len);
    copy[len] = '\0';
    int between = O_PATH | O_DIRECTORY | O_CLOEXEC;
    int fd = openat(dir, copy, O_NOFOLLOW | (*rest ? between : FLAGS));
    return fd < 0 ? -errno : fd;
}

/* Ditto as open_beneath, without links and without the kernel's help. */
static int walk(const struct root *root, const char *path)
{
    int dir = root->fd;
    int fd = -ENOENT;
    do
    {
        size_t len = strcspn(path, "/");
        fd = step(dir, path, len, path + len);
        if (dir != root->fd)
            close(dir);
        dir = fd;
        path += len;
        /* "a/" is the folder a: then its "." comes next. */
        if (*path)
            path += strspn(path, "/");
        else
            return fd;
        path = *path ? path : ".";
    } while (fd >= 0);
    return fd;
}

/* Opens what the path leads to if that is a file or a folder: as above. */
static int open_path(struct root *root, const char *path, struct stat *st)
{
    path += strspn(path, "/");
    path = *path ? path : ".";
    int fd = root->walk ? -ENOSYS : open_beneath(root, path);
    /* EPERM: the call may be forbidden to this process (seccomp). */
    if (fd == -ENOSYS || fd == -EPERM)
    {
        root->walk = root->walk || fd == -ENOSYS;
        fd = walk(root, path);
    }
    if (fd < 0)
        return fd;
    int rc = fstat(fd, st) < 0 ? -errno : 0;
    if (rc == 0 && !S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
        rc = -ENOENT;
    if (rc < 0)
        close(fd);
    return rc < 0 ? rc : fd;
}

/* -- files --------------------------------------------------------------- */

static int file_close(lua_State *L)
{
    struct file *file = luaL_checkudata(L, 1, FILE_TYPE);
    drop(&file->fd);
    return 0;
}

/* file:fileno() -> its descriptor; -1 once it is closed */
static int file_fileno(lua_State *L)
{
    const struct file *file = luaL_checkudata(L, 1, FILE_TYPE);
    lua_pushinteger(L, file->fd);
    return 1;
}

/* A closed file, on the stack: made before there is a descriptor to lose. */
static struct file *new_file(lua_State *L)
{
    struct file *file = lua_newuserdatauv(L, sizeof *file, 0);
    file->fd = -1;
    luaL_setmetatable(L, FILE_TYPE);
    return file;
}

/* -- the root ------------------------------------------------------------ */

static struct root *check_root(lua_State *L)
{
    struct root *root = luaL_checkudata(L, 1, ROOT);
    if (root->fd < 0)
        luaL_error(L, "the root is closed");
    return root;
}

/* nil, what happened to which path, the error's name. Returns 3. */
static int fail(lua_State *L, int rc, const char *path)
{
    lua_pushnil(L);
    lua_pushfstring(L, "open %s: %s", path, strerror(-rc));
    lua_pushstring(L, strerrorname_np(-rc));
    return 3;
}

static int open_root(const char *path)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int root_close(lua_State *L)
{
    struct root *root = luaL_checkudata(L, 1, ROOT);
    drop(&root->fd);
    return 0;
}

/* root:reopen(): follows its path again, which may be a link that has been
   changed. What cannot be opened now leaves the folder there was. */
static int root_reopen(lua_State *L)
{
    struct root *root = check_root(L);
    lua_getiuservalue(L, 1, PATH);
    int fd = open_root(lua_tostring(L, -1));
    if (fd >= 0)
    {
        drop(&root->fd);
        root->fd = fd;
    }
    return 0;
}

/* Reads as much as the file had; bytes, or -errno: -EAGAIN if it has less. */
static ssize_t read_small(int fd, char *data, size_t size)
{
    size_t have = 0;
    while (have < size)
    {
        ssize_t n = read(fd, data + have, size - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EAGAIN;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

/* Pushes a closed file: the one that the last call had no use for. */
static void push_spare(lua_State *L)
{
    if (lua_getiuservalue(L, 1, SPARE) == LUA_TUSERDATA)
        return;
    new_file(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, SPARE);
}

/* Pushes what a file or folder is; takes the descriptor. 0 or -errno. */
static int push_loaded(lua_State *L, int fd, const struct stat *st)
{
    char data[SMALL];
    if (S_ISREG(st->st_mode) && st->st_size > SMALL)
    {
        struct file *spare = lua_touserdata(L, -1);
        spare->fd = fd;
        lua_pushnil(L);
        lua_setiuservalue(L, 1, SPARE);
        return 0;
    }
    size_t size = (size_t)st->st_size;
    ssize_t n = S_ISREG(st->st_mode) ? read_small(fd, data, size) : 0;
    close(fd);
    if (S_ISREG(st->st_mode) && n >= 0)
        lua_pushlstring(L, data, (size_t)n);
    else
        lua_pushboolean(L, false);
    return n < 0 ? (int)n : 0;
}

/* Those that do not fit, of years far from ours, are the last that do. */
static lua_Integer nanoseconds(const struct timespec *t)
{
    const int64_t second = 1000000000, last = INT64_MAX / second - 1;
    if (t->tv_sec > last || t->tv_sec < -last)
        return (t->tv_sec > 0 ? last : -last) * second;
    return t->tv_sec * second + t->tv_nsec;
}

/* What tells a version of a file from all others. */
struct version
{
    uint64_t dev, ino, size;
    struct timespec modified, changed;
};

static struct version version_of(const struct stat *st)
{
    return (struct version){.dev = st->st_dev,
                            .ino = st->st_ino,
                            .size = (uint64_t)st->st_size,
                            .modified = st->st_mtim,
                            .changed = st->st_ctim};
}

/* Pushes the version of contents that have been read, as bytes; nil if it may
   be changed again within the same tick of the clock, or a link may come to
   lead there. */
static void push_version(lua_State *L, const struct root *root,
                         const struct stat *st)
{
    const struct version version = version_of(st);
    if (root->follow && st->st_size <= SMALL &&
        st->st_ctim.tv_sec + SETTLED <= time(NULL))
        lua_pushlstring(L, (const char *)&version, sizeof version);
    else
        lua_pushnil(L);
}

/* True if the path leads to the file whose version is at 3, wherever it may lie
   now: this file has been read below the root. */
static bool is_known(lua_State *L, const struct root *root, const char *path)
{
    size_t len;
    const char *known = lua_tolstring(L, 3, &len);
    struct stat st;
    path += strspn(path, "/");
    if (!known || fstatat(root->fd, path, &st, 0) < 0)
        return false;
    const struct version version = version_of(&st);
    return len == sizeof version && memcmp(known, &version, len) == 0;
}

/*
 * root:load(path [, version]) -> a small file's contents as a string, an open
 * file, or false for a folder; its size in bytes; when it was changed, in
 * nanoseconds since 1970; its version, of contents that may be kept. True alone
 * if it is of that version still. Or nil, message, code: EXDEV for what leads
 * out, EAGAIN for what is just being changed.
 */
static int root_load(lua_State *L)
{
    struct root *root = check_root(L);
    size_t len;
    const char *path = luaL_checklstring(L, 2, &len);
    lua_settop(L, 3);
    if (strlen(path) != len)
        return fail(L, -EINVAL, path);
    if (is_known(L, root, path))
    {
        lua_pushboolean(L, true);
        return 1;
    }
    push_spare(L);
    struct stat st;
    int rc = open_path(root, path, &st);
    if (rc >= 0)
        rc = push_loaded(L, rc, &st);
    if (rc < 0)
        return fail(L, rc, path);
    lua_pushinteger(L, (lua_Integer)st.st_size);
    lua_pushinteger(L, nanoseconds(&st.st_mtim));
    push_version(L, root, &st);
    return 4;
}

/* Adds the names in `data` to the list on top, a slash behind folders; true if
   there are `most` then. */
static bool add_names(lua_State *L, const char *data, ssize_t len, size_t most)
{
    for (ssize_t at = 0; at < len && lua_rawlen(L, -1) < most;)
    {
        const struct dirent64 *entry = (const void *)(data + at);
        at += entry->d_reclen;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        lua_pushfstring(L, entry->d_type == DT_DIR ? "%s/" : "%s",
                        entry->d_name);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
    return lua_rawlen(L, -1) >= most;
}

/* root:names(path, most) -> a list of what is in a folder, in no order, at most
   so many; or nil, message, code */
static int root_names(lua_State *L)
{
    struct root *root = check_root(L);
    const char *path = luaL_checkstring(L, 2);
    size_t most = (size_t)luaL_checkinteger(L, 3);
    struct file *file = new_file(L);
    lua_newtable(L);
    struct stat st;
    file->fd = open_path(root, path, &st);
    if (file->fd < 0)
        return fail(L, file->fd, path);
    _Alignas(struct dirent64) char data[NAMES];
    ssize_t n = 1;
    bool full = false;
    while (n > 0 && !full)
    {
        n = getdents64(file->fd, data, sizeof data);
        full = n > 0 && add_names(L, data, n, most);
    }
    int rc = n < 0 ? -errno : 0;
    drop(&file->fd);
    return rc < 0 ? fail(L, rc, path) : 1;
}

/*
 * root(path, follow) -> the folder at that path, to open files below it; links
 * that stay inside are followed if `follow` is true. Or nil, message, code. A
 * relative path is of the process's folder as it is now.
 */
static int http_root(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    char here[PATH_MAX] = "";
    struct root *root = lua_newuserdatauv(L, sizeof *root, PATH);
    *root = (struct root){.fd = -1, .follow = lua_toboolean(L, 2)};
    luaL_setmetatable(L, ROOT);
    if (*path != '/' && !getcwd(here, sizeof here))
        return fail(L, -errno, path);
    lua_pushfstring(L, "%s/%s", here, path);
    lua_setiuservalue(L, -2, PATH);
    root->fd = open_root(path);
    return root->fd < 0 ? fail(L, root->fd, path) : 1;
}

static void new_type(lua_State *L, const char *name, const luaL_Reg *methods,
                     lua_CFunction closef)
{
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, closef);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, closef);
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
}

void tw_http_open_file(lua_State *L)
{
    static const luaL_Reg root[] = {{"load", root_load},
                                    {"names", root_names},
                                    {"reopen", root_reopen},
                                    {"close", root_close},
                                    {NULL, NULL}};
    static const luaL_Reg file[] = {
        {"fileno", file_fileno}, {"close", file_close}, {NULL, NULL}};
    new_type(L, ROOT, root, root_close);
    new_type(L, FILE_TYPE, file, file_close);
    lua_pushcfunction(L, http_root);
    lua_setfield(L, -2, "root");
}
