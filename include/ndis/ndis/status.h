/* SPDX-License-Identifier: BSD-2-Clause */
/* Status codes of NDIS (part of ndis.h). A value is negative when it is an error. */
#ifndef OVMQ_NDIS_STATUS_H
#define OVMQ_NDIS_STATUS_H

#include <ndis/types.h>

/* ---- results that NDIS shares with the kernel ---- */

#define NDIS_STATUS_SUCCESS                                      ((NDIS_STATUS)STATUS_SUCCESS)
#define NDIS_STATUS_PENDING                                      ((NDIS_STATUS)STATUS_PENDING)
#define NDIS_STATUS_FAILURE                                      ((NDIS_STATUS)STATUS_UNSUCCESSFUL)
#define NDIS_STATUS_RESOURCES                                    ((NDIS_STATUS)STATUS_INSUFFICIENT_RESOURCES)
#define NDIS_STATUS_NOT_SUPPORTED                                ((NDIS_STATUS)STATUS_NOT_SUPPORTED)
#define NDIS_STATUS_INVALID_PARAMETER                            ((NDIS_STATUS)STATUS_INVALID_PARAMETER)
#define NDIS_STATUS_INVALID_DEVICE_REQUEST                       ((NDIS_STATUS)STATUS_INVALID_DEVICE_REQUEST)
#define NDIS_STATUS_BUSY                                         ((NDIS_STATUS)STATUS_DEVICE_BUSY)

#define NDIS_STATUS_INVALID_STATE                                ((NDIS_STATUS)STATUS_INVALID_DEVICE_STATE)
#define NDIS_STATUS_BUFFER_OVERFLOW                              ((NDIS_STATUS)STATUS_BUFFER_OVERFLOW)

/* ---- results that are no errors ---- */

#define NDIS_STATUS_ALREADY_COMPLETE                             ((NDIS_STATUS)0x000000FFU)
#define NDIS_STATUS_NOT_RECOGNIZED                               ((NDIS_STATUS)0x00010001U)
#define NDIS_STATUS_NOT_COPIED                                   ((NDIS_STATUS)0x00010002U)
#define NDIS_STATUS_NOT_ACCEPTED                                 ((NDIS_STATUS)0x00010003U)
#define NDIS_STATUS_CALL_ACTIVE                                  ((NDIS_STATUS)0x00010007U)
#define NDIS_STATUS_INDICATION_REQUIRED                          ((NDIS_STATUS)0x40230001U)

/* ---- indications: codes of NDIS_STATUS_INDICATION ---- */

