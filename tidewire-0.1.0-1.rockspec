rockspec_format = "3.0"
package = "tidewire"
version = "0.1.0-1"
source = { url = "git+file://." }
description = {
    summary = "Sockets for Lua that read like Python's and run like C",
    license = "MIT",
}
dependencies = { "lua >= 5.4, < 5.5" }
build = {
    type = "make",
    build_variables = { CFLAGS = "$(CFLAGS)" },
    install_variables = { PREFIX = "$(PREFIX)" },
}
