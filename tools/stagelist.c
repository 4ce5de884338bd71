// SPDX-License-Identifier: GPL-2.0
#include "stagelist.h"

#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "complain.h"

static const char *word(const char *const *words, size_t n, uint32_t i)
{
	return i < n && words[i] ? words[i] : "?";
}

const char *stage_layer_word(uint32_t layer)
{
	static const char *const words[] = {
		[SKBTRAIL_LAYER_DEVICE]		= "device",
		[SKBTRAIL_LAYER_NETFILTER]	= "netfilter",
		[SKBTRAIL_LAYER_IP]		= "ip",
		[SKBTRAIL_LAYER_TRANSPORT]	= "transport",
		[SKBTRAIL_LAYER_SOCKET]		= "socket",
		[SKBTRAIL_LAYER_NEIGHBOUR]	= "neighbour",
		[SKBTRAIL_LAYER_QDISC]		= "qdisc",
		[SKBTRAIL_LAYER_LIFE]		= "life",
	};

	return word(words, ARRAY_SIZE(words), layer);
}

const char *stage_direction_word(uint32_t direction)
{
	static const char *const words[] = {
		[SKBTRAIL_DIRECTION_IN]		= "in",
		[SKBTRAIL_DIRECTION_OUT]	= "out",
		[SKBTRAIL_DIRECTION_FORWARD]	= "forward",
		[SKBTRAIL_DIRECTION_ANY]	= "any",
	};

	return word(words, ARRAY_SIZE(words), direction);
}

const char *stage_kind_word(uint32_t kind)
{
	static const char *const words[] = {
		[SKBTRAIL_ATTACH_KIND_TRACEPOINT]	= "tracepoint",
		[SKBTRAIL_ATTACH_KIND_FTRACE]		= "ftrace",
		[SKBTRAIL_ATTACH_KIND_KPROBE]		= "kprobe",
		[SKBTRAIL_ATTACH_KIND_KRETPROBE]	= "kretprobe",
		[SKBTRAIL_ATTACH_KIND_NETFILTER]	= "netfilter",
	};

	return word(words, ARRAY_SIZE(words), kind);
}

const char *stage_state_word(uint32_t state)
{
	static const char *const words[] = {
		[SKBTRAIL_POINT_STATE_AVAILABLE]	= "available",
		[SKBTRAIL_POINT_STATE_ATTACHED]		= "attached",
		[SKBTRAIL_POINT_STATE_SHADOWED]		= "shadowed",
		[SKBTRAIL_POINT_STATE_UNAVAILABLE]	= "unavailable",
		[SKBTRAIL_POINT_STATE_ABSENT]		= "absent",
	};

	return word(words, ARRAY_SIZE(words), state);
}

static void take_point(struct stage *s, const struct nlattr *nest)
{
	const struct nlattr *a[SKBTRAIL_A_POINT_MAX + 1];
	struct stage_point *p;

	family_parse_nested(nest, a, SKBTRAIL_A_POINT_MAX);
	s->points = grow(s->points, s->nr_points, &s->cap_points,
			 sizeof(*s->points));
	p = &s->points[s->nr_points++];
	p->kind = family_u32(a[SKBTRAIL_A_POINT_KIND]);
	p->state = family_u32(a[SKBTRAIL_A_POINT_STATE]);
	family_text(p->func, sizeof(p->func), a[SKBTRAIL_A_POINT_FUNC]);
	family_text(p->reason, sizeof(p->reason), a[SKBTRAIL_A_POINT_REASON]);
	family_text(p->module, sizeof(p->module), a[SKBTRAIL_A_POINT_MODULE]);
}

/* There are several, and only this one of the attributes is repeated. */
static int take_points(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == SKBTRAIL_A_STAGE_POINT)
		take_point(arg, attr);
	return MNL_CB_OK;
}

static int take_stage(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a[SKBTRAIL_A_STAGE_MAX + 1];
	struct stagelist *list = arg;
	struct stage *s;

	family_parse(nlh, a, SKBTRAIL_A_STAGE_MAX);
	list->stages = grow(list->stages, list->nr, &list->cap,
			    sizeof(*list->stages));
	s = &list->stages[list->nr++];
	memset(s, 0, sizeof(*s));
	s->id = family_u32(a[SKBTRAIL_A_STAGE_ID]);
	s->layer = family_u32(a[SKBTRAIL_A_STAGE_LAYER]);
	s->direction = family_u32(a[SKBTRAIL_A_STAGE_DIRECTION]);
	s->users = family_u32(a[SKBTRAIL_A_STAGE_USERS]);
	family_text(s->name, sizeof(s->name), a[SKBTRAIL_A_STAGE_NAME]);
	family_text(s->doc, sizeof(s->doc), a[SKBTRAIL_A_STAGE_DOC]);
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), take_points, s);
}

int stagelist_get(struct stagelist *list, struct family *f)
{
	struct nlmsghdr *nlh;
	char buf[256];
	int ret;

	memset(list, 0, sizeof(*list));
	nlh = family_request(f, buf, SKBTRAIL_CMD_STAGE_GET, NLM_F_DUMP);
	ret = family_talk(f, nlh, take_stage, list);
	if (!ret)
		return 0;
	stagelist_release(list);
	return family_complain(f, "cannot get the stage table", ret);
}

void stagelist_release(struct stagelist *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		free(list->stages[i].points);
	free(list->stages);
	memset(list, 0, sizeof(*list));
}

const struct stage *stagelist_find(const struct stagelist *list,
				   const char *name)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		if (!strcmp(list->stages[i].name, name))
			return &list->stages[i];
	return NULL;
}

uint32_t stage_state(const struct stage *s)
{
	uint32_t state = SKBTRAIL_POINT_STATE_UNAVAILABLE;
	size_t i;

	for (i = 0; i < s->nr_points; i++) {
		if (s->points[i].state == SKBTRAIL_POINT_STATE_ATTACHED)
			return SKBTRAIL_POINT_STATE_ATTACHED;
		if (s->points[i].state == SKBTRAIL_POINT_STATE_AVAILABLE ||
		    (s->points[i].state == SKBTRAIL_POINT_STATE_ABSENT &&
		     state == SKBTRAIL_POINT_STATE_UNAVAILABLE))
			state = s->points[i].state;
	}
	return state;
}

const char *stage_reason(const struct stage *s)
{
	size_t i;

	for (i = 0; i < s->nr_points; i++)
		if (*s->points[i].reason)
			return s->points[i].reason;
	return "";
}
