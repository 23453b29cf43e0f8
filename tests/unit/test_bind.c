/* SPDX-License-Identifier: BSD-2-Clause
 * Giving devices to vfio-pci and back, on a made-up machine: plans, refusals, every call failing in turn, and
 * pollux-bind itself. What a real kernel does is not shown by this. */
#include "bind_kernel.h"

#define main bind_main
int bind_main(int argc, char **argv);
#include "../../apps/bind.c"
#undef main

static const char *const only_a[] = {CARD_A}, *const a_and_c[] = {CARD_A, CARD_C}, *const only_b[] = {CARD_B1},
			 *const only_c[] = {CARD_C};
static const struct bind_options as_they_are, group = {.whole_group = true, .force = true},
					      to_user = {.user = true, .uid = 12345, .gid = 12345};

static void expect_sentence(const char *part)
{
	if (!strstr(pollux_error(), part)) {
		fprintf(stderr, "    '%s' is not in: %s\n", part, pollux_error());
		CU_FAIL("another sentence was wanted");
	}
}

static int bind_all(const char *const *addresses, unsigned count, const struct bind_options *with)
{
	struct bind_plan plan;
	int error = bind_plan(&plan, addresses, count, with);

	if (!error)
		error = bind_run(&plan);
	bind_free(&plan);
	return error;
}

static int restore_all(const char *const *addresses, unsigned count, const struct bind_options *with)
{
	struct bind_plan plan;
	int error = restore_plan(&plan, addresses, count, with);

	if (!error)
		error = bind_run(&plan);
	bind_free(&plan);
	return error;
}

static void expect_same(const char *before, const char *when)
{
	char *now = snapshot();

	if (strcmp(before, now) != 0) {
		fprintf(stderr, "    %s: before:\n%s\nnow:\n%s\n", when, before, now);
		CU_FAIL("the machine is not as it was");
	}
	free(now);
}

static void binds_and_restores(void)
{
	begin();
	shell("mkdir run/pollux");
	char *before = snapshot();
	struct bind_plan plan;

	CU_ASSERT_EQUAL(bind_all(a_and_c, 2, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "vfio-pci");
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_C), "vfio-pci");
	/* again: nothing to do */
	CU_ASSERT_EQUAL(bind_plan(&plan, a_and_c, 2, &as_they_are), 0);
	CU_ASSERT_EQUAL(plan.count, 0);
	CU_ASSERT_EQUAL(restore_all(a_and_c, 2, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "ixgbe");
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_C), ""); /* had none */
	shell("rm dev/iommu; rmdir dev/vfio/devices");
	expect_same(before, "bound and restored");
	CU_ASSERT_EQUAL(restore_plan(&plan, a_and_c, 2, &as_they_are), 0);
	CU_ASSERT_EQUAL(plan.count, 0);
	free(before);
	remove_machine();
}

static void restores_without_a_note(void)
{
	begin();
	CU_ASSERT_EQUAL(bind_all(a_and_c, 2, &as_they_are), 0);
	shell("rm -r run/pollux");
	CU_ASSERT_EQUAL(restore_all(a_and_c, 2, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "ixgbe");
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_C), "ixgbe"); /* the kernel's choice */
	CU_ASSERT_STRING_EQUAL(shell("cat sys/bus/pci/devices/" CARD_A "/driver_override"), "(null)\n");
	remove_machine();
}

static void restores_a_driver_that_was_bound_by_hand_and_an_override(void)
{
	begin();
	link_driver(CARD_C, "custom"); /* by its new_id: the kernel would not choose it */
	link_driver(CARD_A, "custom");
	shell("echo custom >sys/bus/pci/devices/" CARD_A "/driver_override");
	CU_ASSERT_EQUAL(bind_all(a_and_c, 2, &as_they_are), 0);
	shell("rm -r sys/bus/pci/drivers/ixgbe");
	CU_ASSERT_EQUAL(restore_all(a_and_c, 2, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_C), "custom");
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "custom");
	CU_ASSERT_STRING_EQUAL(shell("cat sys/bus/pci/devices/" CARD_A "/driver_override"), "custom\n");
	remove_machine();
}

