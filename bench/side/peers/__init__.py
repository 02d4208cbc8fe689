# SPDX-License-Identifier: BSD-2-Clause
"""The switches that can stand in a case, one file each."""