#define NDIS_STATUS_ONLINE                                       ((NDIS_STATUS)0x40010003U)
#define NDIS_STATUS_RESET_START                                  ((NDIS_STATUS)0x40010004U)
#define NDIS_STATUS_RESET_END                                    ((NDIS_STATUS)0x40010005U)
#define NDIS_STATUS_RING_STATUS                                  ((NDIS_STATUS)0x40010006U)
#define NDIS_STATUS_CLOSED                                       ((NDIS_STATUS)0x40010007U)
#define NDIS_STATUS_WAN_LINE_UP                                  ((NDIS_STATUS)0x40010008U)
#define NDIS_STATUS_WAN_LINE_DOWN                                ((NDIS_STATUS)0x40010009U)
#define NDIS_STATUS_WAN_FRAGMENT                                 ((NDIS_STATUS)0x4001000AU)
#define NDIS_STATUS_MEDIA_CONNECT                                ((NDIS_STATUS)0x4001000BU)
#define NDIS_STATUS_MEDIA_DISCONNECT                             ((NDIS_STATUS)0x4001000CU)
#define NDIS_STATUS_HARDWARE_LINE_UP                             ((NDIS_STATUS)0x4001000DU)
#define NDIS_STATUS_HARDWARE_LINE_DOWN                           ((NDIS_STATUS)0x4001000EU)
#define NDIS_STATUS_INTERFACE_UP                                 ((NDIS_STATUS)0x4001000FU)
#define NDIS_STATUS_INTERFACE_DOWN                               ((NDIS_STATUS)0x40010010U)
#define NDIS_STATUS_MEDIA_BUSY                                   ((NDIS_STATUS)0x40010011U)
#define NDIS_STATUS_MEDIA_SPECIFIC_INDICATION                    ((NDIS_STATUS)0x40010012U)
#define NDIS_STATUS_LINK_SPEED_CHANGE                            ((NDIS_STATUS)0x40010013U)
#define NDIS_STATUS_WAN_GET_STATS                                ((NDIS_STATUS)0x40010014U)
#define NDIS_STATUS_LINK_STATE                                   ((NDIS_STATUS)0x40010017U)
#define NDIS_STATUS_NETWORK_CHANGE                               ((NDIS_STATUS)0x40010018U)
#define NDIS_STATUS_MEDIA_SPECIFIC_INDICATION_EX                 ((NDIS_STATUS)0x40010019U)
#define NDIS_STATUS_PORT_STATE                                   ((NDIS_STATUS)0x40010022U)
#define NDIS_STATUS_OPER_STATUS                                  ((NDIS_STATUS)0x40010023U)
#define NDIS_STATUS_PACKET_FILTER                                ((NDIS_STATUS)0x40010024U)
#define NDIS_STATUS_OFFLOAD_PAUSE                                ((NDIS_STATUS)0x40020001U)
#define NDIS_STATUS_OFFLOAD_RESUME                               ((NDIS_STATUS)0x40020003U)
#define NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG                  ((NDIS_STATUS)0x40020006U)
#define NDIS_STATUS_TASK_OFFLOAD_HARDWARE_CAPABILITIES           ((NDIS_STATUS)0x40020007U)
#define NDIS_STATUS_OFFLOAD_ENCASPULATION_CHANGE                 ((NDIS_STATUS)0x40020008U)
#define NDIS_STATUS_TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES ((NDIS_STATUS)0x4002000BU)
#define NDIS_STATUS_HD_SPLIT_CURRENT_CONFIG                      ((NDIS_STATUS)0x4002000CU)
#define NDIS_STATUS_RECEIVE_QUEUE_STATE                          ((NDIS_STATUS)0x4002000DU)
#define NDIS_STATUS_RECEIVE_FILTER_CURRENT_CAPABILITIES          ((NDIS_STATUS)0x40020010U)
#define NDIS_STATUS_RECEIVE_FILTER_HARDWARE_CAPABILITIES         ((NDIS_STATUS)0x40020020U)
#define NDIS_STATUS_RECEIVE_FILTER_QUEUE_PARAMETERS              ((NDIS_STATUS)0x40020030U)
#define NDIS_STATUS_QOS_OPERATIONAL_PARAMETERS_CHANGE            ((NDIS_STATUS)0x400200A0U)
#define NDIS_STATUS_QOS_REMOTE_PARAMETERS_CHANGE                 ((NDIS_STATUS)0x400200A1U)

/* ---- errors ---- */

