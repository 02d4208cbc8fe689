/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a source that traces with WPP gets in place of its generated .tmh file:
 * trace calls stay calls that vanish, arguments and all. vmq-cc includes it.
 */
#ifndef OVMQ_WPP_H
#define OVMQ_WPP_H

#define WPP_INIT_TRACING(...) ((void)0)
#define WPP_CLEANUP(...)      ((void)0)
#define WPP_SYSTEMCONTROL(...)
#define WPP_SYSTEMCONTROL2(...)
#define WPP_ENABLED(...)      0

#ifndef WPP_LEVEL_ENABLED
#define WPP_LEVEL_ENABLED(...) 0
#endif

/* The levels of evntrace.h, which trace calls name. */
#define TRACE_LEVEL_NONE        0
#define TRACE_LEVEL_CRITICAL    1
#define TRACE_LEVEL_FATAL       1
#define TRACE_LEVEL_ERROR       2
#define TRACE_LEVEL_WARNING     3
#define TRACE_LEVEL_INFORMATION 4
#define TRACE_LEVEL_VERBOSE     5

#endif
