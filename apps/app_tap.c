/* SPDX-License-Identifier: BSD-2-Clause
 * TAP interfaces of the kernel: opened, with sentences that say what is missing, and set. */
#include "app_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef TUNSETCARRIER
#define TUNSETCARRIER _IOW('T', 226, int)
#endif
#define DEVICE "/dev/net/tun"

/** Why the device of all TAP interfaces cannot be opened. */
static void explain_device(int problem, char *error, size_t bytes)
{
	if (problem == ENOENT || problem == ENODEV || problem == ENXIO)
		snprintf(error, bytes,
			"there is no " DEVICE ": load the kernel's module tun (modprobe tun), or give the container "
			"that device");
	else
		snprintf(error, bytes,
			"cannot open " DEVICE ": %s: its permissions (usually 0666) or the container's "
			"list of devices forbid it",
			strerror(problem));
}

/** Why the kernel does not give the interface. */
static void explain_name(const char *name, int problem, char *error, size_t bytes)
{
	switch (problem) {
	case EPERM:
		snprintf(error, bytes,
			"no permission for the TAP interface %s: as root, let a user open it with 'ip tuntap add dev "
			"%s "
			"mode tap user USER', or run in a network of its own with 'unshare -rn'",
			name, name);
		break;
	case EBUSY:
		snprintf(error, bytes,
			"the TAP interface %s is taken by another program: end it, or choose another name", name);
		break;
	case EINVAL:
		snprintf(error, bytes,
			"%s cannot be a TAP interface: there is another interface of this name, or one with several "
			"queues, or the name is not allowed; choose another one",
			name);
		break;
	default:
		snprintf(error, bytes, "cannot open the TAP interface %s: %s", name, strerror(problem));
	}
}

int app_tap_open(const char *name, char *error, size_t error_bytes)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	/* The kernel would cut a long name, and choose one where there is none, or one with a % */
	if (!*name || strlen(name) >= IFNAMSIZ || strchr(name, '%')) {
		snprintf(error, error_bytes,
			"'%s' is no name of an interface: 1 to %d characters are wanted, without %%", name,
			IFNAMSIZ - 1);
		return -EINVAL;
	}
	int fd = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		int problem = errno;
		explain_device(problem, error, error_bytes);
		return -problem;
	}
	strcpy(request.ifr_name, name);
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		int problem = errno;
		explain_name(name, problem, error, error_bytes);
		close(fd);
		return -problem;
	}
	/* An interface keeps what its last user was willing to do (checksums, segmentation), as QEMU. The kernel would
	 * leave that to us, too, and without a header in front does not even say so. */
	if (ioctl(fd, TUNSETOFFLOAD, 0) < 0) {
		int problem = errno;
		explain_name(name, problem, error, error_bytes);
		close(fd);
		return -problem;
	}
	return fd;
}

/** Asks for something that any socket can do for an interface. */
static int ask(const char *name, unsigned long what, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), state;

	if (fd < 0)
		return -errno;
	snprintf(request->ifr_name, IFNAMSIZ, "%s", name);
	state = ioctl(fd, what, request) < 0 ? -errno : 0;
	close(fd);
	return state;
}

int app_tap_up(const char *name)
{
	struct ifreq request = {.ifr_flags = 0};
	int state = ask(name, SIOCGIFFLAGS, &request);

	if (state || request.ifr_flags & IFF_UP)
		return state;
	request.ifr_flags |= IFF_UP;
	return ask(name, SIOCSIFFLAGS, &request);
}

int app_tap_set_mtu(const char *name, unsigned mtu)
{
	struct ifreq request = {.ifr_mtu = 0};
	int state = ask(name, SIOCGIFMTU, &request);

	if (state || request.ifr_mtu == (int)mtu)
		return state;
	request.ifr_mtu = (int)mtu;
	return ask(name, SIOCSIFMTU, &request);
}

int app_tap_set_mac(int fd, const uint8_t mac[6])
{
	struct ifreq request = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};

	memcpy(request.ifr_hwaddr.sa_data, mac, 6);
	return ioctl(fd, SIOCSIFHWADDR, &request) < 0 ? -errno : 0;
}

int app_tap_set_carrier(int fd, bool carrier)
{
	int value = carrier;

	return ioctl(fd, TUNSETCARRIER, &value) < 0 ? -errno : 0;
}