#define NDIS_STATUS_CLOSING                                      ((NDIS_STATUS)0xC0010002U)
#define NDIS_STATUS_BAD_VERSION                                  ((NDIS_STATUS)0xC0010004U)
#define NDIS_STATUS_BAD_CHARACTERISTICS                          ((NDIS_STATUS)0xC0010005U)
#define NDIS_STATUS_ADAPTER_NOT_FOUND                            ((NDIS_STATUS)0xC0010006U)
#define NDIS_STATUS_OPEN_FAILED                                  ((NDIS_STATUS)0xC0010007U)
#define NDIS_STATUS_DEVICE_FAILED                                ((NDIS_STATUS)0xC0010008U)
#define NDIS_STATUS_MULTICAST_FULL                               ((NDIS_STATUS)0xC0010009U)
#define NDIS_STATUS_MULTICAST_EXISTS                             ((NDIS_STATUS)0xC001000AU)
#define NDIS_STATUS_MULTICAST_NOT_FOUND                          ((NDIS_STATUS)0xC001000BU)
#define NDIS_STATUS_REQUEST_ABORTED                              ((NDIS_STATUS)0xC001000CU)
#define NDIS_STATUS_RESET_IN_PROGRESS                            ((NDIS_STATUS)0xC001000DU)
#define NDIS_STATUS_CLOSING_INDICATING                           ((NDIS_STATUS)0xC001000EU)
#define NDIS_STATUS_INVALID_PACKET                               ((NDIS_STATUS)0xC001000FU)
#define NDIS_STATUS_OPEN_LIST_FULL                               ((NDIS_STATUS)0xC0010010U)
#define NDIS_STATUS_ADAPTER_NOT_READY                            ((NDIS_STATUS)0xC0010011U)
#define NDIS_STATUS_ADAPTER_NOT_OPEN                             ((NDIS_STATUS)0xC0010012U)
#define NDIS_STATUS_NOT_INDICATING                               ((NDIS_STATUS)0xC0010013U)
#define NDIS_STATUS_INVALID_LENGTH                               ((NDIS_STATUS)0xC0010014U)
#define NDIS_STATUS_INVALID_DATA                                 ((NDIS_STATUS)0xC0010015U)
#define NDIS_STATUS_BUFFER_TOO_SHORT                             ((NDIS_STATUS)0xC0010016U)
#define NDIS_STATUS_INVALID_OID                                  ((NDIS_STATUS)0xC0010017U)
#define NDIS_STATUS_ADAPTER_REMOVED                              ((NDIS_STATUS)0xC0010018U)
#define NDIS_STATUS_UNSUPPORTED_MEDIA                            ((NDIS_STATUS)0xC0010019U)
#define NDIS_STATUS_GROUP_ADDRESS_IN_USE                         ((NDIS_STATUS)0xC001001AU)
#define NDIS_STATUS_FILE_NOT_FOUND                               ((NDIS_STATUS)0xC001001BU)
#define NDIS_STATUS_ERROR_READING_FILE                           ((NDIS_STATUS)0xC001001CU)
#define NDIS_STATUS_ALREADY_MAPPED                               ((NDIS_STATUS)0xC001001DU)
#define NDIS_STATUS_RESOURCE_CONFLICT                            ((NDIS_STATUS)0xC001001EU)
#define NDIS_STATUS_NO_CABLE                                     ((NDIS_STATUS)0xC001001FU)
#define NDIS_STATUS_INVALID_ADDRESS                              ((NDIS_STATUS)0xC0010022U)
#define NDIS_STATUS_TOKEN_RING_OPEN_ERROR                        ((NDIS_STATUS)0xC0011000U)
#define NDIS_STATUS_SEND_ABORTED                                 ((NDIS_STATUS)0xC023000CU)
#define NDIS_STATUS_MEDIA_DISCONNECTED                           ((NDIS_STATUS)0xC023001FU)
#define NDIS_STATUS_PAUSED                                       ((NDIS_STATUS)0xC023002AU)
#define NDIS_STATUS_INTERFACE_NOT_FOUND                          ((NDIS_STATUS)0xC023002BU)
#define NDIS_STATUS_UNSUPPORTED_REVISION                         ((NDIS_STATUS)0xC023002CU)
#define NDIS_STATUS_INVALID_PORT                                 ((NDIS_STATUS)0xC023002DU)
#define NDIS_STATUS_INVALID_PORT_STATE                           ((NDIS_STATUS)0xC023002EU)
#define NDIS_STATUS_DATA_NOT_ACCEPTED                            ((NDIS_STATUS)STATUS_DATA_NOT_ACCEPTED)
#define NDIS_STATUS_LOW_POWER_STATE                              ((NDIS_STATUS)0xC023002FU)
#define NDIS_STATUS_REINIT_REQUIRED                              ((NDIS_STATUS)0xC0230030U)

/* ---- indications of the extensible switch ---- */

#define NDIS_STATUS_SWITCH_PORT_REMOVE_VF                        ((NDIS_STATUS)0xC0241001U)
#define NDIS_STATUS_SWITCH_NIC_STATUS                            ((NDIS_STATUS)0xC0241002U)

#endif
