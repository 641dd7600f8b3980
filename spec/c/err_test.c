/* Names and texts of result codes. */
#include "core/err.h"
#include "tap.h"

static void names_of_errno(void)
{
    CHECK_STR(tw_err_name(-ECONNREFUSED), "ECONNREFUSED");
    CHECK_STR(tw_err_name(-EAGAIN), "EAGAIN");
    CHECK_STR(tw_err_name(-EINTR), "EINTR");
    CHECK_STR(tw_err_text(-ECONNREFUSED), "Connection refused");
    CHECK_STR(tw_err_text(-ENOENT), "No such file or directory");
    for (int e = 1; e <= 133; e++)
    {
        if (e == 41 || e == 58) /* numbers that Linux does not use */
            continue;
        CHECK(tw_err_name(-e)[0] == 'E');
        CHECK(strcmp(tw_err_name(-e), "EUNKNOWN") != 0);
        CHECK(tw_err_text(-e)[0] != '\0');
    }
}

static void names_of_our_own(void)
{
    static const struct
    {
        int code;
        const char *name;
    } rows[] = {
        {TW_EOF, "eof"},           {TW_WANT_READ, "EAGAIN"},
        {TW_WANT_WRITE, "EAGAIN"}, {TW_WANT_TIME, "EAGAIN"},
        {TW_WANT_RETRY, "EINTR"},  {TW_ETIMEDOUT, "timeout"},
        {TW_ECLOSED, "closed"},    {TW_ECANCELLED, "cancelled"},
        {TW_EDENIED, "denied"},    {TW_ETOOLONG, "EMSGSIZE"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
        CHECK_STR(tw_err_name(rows[i].code), rows[i].name);
        CHECK(tw_err_text(rows[i].code)[0] != '\0');
    }
    CHECK_STR(tw_err_text(TW_EOF), "end of stream");
    CHECK_STR(tw_err_text(TW_ETIMEDOUT), "timed out");
    CHECK_STR(tw_err_text(TW_WANT_READ), tw_err_text(-EAGAIN));
    CHECK_STR(tw_err_text(TW_WANT_RETRY), tw_err_text(-EINTR));
}

#define EAI(name)                                                              \
    CHECK_STR(tw_err_name(TW_ERESOLVE + name), #name);                         \
    CHECK_STR(tw_err_text(TW_ERESOLVE + name), gai_strerror(name))

static void names_of_the_resolver(void)
{
    EAI(EAI_ADDRFAMILY);
    EAI(EAI_AGAIN);
    EAI(EAI_BADFLAGS);
    EAI(EAI_FAIL);
    EAI(EAI_FAMILY);
    EAI(EAI_MEMORY);
    EAI(EAI_NODATA);
    EAI(EAI_NONAME);
    EAI(EAI_OVERFLOW);
    EAI(EAI_SERVICE);
    EAI(EAI_SOCKTYPE);
    EAI(EAI_IDN_ENCODE);
}

#define HOST(name)                                                             \
    CHECK_STR(tw_err_name(TW_EHOST - name), #name);                            \
    CHECK_STR(tw_err_text(TW_EHOST - name), hstrerror(name))

static void names_of_the_older_resolver(void)
{
    HOST(HOST_NOT_FOUND);
    HOST(TRY_AGAIN);
    HOST(NO_RECOVERY);
    HOST(NO_DATA);
    CHECK_STR(tw_err_text(TW_EHOST - HOST_NOT_FOUND), "Unknown host");
}

static void unknown_codes(void)
{
    CHECK_STR(tw_err_name(-5000), "EUNKNOWN");
    CHECK_STR(tw_err_text(-5000), "Unknown error");
    CHECK_STR(tw_err_name(TW_ERESOLVE - 9000), "EUNKNOWN");
    CHECK(tw_err_text(TW_ERESOLVE - 9000)[0] != '\0');
    CHECK_STR(tw_err_name(TW_ERESOLVE), "EUNKNOWN");
    CHECK_STR(tw_err_name(12345), "EUNKNOWN");
    CHECK_STR(tw_err_text(12345), "Unknown error");
}

static void wants(void)
{
    CHECK(tw_err_want(TW_WANT_READ));
    CHECK(tw_err_want(TW_WANT_WRITE));
    CHECK(tw_err_want(TW_WANT_TIME));
    CHECK(tw_err_want(TW_WANT_RETRY));
    CHECK(!tw_err_want(TW_EOF));
    CHECK(!tw_err_want(TW_WANT_RETRY - 1));
    CHECK(!tw_err_want(TW_ETIMEDOUT));
    CHECK(!tw_err_want(-EAGAIN));
    CHECK(!tw_err_want(0));
    CHECK(!tw_err_want(1));
}

int main(void)
{
    TAP_CASE(names_of_errno);
    TAP_CASE(names_of_our_own);
    TAP_CASE(names_of_the_resolver);
    TAP_CASE(names_of_the_older_resolver);
    TAP_CASE(unknown_codes);
    TAP_CASE(wants);
    return tap_done();
}