static void hands_nodes_to_a_user(void)
{
	begin();
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	CU_ASSERT_EQUAL(m.owner_count, 0);
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &to_user), 0);
	CU_ASSERT_EQUAL(m.settles, 1);
	CU_ASSERT_EQUAL_FATAL(m.owner_count, 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(m.owners[0].path, "/dev/vfio/14"));
	CU_ASSERT_EQUAL(m.owners[0].uid, 12345);
	CU_ASSERT_PTR_NOT_NULL(strstr(m.owners[1].path, "/dev/vfio/devices/vfio14"));
	CU_ASSERT_EQUAL(m.owners[1].uid, 12345);
	CU_ASSERT_PTR_NOT_NULL(strstr(m.owners[2].path, "/dev/iommu"));
	CU_ASSERT_EQUAL(m.owners[2].uid, 0);
	CU_ASSERT_EQUAL(m.owners[2].mode, 0666);
	unsigned calls = m.calls;
	struct bind_plan plan;
	CU_ASSERT_EQUAL(bind_plan(&plan, only_a, 1, &to_user), 0); /* they are the user's already */
	CU_ASSERT_EQUAL(plan.count, 0);
	CU_ASSERT_EQUAL(m.calls, calls);
	m.owners[2].mode = 0600; /* the node is the user's, but what it needs is not everybody's any more */
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &to_user), 0);
	CU_ASSERT_EQUAL(m.owners[2].mode, 0666);
	m.owner_count = 0;
	shell("rm dev/vfio/14"); /* a kernel without groups */
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &to_user), 0);
	CU_ASSERT_EQUAL(m.owner_count, 2);
	shell("rm dev/vfio/devices/vfio14");
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &to_user), -ENOENT);
	expect_sentence("/dev/vfio/devices/vfio14 to hand over");
	remove_machine();
}

/* Runs what --dry-run prints on the made-up machine, where nodes are files. @return the nodes that are handed over */
static char *hand_over_by_shell(void)
{
	struct bind_step step = {.action = BIND_NODES, .address = CARD_A, .group = 14, .uid = 12345, .gid = 12345};
	char text[512];

	bind_describe(&step, text, sizeof(text));
	shell("echo '%s' | sed 's,udevadm settle; ,,; s,chown 12345:12345,echo,; s,/dev/[vi],.&,g; s,/sys/,.&,g; s,-c "
	      ",-f ,g' >script",
		text);
	return shell("sh script 2>&1");
}

static void the_shell_hands_over_the_nodes_that_there_are(void)
{
	begin();
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(hand_over_by_shell(), "./dev/vfio/14\n./dev/vfio/devices/vfio14\n");
	CU_ASSERT_STRING_EQUAL(shell("stat -c %%a dev/iommu"), "666\n");
	shell("rm dev/vfio/14");
	CU_ASSERT_STRING_EQUAL(hand_over_by_shell(), "./dev/vfio/devices/vfio14\n");
	shell("touch dev/vfio/14; rm -r dev/iommu sys/bus/pci/devices/" CARD_A "/vfio-dev");
	CU_ASSERT_STRING_EQUAL(hand_over_by_shell(), "./dev/vfio/14\n");
	remove_machine();
}

static void loads_the_module(void)
{
	begin();
	shell("rm -r sys/bus/pci/drivers/vfio-pci");
	m.no_module = true;
	char *before = snapshot();
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), -ENOENT);
	expect_sentence("the kernel has no driver vfio-pci: modprobe vfio-pci (as root");
	expect_same(before, "no module");
	shell("rm proc/modules");
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), -ENOENT);
	expect_sentence("boot a kernel with CONFIG_VFIO_PCI: this one (6.1.0-1) lacks it");
	m.no_module = false;
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "vfio-pci");
	CU_ASSERT_EQUAL(m.loads, 3);
	free(before);
	remove_machine();
}

/* In every case the machine must stay as it is. */
static void refuse(
	const char *const *addresses, unsigned count, const struct bind_options *with, int error, const char *words)
{
	char *before = snapshot();
	int got = bind_all(addresses, count, with);

	if (got != -error) {
		fprintf(stderr, "    %d where %d was wanted: %s\n", got, -error, pollux_error());
		CU_FAIL("another error was wanted");
	}
	expect_sentence(words);
	expect_same(before, words);
	free(before);
}

static void refuse_restore(const char *const *addresses, int error, const char *words)
{
	char *before = snapshot();

	CU_ASSERT_EQUAL(restore_all(addresses, 1, &as_they_are), -error);
	expect_sentence(words);
	expect_same(before, words);
	free(before);
}

