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

static const struct {
	const char *name, *rule;
} misuses[MODEL_MISUSES] = {
	[MODEL_TX_TYPE] = {"type", "the descriptors of a frame are all of one known kind"},
	[MODEL_TX_LENGTH] = {"length", "a frame has 17 bytes to 15.5 KiB, a descriptor 1 to 65535, on the X550 16384"},
	[MODEL_TX_PAYLEN] = {"paylen", "PAYLEN is what the frame's descriptors have, with TSE less the headers"},
	[MODEL_TX_CONTEXT] = {"context", "who asks for something names a context, 0 or 1, that is there"},
	[MODEL_TX_HEADERS] = {"headers", "a context's headers are long enough for their kind, and within the frame"},
	[MODEL_TX_MSS] = {"mss", "MSS is more than 0, and its frames at most 15.5 KiB"},
	[MODEL_TX_SUMS] = {"sums", "TSE comes with TXSM, with IPv4 with IXSM; and IXSM with IPv4 only"},
	[MODEL_TX_PIECES] = {"pieces", "a frame has 40 descriptors at most, headers with TSE 4"},
	[MODEL_TX_END] = {"end", "a frame has an end"},
	[MODEL_TX_LAYOUT] = {"layout", "a context tells of the headers that the frame has"},
	[MODEL_TX_PREPARED] = {"prepared",
		"checksum fields hold the sum of the pseudo-header, with TSE less its length; "
		"IPv4's own 0"},
	[MODEL_TX_FCS] = {"fcs", "frames that the card changes or pads have IFCS, and TXCRCEN is set"},
	[MODEL_TX_REPORT] = {"report", "RS is set in a frame's last descriptor only"},
	[MODEL_TX_BOUNDARY] = {"boundary", "the tail moves over whole frames"},
};

const char *model_misuse_name(enum model_misuse misuse, const char **rule)
{
	*rule = misuses[misuse].rule;
	return misuses[misuse].name;
}

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
