/* SPDX-License-Identifier: BSD-2-Clause
 * What linux/iommufd.h and a newer linux/vfio.h say of the calls that we use: headers of Linux 6.1 lack them. */
#pragma once

#include <linux/ioctl.h>
#include <linux/vfio.h>
#include <stdint.h>

#ifndef VFIO_DEVICE_BIND_IOMMUFD
struct vfio_device_bind_iommufd {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t out_devid;
};
#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)

struct vfio_device_attach_iommufd_pt {
	uint32_t argsz, flags;
	uint32_t pt_id;
};
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)
#endif

#if __has_include(<linux/iommufd.h>)
#include <linux/iommufd.h>
#else
struct iommu_ioas_alloc {
	uint32_t size, flags;
	uint32_t out_ioas_id;
};
#define IOMMU_IOAS_ALLOC       _IO(';', 0x81)

struct iommu_ioas_iova_ranges {
	uint32_t size;
	uint32_t ioas_id, num_iovas;
	uint32_t reserved;
	uint64_t allowed_iovas; /* of struct vfio_iova_range's layout */
	uint64_t out_iova_alignment;
};
#define IOMMU_IOAS_IOVA_RANGES _IO(';', 0x84)

enum { IOMMU_IOAS_MAP_FIXED_IOVA = 1, IOMMU_IOAS_MAP_WRITEABLE = 2, IOMMU_IOAS_MAP_READABLE = 4 };
struct iommu_ioas_map {
	uint32_t size, flags;
	uint32_t ioas_id;
	uint32_t reserved;
	uint64_t user_va, length, iova;
};
#define IOMMU_IOAS_MAP         _IO(';', 0x85)

struct iommu_ioas_unmap {
	uint32_t size;
	uint32_t ioas_id;
	uint64_t iova, length;
};
#define IOMMU_IOAS_UNMAP       _IO(';', 0x86)
#endif