/* The whole sentence. */
static void refuse_whole(const char *const *addresses, const char *interface, const char *does)
{
	static const struct bind_options no_force = {.whole_group = true};
	char words[256];

	snprintf(words, sizeof(words),
		"%s is in use: its interface %s %s. That would be gone; take it away first, or --force", addresses[0],
		interface, does);
	refuse(addresses, 1, &no_force, EBUSY, words);
	CU_ASSERT_STRING_EQUAL(pollux_error(), words);
}

/* A default route, or one to 10.10.10.0/24. */
static void add_route(const char *interface, bool everywhere)
{
	shell("printf 'Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\\n%s %s 00000000 0001 0 "
	      "0 0 %s 0 0 0\\n' "
	      ">proc/net/route",
		interface, everywhere ? "00000000" : "000A0A0A", everywhere ? "00000000" : "00FFFFFF");
}

static void refuses_what_would_be_missed(void)
{
	static const char *const no_such[] = {CARD_A, "0000:99:00.0"}, *const nonsense[] = {"eth0"},
				 *const sound[] = {CARD_B2}, *const bare[] = {CARD_D};

	begin();
	refuse(no_such, 2, &as_they_are, ENOENT, "there is no PCI device 0000:99:00.0");
	refuse(nonsense, 1, &as_they_are, EINVAL, "'eth0' is not a PCI address");
	refuse(sound, 1, &as_they_are, EINVAL, CARD_B2 " is not a network device (class 0403)");
	refuse(bare, 1, &as_they_are, ENOTSUP, CARD_D " is behind no IOMMU, so nothing would keep its DMA");
	expect_sentence("or give the virtual machine one, and boot with intel_iommu=on");
	refuse(only_b, 1, &as_they_are, EPERM,
		"with " CARD_B2 ", which is bound to snd_hda_intel: they can only be used together; --group");
	refuse_whole(only_b, "lo", "has the address 127.0.0.1");
	m.labelled = true;
	refuse_whole(only_b, "lo", "has the address 127.0.0.1");
	add_route("lo", true);
	refuse_whole(only_b, "lo", "carries the default route");
	add_route("polluxa", false);
	refuse_whole(only_a, "polluxa", "carries a route");
	add_route("polluxa", true);
	refuse_whole(only_a, "polluxa", "carries the default route");
	shell("rm proc/net/route; z=00000000000000000000000000000000; echo \"$z 00 $z 00 $z 00000400 00000001 00000000 "
	      "00000003  polluxa\" "
	      ">proc/net/ipv6_route");
	refuse_whole(only_a, "polluxa", "carries the default route");
	shell("z=00000000000000000000000000000000; { echo \"fe800000000000000000000000000000 40 $z 00 $z 00000100 "
	      "00000001 00000000 "
	      "00000001  polluxa\"; "
	      "echo \"ff000000000000000000000000000000 08 $z 00 $z 00000100 00000001 00000000 00000001  polluxa\"; "
	      "echo \"$z 00 $z 00 $z ffffffff 00000001 00000000 00200200       lo\"; } >proc/net/ipv6_route");
	shell("ln -s ../../../../virtual/net/polluxa.5 sys/devices/pci0000:00/" CARD_A "/net/polluxa/upper_polluxa.5");
	refuse_whole(only_a, "polluxa", "is part of the bridge, bond or VLAN polluxa.5");
	shell("ln -s ../../../../virtual/net/br0 sys/devices/pci0000:00/" CARD_A "/net/polluxa/master");
	refuse_whole(only_a, "polluxa", "is part of the bridge, bond or VLAN br0");
	shell("rm sys/devices/pci0000:00/" CARD_A "/net/polluxa/master sys/devices/pci0000:00/" CARD_A
	      "/net/polluxa/upper_polluxa.5");
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0); /* what every interface has is no use */
	remove_machine();
}

static void binds_whole_groups_by_force(void)
{
	begin();
	shell("mkdir run/pollux");
	char *before = snapshot();
	CU_ASSERT_EQUAL(bind_all(only_b, 1, &group), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_B1), "vfio-pci");
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_B2), "vfio-pci");
	CU_ASSERT_EQUAL(restore_all(only_b, 1, &group), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_B1), "ixgbe");
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_B2), "snd_hda_intel");
	shell("rm dev/iommu; rmdir dev/vfio/devices");
	expect_same(before, "a group bound and restored");
	free(before);
	remove_machine();
}

static void a_driver_that_does_not_take_it_is_undone(void)
{
	begin();
	shell("mkdir run/pollux");
	m.vfio_refuses = true;
	refuse(a_and_c, 2, &as_they_are, ENODEV, "vfio-pci did not take " CARD_A);
	expect_sentence("all is as it was before");
	remove_machine();
}

