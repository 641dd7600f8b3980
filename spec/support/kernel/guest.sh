# What happens in the machine: the given specs run; or those for this machine, then
# the numbered cases over SCTP. They say what has carried data.
export TIDEWIRE_CARRIED=/tmp/carried
status=0
busted() {
    ${TIDEWIRE_LUA:-lua5.4} spec/support/busted.lua "$@" || status=$?
}

uname -sr
if [ $# -gt 0 ]; then
    busted "$@"
else
    busted spec/kernel/*_spec.lua
    busted --filter='%[sctp' spec/parity/*_spec.lua
fi
[ ! -e $TIDEWIRE_CARRIED ] || { echo "What has carried data:"; sort -u $TIDEWIRE_CARRIED; }
exit $status
