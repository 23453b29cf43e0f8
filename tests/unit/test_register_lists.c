/* SPDX-License-Identifier: BSD-2-Clause
 * The driver's list of registers against the model's names and rules, on each card: a contradiction fails (one name at
 * two offsets, two registers at one offset, a register of the driver's that the model has not); what only one of them
 * knows, and where the shapes differ, is printed, for people. */
#include "../model/card/registers.c"

#include "../../driver/driver.h"

#include "unit.h"
#include <stdlib.h>
#include <string.h>

#define RULES (sizeof(rules) / sizeof(rules[0]))

static const struct driver_register driver[] = {
#define ENTRY(name, offset, stride, count, ...) {#name, offset, stride, count},
	IXGBE_REGISTERS(ENTRY)
#undef ENTRY
};
#define DRIVER (sizeof(driver) / sizeof(driver[0]))

static const struct {
	const char *name;
	uint32_t offset;
} own[] = {
#define ENTRY(name, offset) {#name, offset},
	MODEL_REGISTERS(ENTRY)
#undef ENTRY
};
#define OWN (sizeof(own) / sizeof(own[0]))

/* What the driver touches on one card only. */
static const struct {
	const char *name;
	enum model_card card;
} of_one_card[] = {{"ANLP1", MODEL_82599}, {"AUTOC", MODEL_82599}, {"AUTOC2", MODEL_82599}, {"CORECTL", MODEL_82599},
	{"EERD", MODEL_82599}, {"I2CCTL", MODEL_82599}, {"ERETA", MODEL_X550}, {"WQBR_RX", MODEL_X550},
	{"WQBR_TX", MODEL_X550}};

static struct model *model_of(enum model_card card)
{
	struct model *m = calloc(1, sizeof(*m));
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	m->config.card = card;
	model_registers_open(m);
	return m;
}

static bool covers(const struct rule *rule, uint32_t offset)
{
	uint32_t stride = rule->stride ? rule->stride : 4;
	return rule->count && offset >= rule->offset && (offset - rule->offset) % stride == 0 &&
	       (offset - rule->offset) / stride < rule->count;
}

static bool on_card(const struct rule *rule, enum model_card card)
{
	return !(rule->access & ON_ANY) || (rule->access & ON_82599 << card);
}

static const char *name_at(uint32_t offset)
{
	for (unsigned i = 0; i < DRIVER; i++)
		for (unsigned n = 0; n < driver[i].count; n++)
			if (driver[i].offset + n * driver[i].stride == offset)
				return driver[i].name;
	for (unsigned i = 0; i < OWN; i++)
		if (own[i].offset == offset)
			return own[i].name;
	return NULL;
}

static void no_name_has_two_offsets(void)
{
	for (unsigned i = 0; i < DRIVER + OWN; i++)
		for (unsigned j = i + 1; j < DRIVER + OWN; j++) {
			const char *a = i < DRIVER ? driver[i].name : own[i - DRIVER].name,
				   *b = j < DRIVER ? driver[j].name : own[j - DRIVER].name;
			if (strcmp(a, b) != 0)
				continue;
			printf("\n    %s is listed twice ", a);
			CU_FAIL("listed twice");
		}
}

static void no_two_names_share_an_offset(void)
{
	static const char *taken[MODEL_WORDS];
	for (unsigned i = 0; i < DRIVER; i++)
		for (unsigned n = 0; n < driver[i].count; n++) {
			uint32_t at = driver[i].offset + n * driver[i].stride;
			CU_ASSERT_FATAL(at % 4 == 0 && at < IXGBE_BAR_BYTES && at < MODEL_BAR0_BYTES);
			if (taken[at / 4]) {
				printf("\n    %05x is %s[%u], and %s ", at, driver[i].name, n, taken[at / 4]);
				CU_FAIL("two of the driver's registers overlap");
			}
			taken[at / 4] = driver[i].name;
		}
	for (unsigned i = 0; i < OWN; i++) {
		if (taken[own[i].offset / 4]) {
			printf("\n    %05x is the model's %s, and %s ", own[i].offset, own[i].name,
				taken[own[i].offset / 4]);
			CU_FAIL("a name of the model's is another register's");
		}
		taken[own[i].offset / 4] = own[i].name;
	}
}

static void no_two_rules_share_an_offset(void)
{
	for (unsigned card = 0; card < MODEL_CARDS; card++) {
		static uint16_t by[MODEL_WORDS];
		memset(by, 0, sizeof(by));
		for (unsigned r = 1; r < RULES; r++)
			for (uint32_t n = 0; on_card(&rules[r], card) && n < rules[r].count; n++) {
				uint32_t at = rules[r].offset + n * rules[r].stride;
				CU_ASSERT_FATAL(at % 4 == 0 && at < MODEL_BAR0_BYTES);
				if (by[at / 4]) {
					printf("\n    %05x (%s) has the rules from %05x and from %05x ", at,
						name_at(at) ? name_at(at) : "?", rules[by[at / 4]].offset,
						rules[r].offset);
					CU_FAIL("two rules overlap");
				}
				by[at / 4] = (uint16_t)r;
			}
		for (unsigned a = 0; a < sizeof(aliases) / sizeof(aliases[0]); a++)
			for (uint32_t i = 0; i < aliases[a].count; i++) {
				uint32_t from = aliases[a].from + i * aliases[a].from_stride,
					 to = aliases[a].to + i * aliases[a].to_stride;
				if (by[from / 4] || !by[to / 4]) {
					printf("\n    %05x is another address of %05x ", from, to);
					CU_FAIL("an alias hides a register, or leads to none");
				}
			}
	}
}