static void is_not_taken_from_a_process(void)
{
	begin();
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	char *before = snapshot();
	for (unsigned node = 0; node < 2; node++) {
		shell("rm -rf proc/4711; mkdir -p proc/4711/fd proc/self; echo pollux-fwd >proc/4711/comm; ln -s "
		      "/dev/null proc/4711/fd/0; "
		      "ln -s %s proc/4711/fd/7",
			node ? "/dev/vfio/devices/vfio14" : "/dev/vfio/14");
		CU_ASSERT_EQUAL(restore_all(only_a, 1, &as_they_are), -EBUSY);
		expect_sentence(CARD_A " is in use by process 4711 (pollux-fwd)");
	}
	expect_same(before, "in use");
	shell("rm -r proc/4711");
	CU_ASSERT_EQUAL(restore_all(only_a, 1, &as_they_are), 0);
	free(before);
	remove_machine();
}

/* Has the device's link switches of power saving, L0s and L1: '1' is on. */
static void saves_power(const char *address, char l0s, char l1)
{
	shell("d=sys/bus/pci/devices/%s/link; mkdir -p $d; echo %c >$d/l0s_aspm; echo %c >$d/l1_aspm; echo 1 "
	      ">$d/l1_1_aspm; echo 1 >$d/clkpm",
		address, l0s, l1);
}

static void expect_power(const char *states)
{
	CU_ASSERT_STRING_EQUAL(
		shell("cd sys/bus/pci/devices/" CARD_A "/link; cat l0s_aspm l1_aspm l1_1_aspm clkpm"), states);
}

static void the_link_saves_no_power_while_bound(void)
{
	struct bind_plan plan;

	begin();
	saves_power(CARD_A, '0', '1');
	CU_ASSERT_EQUAL(run_main(bind_main, "bind --dry-run " CARD_A), 0);
	expect_output("{ printf 'ixgbe\\n\\n'; cat /proc/sys/kernel/random/boot_id; echo 'l1_aspm'; } > ");
	expect_output("/drivers_probe\necho 0 > /sys/bus/pci/devices/" CARD_A "/link/l1_aspm\n");
	expect_power("0\n1\n1\n1\n");
	CU_ASSERT_EQUAL(run_main(bind_main, "status " CARD_A), 0);
	expect_output("    driver ixgbe, IOMMU group 14, NUMA node 1, ASPM L1\n");
	char *before = snapshot();
	CU_ASSERT_EQUAL(run_main(bind_main, "bind " CARD_A), 0);
	expect_output(", ASPM off\n");
	expect_power("0\n0\n1\n1\n"); /* L1.1 is a part of L1, and the clock no part of ASPM */
	CU_ASSERT_STRING_EQUAL(shell("cat run/pollux/" CARD_A), "ixgbe\n\nthis-boot\nl1_aspm\n");
	CU_ASSERT_EQUAL(bind_plan(&plan, only_a, 1, &as_they_are), 0);
	CU_ASSERT_EQUAL(plan.count, 0);
	CU_ASSERT_EQUAL(run_main(bind_main, "--json status " CARD_A), 0);
	expect_output("\"aspm\":\"off\"");
	CU_ASSERT_EQUAL(run_main(bind_main, "restore --dry-run " CARD_A), 0);
	expect_output("echo 1 > /sys/bus/pci/devices/" CARD_A "/link/l1_aspm\necho " CARD_A
		      " > /sys/bus/pci/drivers_probe\n"); /* the driver comes last, which may know better */
	CU_ASSERT_EQUAL(restore_all(only_a, 1, &as_they_are), 0);
	shell("rm -r dev/iommu dev/vfio/devices run/pollux");
	expect_same(before, "bound and restored");
	free(before);
	/* unbound by hand, it is still noted */
	saves_power(CARD_A, '1', '1');
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	expect_power("0\n0\n1\n1\n");
	leave(CARD_A, "vfio-pci");
	CU_ASSERT_EQUAL(restore_all(only_a, 1, &as_they_are), 0);
	expect_power("1\n1\n1\n1\n");
	remove_machine();
}

