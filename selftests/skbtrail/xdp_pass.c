// SPDX-License-Identifier: GPL-2.0
/*
 * xdp_pass generic|native DEVICE: an XDP program on DEVICE that lets everything
 * pass, until this process ends.
 */
#include <err.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, const char *what, union bpf_attr *attr)
{
	int fd = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));

	if (fd < 0)
		err(1, "%s", what);
	return fd;
}

static int load(void)
{
	static const struct bpf_insn pass[2] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)pass;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t)"GPL";
	return bpf(BPF_PROG_LOAD, "program", &attr);
}

int main(int argc, char **argv)
{
	union bpf_attr attr;

	if (argc != 3)
		errx(1, "usage: xdp_pass generic|native DEVICE");
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = load();
	attr.link_create.target_ifindex = if_nametoindex(argv[2]);
	attr.link_create.attach_type = BPF_XDP;
	attr.link_create.flags = strcmp(argv[1], "generic") != 0 ? XDP_FLAGS_DRV_MODE :
				 XDP_FLAGS_SKB_MODE;
	bpf(BPF_LINK_CREATE, argv[2], &attr);
	puts("attached");
	fflush(stdout);
	pause();
	return 0;
}
