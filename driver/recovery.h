/* SPDX-License-Identifier: BSD-2-Clause
 * What becomes of a started port whose card does not go on by itself. */
#pragma once

#include "driver.h"