static void the_model_has_all_that_the_driver_uses(void)
{
	for (unsigned card = 0; card < MODEL_CARDS; card++) {
		struct model *m = model_of(card);
		for (unsigned i = 0; i < DRIVER; i++) {
			bool expected = true;
			for (unsigned k = 0; k < sizeof(of_one_card) / sizeof(of_one_card[0]); k++)
				expected &=
					card == of_one_card[k].card || strcmp(driver[i].name, of_one_card[k].name) != 0;
			for (unsigned n = 0; expected && n < driver[i].count; n++) {
				uint32_t at = driver[i].offset + n * driver[i].stride;
				if (m->rule[m->canonical[at / 4]])
					continue;
				printf("\n    the model of the %s has no %s[%u] at %05x ", model_card_name(card),
					driver[i].name, n, at);
				CU_FAIL("a register of the driver's is missing");
				break;
			}
		}
		free(m);
	}
}

/* ---- For people ---- */

static void print_other_shapes(void)
{
	for (unsigned i = 0; i < DRIVER; i++)
		for (unsigned r = 1; r < RULES; r++) {
			if (!covers(&rules[r], driver[i].offset) || !on_card(&rules[r], MODEL_82599))
				continue;
			if (rules[r].offset != driver[i].offset || rules[r].count != driver[i].count ||
				(rules[r].stride != driver[i].stride && driver[i].count > 1))
				printf("    shape   %05x %-12s driver: %3u every %02x; the model's rule: %05x, %3u "
				       "every %02x\n",
					driver[i].offset, driver[i].name, driver[i].count, driver[i].stride,
					rules[r].offset, rules[r].count, rules[r].stride);
		}
}

/** A line for each rule that has registers which the driver's list has not; for the successors only those that the
 * 82599 has not. */
static void print_only_the_models(enum model_card card)
{
	for (unsigned r = 1; r < RULES; r++) {
		const struct rule *rule = &rules[r];
		unsigned only = 0;
		if (!on_card(rule, card) || (card != MODEL_82599 && on_card(rule, MODEL_82599)))
			continue;
		for (uint32_t n = 0; n < rule->count; n++) {
			uint32_t at = rule->offset + n * rule->stride;
			bool known = false;
			for (unsigned i = 0; i < DRIVER; i++)
				for (unsigned k = 0; k < driver[i].count; k++)
					known |= driver[i].offset + k * driver[i].stride == at;
			only += !known;
		}
		if (only)
			printf("    model   %05x %-12s %u of %u every %02x%s%s\n", rule->offset,
				name_at(rule->offset) ? name_at(rule->offset) : "", only, rule->count, rule->stride,
				card == MODEL_82599 ? "" : ", not on the 82599 but the ",
				card == MODEL_82599 ? "" : model_card_name(card));
	}
}

static void what_only_one_side_knows_is_printed(void)
{
	printf("\n    The driver lists %zu names, the model %zu more; %zu rules.\n", DRIVER, OWN, RULES - 1);
	print_other_shapes();
	for (unsigned card = 0; card < MODEL_CARDS; card++) {
		print_only_the_models(card);
		for (unsigned i = 0; i < sizeof(of_one_card) / sizeof(of_one_card[0]); i++)
			if (card != of_one_card[i].card)
				printf("    driver  %s is not expected on the %s\n", of_one_card[i].name,
					model_card_name(card));
	}
	for (unsigned a = 0; a < sizeof(aliases) / sizeof(aliases[0]); a++)
		printf("    alias   %05x.. for %05x..%s%s, %u of them\n", aliases[a].from, aliases[a].to,
			name_at(aliases[a].to) ? " " : "", name_at(aliases[a].to) ? name_at(aliases[a].to) : "",
			aliases[a].count);
}

int main(void)
{
	static CU_TestInfo tests[] = {
		{"no name has two offsets", no_name_has_two_offsets},
		{"no two names share an offset", no_two_names_share_an_offset},
		{"no two rules share an offset", no_two_rules_share_an_offset},
		{"the model has all that the driver uses", the_model_has_all_that_the_driver_uses},
		{"what only one side knows is printed", what_only_one_side_knows_is_printed},
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {{.pName = "register lists", .pTests = tests}, CU_SUITE_INFO_NULL};
	return unit_run(suites);
}