static void every_call_failing_in_turn_is_undone(void)
{
	/* bound: CARD_A and CARD_C, and their nodes handed over; restored: the same */
	for (unsigned way = 0; way < 2; way++) {
		unsigned at;

		for (at = 1; at < 100; at++) {
			begin();
			shell("mkdir -p run/pollux dev/vfio/devices && touch dev/iommu");
			saves_power(CARD_A, '1', '1');
			if (way)
				CU_ASSERT_EQUAL(bind_all(a_and_c, 2, &as_they_are), 0);
			char *before = snapshot();
			m.fail_at = m.calls + at;
			int error = way ? restore_all(a_and_c, 2, &as_they_are) : bind_all(a_and_c, 2, &to_user);
			CU_ASSERT_EQUAL(error, m.failed ? -EIO : 0);
			if (m.failed) {
				expect_sentence("all is as it was before");
				expect_same(before, pollux_error());
				for (unsigned i = 0; i < m.owner_count; i++)
					CU_ASSERT(m.owners[i].uid == 0 &&
						  (m.owners[i].mode == 0 || m.owners[i].mode == 0600));
			}
			/* and what failed once works the next time */
			m.fail_at = 0;
			int again = way ? restore_all(a_and_c, 2, &as_they_are) : bind_all(a_and_c, 2, &to_user);
			if (again)
				fprintf(stderr, "    way %u, call %u: %s\n", way, at, pollux_error());
			CU_ASSERT_EQUAL(again, 0);
			CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), way ? "ixgbe" : "vfio-pci");
			free(before);
			remove_machine();
			if (!error)
				break;
		}
		CU_ASSERT(at > (way ? 8 : 15)); /* so many calls there are at least */
	}
}

static void a_write_cut_short_is_an_error(void)
{
	begin();
	shell("mkdir run/pollux");
	m.cut_off = true;
	refuse(only_a, 1, &as_they_are, EIO, "cannot note the driver of " CARD_A);
	expect_sentence("Input/output error");
	m.cut_off = false;
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	m.cut_off = true;
	refuse(only_c, 1, &as_they_are, EIO, "cannot note the driver of " CARD_C);
	CU_ASSERT_EQUAL(restore_all(only_a, 1, &as_they_are), -EIO);
	expect_sentence("cannot write '" CARD_A "' to ");
	remove_machine();
}

static void a_failure_to_undo_is_told(void)
{
	begin();
	m.vfio_refuses = true;
	shell("rm sys/bus/pci/drivers/ixgbe/bind");
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), -ENODEV);
	expect_sentence("nor could all be put back: cannot write '" CARD_A "' to ");
	remove_machine();
}

static void a_note_that_makes_no_sense_is_none(void)
{
	begin();
	CU_ASSERT_EQUAL(bind_all(only_c, 1, &as_they_are), 0);
	shell("printf '../../evil\\n\\nthis-boot\\n' >run/pollux/" CARD_C);
	CU_ASSERT_EQUAL(restore_all(only_c, 1, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_C), "ixgbe");
	remove_machine();
}

static void the_note_of_the_first_driver_stays(void)
{
	begin();
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	leave(CARD_A, "vfio-pci"); /* by hand */
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "");
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(shell("cat run/pollux/" CARD_A), "ixgbe\n\nthis-boot\n");
	CU_ASSERT_EQUAL(restore_all(only_a, 1, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "ixgbe");
	CU_ASSERT_STRING_EQUAL(shell("cat sys/bus/pci/devices/" CARD_A "/driver_override"), "(null)\n");
	remove_machine();
}

