#!/bin/busybox sh
# The first process of the machine: modules, a loopback-only network, the system bus, bluetoothd, and the relay.
/bin/busybox --install -s /usr/local/bin
export PATH=/usr/local/bin:/usr/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
for module in $(cat /modules.list); do
  insmod "/modules/$module" || echo "machine: insmod $module failed"
done
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
# A virtual air has no rate limit: the kernel would drop part of a burst of notifications.
echo 16777216 >/proc/sys/net/core/rmem_max
echo 16777216 >/proc/sys/net/core/rmem_default
mkdir -p /run/dbus /var/lib/bluetooth /var/lib/dbus
dbus-daemon --system --fork --nopidfile
# Anew when it ends, as systemd has it.
while :; do /usr/libexec/bluetooth/bluetoothd -n; echo "machine: bluetoothd ended with $?"; sleep 1; done &
exec /usr/bin/python3.11 -I -S /relay.py
