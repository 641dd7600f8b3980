# What happens in the machine.
uname -sr
exec ${TIDEWIRE_LUA:-lua5.4} spec/support/busted.lua ${@:-spec/kernel/*_spec.lua}