static void a_note_of_another_boot_is_none(void)
{
	struct bind_plan plan;

	begin();
	/* it survived a reboot, after which the kernel gave the card to ixgbe; nobody bound it since */
	shell("mkdir -p run/pollux && printf 'custom\\n\\nlast-boot\\n' >run/pollux/" CARD_A);
	CU_ASSERT_EQUAL(restore_plan(&plan, only_a, 1, &as_they_are), 0);
	CU_ASSERT_EQUAL(plan.count, 0);
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	CU_ASSERT_EQUAL(restore_all(only_a, 1, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "ixgbe");
	/* and with a card that has no driver, and had none when it was bound in this boot */
	shell("printf 'custom\\n\\nlast-boot\\n' >run/pollux/" CARD_C);
	CU_ASSERT_EQUAL(bind_all(only_c, 1, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(shell("cat run/pollux/" CARD_C), "\n\nthis-boot\n");
	CU_ASSERT_EQUAL(restore_all(only_c, 1, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_C), "");
	remove_machine();
}

/* An override that somebody left does not name the driver of before. */
static void a_left_over_override_is_not_noted(void)
{
	static const char *const overrides[] = {"vfio-pci", "uio_pci_generic"};

	for (unsigned i = 0; i < 2; i++) {
		begin();
		shell("echo %s >sys/bus/pci/devices/" CARD_A "/driver_override", overrides[i]);
		CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
		CU_ASSERT_STRING_EQUAL(shell("cat run/pollux/" CARD_A), "ixgbe\n\nthis-boot\n");
		CU_ASSERT_EQUAL(restore_all(only_a, 1, &as_they_are), 0);
		CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "ixgbe");
		CU_ASSERT_STRING_EQUAL(shell("cat sys/bus/pci/devices/" CARD_A "/driver_override"), "(null)\n");
		remove_machine();
	}
	begin();
	shell("echo vfio-pci >sys/bus/pci/devices/" CARD_C "/driver_override"); /* and so it has no driver */
	CU_ASSERT_EQUAL(bind_all(only_c, 1, &as_they_are), 0);
	CU_ASSERT_EQUAL(restore_all(only_c, 1, &as_they_are), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_C), "ixgbe"); /* the kernel's choice */
	remove_machine();
}

static void restoring_to_a_kernel_that_wants_vfio_pci_is_an_error(void)
{
	begin();
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	shell("rm -r run/pollux sys/bus/pci/drivers/ixgbe");
	m.claims_all = true; /* by its option ids= */
	refuse_restore(only_a, EBUSY, "the kernel gives " CARD_A " to vfio-pci again: its option ids=");
	remove_machine();
}

static void add_virtual_functions(void)
{
	add_device("0000:03:10.0", "0x10ed", "0x020000", 17, "");
	add_device("0000:03:10.2", "0x10ed", "0x020000", 18, "");
	shell("cd sys/devices/pci0000:00/" CARD_A
	      " && echo 2 >sriov_numvfs && ln -s ../0000:03:10.0 virtfn0 && ln -s ../0000:03:10.2 virtfn1");
}

static void virtual_functions_are_a_use(void)
{
	begin();
	add_virtual_functions();
	refuse(only_a, 1, &as_they_are, EBUSY,
		CARD_A " is in use: it has 2 virtual functions (echo 0 > /sys/bus/pci/devices/" CARD_A
		       "/sriov_numvfs removes them). That would be gone; take it away first, or --force");
	shell("mkdir -p proc/4711/fd; echo qemu >proc/4711/comm; ln -s /dev/vfio/18 proc/4711/fd/5");
	refuse(only_a, 1, &as_they_are, EBUSY, "removes them), and 0000:03:10.2 is open in process 4711 (qemu)");
	shell("rm sys/class/net/lo");
	add_interface("0000:03:10.2", "lo");
	refuse(only_a, 1, &as_they_are, EBUSY,
		"and 0000:03:10.2 is in use: its interface lo has the address 127.0.0.1");
	CU_ASSERT_EQUAL(run_main(bind_main, "status " CARD_A), 0);
	expect_output("    virtual functions: 2: 0000:03:10.0, 0000:03:10.2\n");
	CU_ASSERT_EQUAL(run_main(bind_main, "--json status " CARD_A), 0);
	expect_output("\"virtual_functions\":2,");
	/* more than have a link yet: no address is made up */
	char vfs[APP_USES][20];
	struct vfio_pci pci;
	memset(vfs, 'x', sizeof(vfs));
	shell("echo 4 >sys/devices/pci0000:00/" CARD_A "/sriov_numvfs");
	CU_ASSERT_EQUAL_FATAL(vfio_pci_find(&pci, CARD_A), 0);
	CU_ASSERT_EQUAL(app_virtual_functions(&pci, vfs), 4);
	for (unsigned i = 2; i < APP_USES; i++)
		CU_ASSERT_EQUAL(vfs[i][0], '\0');
	shell("echo 0 >sys/devices/pci0000:00/" CARD_A "/sriov_numvfs; rm sys/devices/pci0000:00/" CARD_A "/virtfn*");
	CU_ASSERT_EQUAL(bind_all(only_a, 1, &as_they_are), 0);
	remove_machine();
}

static void an_interface_in_another_namespace_is_a_use(void)
{
	begin();
	shell("rm -r sys/class/net/polluxa sys/devices/pci0000:00/" CARD_A "/net/polluxa");
	refuse(only_a, 1, &as_they_are, EBUSY, CARD_A " is in use: its interface is in another network namespace");
	remove_machine();
}

/* ---- The program ---- */

static void the_program_refuses_what_pollux_does_not_drive(void)
{
	static const struct {
		const char *id, *name;
	} cards[] = {{"0x1533", "Intel I210"}, {"0x1539", "Intel I211"}, {"0x1521", "Intel I350"},
		{"0x15f3", "Intel I225, is"}, {"0x125c", "Intel I226, is"}, {"0x153a", "Intel I217, is"},
		{"0x15a3", "Intel I218, is"}, {"0x15bc", "Intel I219, is"}};

	begin();
	for (unsigned i = 0; i < sizeof(cards) / sizeof(*cards); i++) {
		shell("echo %s >sys/bus/pci/devices/" CARD_A "/device", cards[i].id);
		char *before = snapshot();
		CU_ASSERT_EQUAL(run_main(bind_main, "bind " CARD_A), 1);
		expect_output(cards[i].name);
		expect_output("; --force binds it all the same");
		expect_same(before, cards[i].name);
		CU_ASSERT_EQUAL(run_main(bind_main, "status " CARD_A), 0);
		expect_output("\n    not for Pollux: 8086:");
		expect_output(cards[i].name);
		expect_output("leave it to Linux's ");
		CU_ASSERT_EQUAL(run_main(bind_main, "--json status " CARD_A), 0);
		expect_output("\"pollux\":false,\"why_not\":\"8086:");
		free(before);
	}
	CU_ASSERT_EQUAL(run_main(bind_main, "bind --force " CARD_A), 0);
	expect_output("; bound all the same");
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "vfio-pci");
	CU_ASSERT_EQUAL(run_main(bind_main, "--root /nowhere"), 2);
	remove_machine();
}

