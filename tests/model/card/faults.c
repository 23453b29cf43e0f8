/* SPDX-License-Identifier: BSD-2-Clause
 * What a driver did that a well-behaved one does not, in detail: which rule of order it broke, which registers it
 * wanted that are not there. */
#include "faults.h"

static const struct {
	const char *name, *rule;
} orders[MODEL_ORDERS] = {
	[MODEL_ORDER_RESET] = {"reset", "for 1 ms after CTRL.RST nothing but CTRL is accessed"},
	[MODEL_ORDER_DMA_INIT] = {"dma-init", "RDRXCTL.DMAIDONE comes before RXCTRL.RXEN"},
	[MODEL_ORDER_CRC] = {"crc", "HLREG0.RXCRCSTRP and RDRXCTL.CRCSTRIP agree when RXCTRL.RXEN is set"},
	[MODEL_ORDER_FCTRL] = {"fctrl", "FCTRL.SBP changes only while RXCTRL.RXEN is 0"},
	[MODEL_ORDER_DCA] = {"dca", "DCA_RXCTRL bit 12 is cleared before RXDCTL.ENABLE is set"},
	[MODEL_ORDER_RING] = {"ring", "a ring is described before its queue is enabled"},
	[MODEL_ORDER_HEAD] = {"head", "the head of an enabled queue is not written"},
	[MODEL_ORDER_TAIL] = {"tail", "ENABLE reads 1 before the first write of the tail"},
	[MODEL_ORDER_TX_DMA] = {"tx-dma", "DMATXCTL.TE comes before TXDCTL.ENABLE"},
	[MODEL_ORDER_SEMAPHORE] = {"semaphore",
		"EERD, MDIO, the mailbox, CORECTL and shared AUTOC are used by who holds their bit in SW_FW_SYNC"},
	[MODEL_ORDER_MDIO] = {"mdio", "MSCA.MDI_COMMAND reads 0 before the next command"},
	[MODEL_ORDER_PREFETCH] = {"prefetch", "a receive descriptor that was handed over is not rewritten"},
	[MODEL_ORDER_LINK_RESET] = {"link-reset", "CTRL.LNK_RST is not set while firmware uses a link that is up"},
	[MODEL_ORDER_PACKET_BUFFER] = {"packet-buffer", "RXPBSIZE[0] says 384 KiB at most before RXCTRL.RXEN is set"},
	[MODEL_ORDER_RSS] = {"rss", "MRQC.MRQE changes only while RXCTRL.RXEN is 0"},
	[MODEL_ORDER_TX_QUEUES] = {"tx-queues",
		"MTQC is written while RTTDCS.ARBDIS is 1, and without pools and traffic "
		"classes only queues 0 to 63 are enabled"},
	[MODEL_ORDER_RELAXED] = {"relaxed", "DCA_TXCTRL bit 11 is cleared before TXDCTL.ENABLE is set"},
};

const char *model_order_name(enum model_order order, const char **rule)
{
	*rule = orders[order].rule;
	return orders[order].name;
}

void model_fault_unknown(struct model *m, uint32_t offset, bool write)
{
	m->faults.bad_register++;
	if (write)
		m->unknown_writes[offset / 4]++;
	else
		m->unknown_reads[offset / 4]++;
}

bool model_unknown(const struct model *m, uint32_t from, struct model_unknown *unknown)
{
	unsigned w = from / 4;

	while (w < MODEL_WORDS && !m->unknown_reads[w] && !m->unknown_writes[w])
		w++;
	*unknown = (struct model_unknown){.first = w * 4};
	if (w >= MODEL_WORDS)
		return false;
	for (; w < MODEL_WORDS && (m->unknown_reads[w] || m->unknown_writes[w]); w++) {
		unknown->last = w * 4;
		unknown->reads += m->unknown_reads[w];
		unknown->writes += m->unknown_writes[w];
	}
	return true;
}
