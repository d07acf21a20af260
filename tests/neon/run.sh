#!/bin/sh
# The NEON kernels on a machine of another kind: cross-compiles what tests/unit/test_conv.c
# and test_pixels.c need and runs their cases under qemu's user emulation. 77 (skipped)
# where the tools lack. Usage: run.sh SOURCE BUILD
set -eu
source=$1 build=$2/neon
compiler=${AARCH64_CC:-aarch64-linux-gnu-gcc}
emulator=${AARCH64_RUN:-qemu-aarch64}
for tool in "$compiler" "$emulator"; do
    if ! command -v "$tool" >/dev/null; then
        echo "skipped: no $tool here"
        exit 77
    fi
done
mkdir -p "$build"
cd "$source"
# Sections that nothing uses go, and with them what they would need of other libraries.
for test in test_conv test_pixels; do
    "$compiler" -std=gnu17 -O2 -static -ffp-contract=off -fno-math-errno -D_GNU_SOURCE \
        -Wall -Wextra -Werror -Wno-maybe-uninitialized -ffunction-sections \
        -Wl,--gc-sections -I. -Itests/neon -Itests/unit "tests/unit/$test.c" \
        ops/isa/isa.c ops/isa/direct_*.c ops/isa/winograd*.c ops/isa/pixels*.c \
        ops/isa/pointwise*.c ops/nn/conv*.c ops/tensor/blocked.c ops/base/memory.c \
        ops/base/rng.c -o "$build/$test" -lm
done
ATELIER_TEST=neon ATELIER_TEST_SMALL=1 "$emulator" "$build/test_conv"
"$emulator" "$build/test_pixels"
