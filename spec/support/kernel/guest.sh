# What happens in the machine: the specs run, and say what has carried data.
export TIDEWIRE_CARRIED=/tmp/carried
uname -sr
status=0
${TIDEWIRE_LUA:-lua5.4} spec/support/busted.lua ${@:-spec/kernel/*_spec.lua} || status=$?
[ ! -e $TIDEWIRE_CARRIED ] || { echo "What has carried data:"; sort -u $TIDEWIRE_CARRIED; }
exit $status
