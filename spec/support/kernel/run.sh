#!/bin/sh
# Runs specs under Debian's own kernel in an emulated machine: it has socket
# families that the kernel outside may lack. Arguments: spec files. The exit
# status is the specs' own. $TIDEWIRE_BUILD is the folder of build products.
set -eu

LIMIT=900 # seconds for everything that happens in the machine
FIRST="virtio_pci 9pnet_virtio 9p overlay" # modules to reach the host's files
here=$(dirname "$0")
out=$TIDEWIRE_BUILD/kernel

[ "$(uname -m)" = x86_64 ] || { echo "only on x86_64" >&2; exit 1; }
sh spec/support/deps.sh qemu-system-x86 busybox-static iproute2
mkdir -p "$out"

# Which package it is changes with every update of the kernel.
name_kernel() {
    package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p')
    version=${package#linux-image-}
}

# Unpacks the kernel without installing it: nothing else is to boot from it. Of
# its modules, those for networks; the others are ten times as large.
unpack_kernel() (
    cd "$out"
    apt-get download -q -o APT::Sandbox::User=root "$package"
    rm -rf new
    mkdir new
    dpkg-deb --fsys-tarfile "$package"_*.deb | tar -x -C new --wildcards "./boot/vmlinuz-*" \
        "./lib/modules/*/modules.*" "./lib/modules/*/kernel/arch" "./lib/modules/*/kernel/crypto" \
        "./lib/modules/*/kernel/drivers/net" "./lib/modules/*/kernel/drivers/virtio" \
        "./lib/modules/*/kernel/fs" "./lib/modules/*/kernel/lib" "./lib/modules/*/kernel/net"
    rm "$package"_*.deb
    busybox depmod -b new "$version"
    mv new "$version"
)

# The kernel is in $root: it is installed, or was unpacked before, or is now.
find_kernel() {
    name_kernel
    root=""
    [ ! -r "/boot/vmlinuz-$version" ] || return 0
    root=$out/$version
    [ ! -d "$root/boot" ] || return 0
    apt-get update -q >/dev/null || true
    name_kernel
    root=$out/$version
    unpack_kernel
}

# What the machine starts with: busybox, `init` and a few modules.
pack_initrd() (
    modules=lib/modules/$version
    rm -rf "$out/initrd"
    mkdir -p "$out/initrd/$modules"
    cd "$out/initrd"
    mkdir bin sbin proc dev host layer root
    cp "$(command -v busybox)" bin
    ln -s /bin/busybox sbin/modprobe
    for module in $FIRST; do
        sed -n "/\/$module\.ko[.a-z]*:/s/://p" "$root/$modules/modules.dep"
    done | tr ' ' '\n' | sort -u | (cd "$root/$modules" && tar -c -T -) | tar -x -C "$modules"
    cp "$root/$modules/modules.dep" "$modules"
    cp "$OLDPWD/$here/init" init
    chmod +x init
    echo "$out/job $root/$modules" >where
    find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 >../initrd.gz
)

write_job() {
    echo "cd '$PWD'"
    for name in PATH LUA_PATH LUA_CPATH TIDEWIRE_BUILD TIDEWIRE_LUA TIDEWIRE_BACKEND; do
        eval "[ -z \"\${$name:-}\" ] || echo \"export $name='\$$name'\""
    done
    echo "exec sh $here/guest.sh $*"
}

boot() {
    timeout --foreground "$LIMIT" qemu-system-x86_64 -machine pc -accel tcg -cpu max \
        -smp 2 -m 1024 -nodefaults -no-user-config -no-reboot -display none -net none \
        -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
        -serial stdio -serial "file:$out/status" \
        -kernel "$root/boot/vmlinuz-$version" -initrd "$out/initrd.gz" \
        -append "console=ttyS0 panic=-1 loglevel=3 mitigations=off nokaslr" </dev/null
}

find_kernel
pack_initrd
write_job "$@" >"$out/job"
rm -f "$out/status"
boot || true
if ! read -r status <"$out/status"; then
    echo "the machine has failed, or needed more than $LIMIT s" >&2
    exit 1
fi
exit "$status"
