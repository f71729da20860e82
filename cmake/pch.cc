// SPDX-License-Identifier: Apache-2.0
// Gives the precompiled headers a translation unit to belong to.