static void the_program_shows_the_cards(void)
{
	begin();
	CU_ASSERT_EQUAL(run_main(bind_main, ""), 0);
	expect_output(CARD_A "  8086:10fb  ");
	expect_output("    driver ixgbe, IOMMU group 14, NUMA node 1\n    interface polluxa, link up, 10000 Mbit/s\n");
	expect_output("IOMMU group 15 with " CARD_B2 " (snd_hda_intel)");
	expect_output("address 127.0.0.1");
	expect_output(": in use\n");
	expect_output("    driver ixgbe, no IOMMU");
	CU_ASSERT_PTR_NULL(strstr(output, CARD_B2 "  8086")); /* no network card */
	CU_ASSERT_EQUAL(run_main(bind_main, "--json status " CARD_A), 0);
	CU_ASSERT_EQUAL(
		strncmp(output, "{\"nics\":[{\"address\":\"" CARD_A "\",\"vendor_id\":\"8086\",\"device_id\":\"10fb\"",
			64),
		0);
	expect_output("\"driver\":\"ixgbe\",\"driver_override\":null,\"iommu_group\":14,\"numa_node\":1,\"pollux\":"
		      "true,\"why_not\":null,\"opened_by\":null");
	expect_output("{\"name\":\"polluxa\",\"up\":true,\"link\":true,\"mbit_s\":10000,\"address\":null");
	CU_ASSERT_PTR_NULL(strstr(output, CARD_B1));
	CU_ASSERT_EQUAL(run_main(bind_main, "status 03:00.0"), 0); /* as lspci prints it */
	expect_output(CARD_A "  8086:10fb  ");
	CU_ASSERT_PTR_NULL(strstr(output, CARD_B1));
	CU_ASSERT_EQUAL(run_main(bind_main, "status " CARD_B2), 1);
	expect_output(CARD_B2 " is no network card of this machine");
	remove_machine();
}

