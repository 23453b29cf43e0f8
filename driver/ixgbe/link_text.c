/* SPDX-License-Identifier: BSD-2-Clause
 * What is said of a link of the 82599, X540 and X550, for people to read (nic_link.state). */
#include "port.h"

#include <stdarg.h>
#include <stdio.h>

void ixgbe_link_say(struct ixgbe_port *port, uint32_t about, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(port->link.text, sizeof(port->link.text), format, arguments);
	va_end(arguments);
	port->link.text_of = about;
}
