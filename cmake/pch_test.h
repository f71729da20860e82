// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "pch_std.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
