# Makes the constants' X-macro list. Reads the names (constants.def) and asks the
# compiler `cc` which of them core/os_names.h defines: as macros, or as
# enumerators, which are words outside of all directives. Writes to `out` a line
# X(NAME, EXPRESSION) for each, in strcmp's order.

{
    sub(/#.*/, "")
    for (i = 1; i <= NF; i++) {
        if (split($i, part, "=") == 1)
            part[2] = part[1]
        expression[part[1]] = part[2]
    }
}

function read_headers(command) {
    command = cc " -D_GNU_SOURCE -Icsrc -E -dD csrc/core/os_names.h"
    while ((command | getline) > 0) {
        if ($1 == "#define") {
            macro[$2] = NF == 3 && $3 ~ /^[A-Za-z_][A-Za-z0-9_]*$/ ? $3 : ""
        } else if ($1 == "#undef") {
            delete macro[$2]
        } else if ($0 !~ /^#/) {
            gsub(/[^A-Za-z0-9_]+/, " ")
            for (i = 1; i <= NF; i++)
                word[$i] = 1
        }
    }
    return close(command)
}

# A macro that is but another name has to lead to one that is there.
function there(name, depth) {
    if (!(name in macro) || macro[name] == name || depth > 8)
        return name in word
    return macro[name] == "" || there(macro[name], depth + 1)
}

END {
    if (read_headers() != 0)
        exit 1
    sort = "LC_ALL=C sort >" out
    for (name in expression) {
        what = expression[name]
        if (what ~ /^[0-9]/ || there(what, 0))
            printf "X(%s, %s)\n", name, what | sort
    }
    exit close(sort)
}