static void the_program_binds_restores_and_shows_what_it_would_do(void)
{
	char words[256];

	begin();
	char *before = snapshot();
	CU_ASSERT_EQUAL(run_main(bind_main, "bind --dry-run " CARD_A), 0);
	expect_output(
		"echo " CARD_A " > /sys/bus/pci/drivers/ixgbe/unbind\necho vfio-pci > /sys/bus/pci/devices/" CARD_A
		"/driver_override\necho " CARD_A " > /sys/bus/pci/drivers_probe\n");
	CU_ASSERT_EQUAL(run_main(bind_main, "--json --dry-run bind " CARD_A), 0);
	expect_output("{\"steps\":[\"mkdir -p /run/pollux;");
	expect_same(before, "dry-run");
	CU_ASSERT_EQUAL(run_main(bind_main, "bind " CARD_B1), 1);
	expect_output(": " CARD_B1 " shares IOMMU group 15");
	expect_same(before, "refused");
	snprintf(words, sizeof(words), "bind --user %u " CARD_A, geteuid());
	CU_ASSERT_EQUAL(run_main(bind_main, words), 0);
	expect_output("    driver vfio-pci, IOMMU group 14");
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "vfio-pci");
	CU_ASSERT_EQUAL(run_main(bind_main, "bind -n " CARD_A), 0);
	expect_output("# nothing to do");
	CU_ASSERT_EQUAL(run_main(bind_main, "restore " CARD_A), 0);
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_A), "ixgbe");
	CU_ASSERT_EQUAL(run_main(bind_main, "bind " CARD_A " 03:00.0"), 0);
	expect_output(CARD_A "  8086:10fb  ");
	CU_ASSERT_EQUAL(run_main(bind_main, "status " CARD_A " " CARD_A), 0);
	CU_ASSERT_EQUAL(run_main(bind_main, "restore " CARD_A), 0);
	/* two ports of one group, named as lspci does, need no --group */
	shell("echo 0x020000 >sys/bus/pci/devices/" CARD_B2 "/class; echo 0x10fb >sys/bus/pci/devices/" CARD_B2
	      "/device");
	CU_ASSERT_EQUAL(run_main(bind_main, "bind -n --force 04:00.0 04:00.1"), 0);
	shell("echo 0x040300 >sys/bus/pci/devices/" CARD_B2 "/class; echo 0x293e >sys/bus/pci/devices/" CARD_B2
	      "/device");
	CU_ASSERT_EQUAL(run_main(bind_main, "bind --group --force " CARD_B1), 0);
	CU_ASSERT_EQUAL(
		run_main(bind_main, "restore " CARD_B1 " " CARD_B2), 0); /* a sound card, which status does not show */
	CU_ASSERT_PTR_NULL(strstr(output, CARD_B2 " is no network card"));
	CU_ASSERT_STRING_EQUAL(driver_of(CARD_B2), "snd_hda_intel");
	CU_ASSERT_EQUAL(run_main(bind_main, "bind"), 2);
	CU_ASSERT_EQUAL(run_main(bind_main, "unbind " CARD_A), 2);
	CU_ASSERT_EQUAL(run_main(bind_main, "bind --user nobody-of-that-name " CARD_A), 2);
	CU_ASSERT_EQUAL(run_main(bind_main, "--user 0 restore " CARD_A), 2);
	free(before);
	remove_machine();
}

int main(void)
{
	CU_TestInfo tests[] = {
		{"binds and restores", binds_and_restores},
		{"restores without a note", restores_without_a_note},
		{"restores a driver that was bound by hand, and an override",
			restores_a_driver_that_was_bound_by_hand_and_an_override},
		{"hands nodes to a user", hands_nodes_to_a_user},
		{"the shell hands over the nodes that there are", the_shell_hands_over_the_nodes_that_there_are},
		{"loads the module", loads_the_module},
		{"refuses what would be missed", refuses_what_would_be_missed},
		{"binds whole groups by force", binds_whole_groups_by_force},
		{"a driver that does not take it is undone", a_driver_that_does_not_take_it_is_undone},
		{"is not taken from a process", is_not_taken_from_a_process},
		{"the link saves no power while bound", the_link_saves_no_power_while_bound},
		{"every call failing in turn is undone", every_call_failing_in_turn_is_undone},
		{"a write cut short is an error", a_write_cut_short_is_an_error},
		{"a failure to undo is told", a_failure_to_undo_is_told},
		{"a note that makes no sense is none", a_note_that_makes_no_sense_is_none},
		{"the note of the first driver stays", the_note_of_the_first_driver_stays},
		{"a note of another boot is none", a_note_of_another_boot_is_none},
		{"a left-over override is not noted", a_left_over_override_is_not_noted},
		{"restoring to a kernel that wants vfio-pci is an error",
			restoring_to_a_kernel_that_wants_vfio_pci_is_an_error},
		{"virtual functions are a use", virtual_functions_are_a_use},
		{"an interface in another namespace is a use", an_interface_in_another_namespace_is_a_use},
		{"the program refuses what Pollux does not drive", the_program_refuses_what_pollux_does_not_drive},
		{"the program shows the cards", the_program_shows_the_cards},
		{"the program binds, restores and shows what it would do",
			the_program_binds_restores_and_shows_what_it_would_do},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{"bind", NULL, remove_pristine, NULL, NULL, tests}, CU_SUITE_INFO_NULL};

	return unit_run(suites);
}
