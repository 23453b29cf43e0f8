/* SPDX-License-Identifier: BSD-2-Clause
 * The service function of ports, as their life cycle knows it. */
#pragma once

#include "driver.h"

/** The next of the device's refused registers, each of which is reported once. @return 0, or -EIO with the sentence */
int service_report_refusal(struct nic *nic);
