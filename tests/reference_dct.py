"""A second decoder of `dct` records, written from slipstream_plugins/cache/RECORD.md alone: plain, slow and strict."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLINGS = ((1, 1), (2, 1), (1, 2), (2, 2), (4, 1))
ESCAPES = {"low": 0xFFFF, "high": 0xFFFF, "extension": 0x8000}
ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8))
CRC_OF_BYTE = list(range(256))
for _ in range(8):
    CRC_OF_BYTE = [value >> 1 ^ (value & 1) * 0x82F63B78 for value in CRC_OF_BYTE]


Coefficients = NDArray[np.int16]


@dataclass(frozen=True)
class Tables:
    packing: int
    identity: int
    dictionary: list[list[int]]  # wide: eight widths for every index; those of index 0 stand in the tile
    codebooks: list[list[list[int]]]  # compact: [group][index]: eight values; group 0 has none
    codes: list[dict[str, int]]  # compact: low 2, high 28, extension 26; bits to symbol


@dataclass(frozen=True)
class Component:
    identity: int
    sampling: tuple[int, int]  # horizontal, vertical, as stored
    size: tuple[int, int]  # width, height in samples
    quantisation: NDArray[np.int64]  # [8, 8]
    coefficients: Coefficients  # [rows, columns, 8, 8], quantised


@dataclass(frozen=True)
class Decoded:
    width: int
    height: int
    orientation: int
    colour_model: int
    adobe_transform: int
    segments: list[tuple[int, bytes]]  # marker, data
    components: list[Component]


class Cursor:
    """Bytes, read from the front."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        require(self.at + count <= len(self.data), f"{count} bytes are missing")
        self.at += count
        return self.data[self.at - count : self.at]

    def numbers(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise ValueError(f"dct record: {reason}")


def fields(data: bytes, bits: int, count: int) -> list[int]:
    """The first `count` numbers of `bits` bits, lowest bit first."""
    return [int.from_bytes(data, "little") >> i * bits & (1 << bits) - 1 for i in range(count)]


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_OF_BYTE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def parse_tables(data: bytes) -> Tables:
    """Reads entropy tables; raises ValueError where they break a rule."""
    cursor, identity = Cursor(data), 0xCBF29CE484222325
    for byte in data:
        identity = (identity ^ byte) * 0x100000001B3 % 2**64
    magic, version, packing, zero, size = cursor.numbers("4sBBHI")
    require((magic, version, zero) == (b"\x93SLT", 1, 0) and packing in (0, 1), "not entropy tables of version 1")
    require(size == len(data), "tables of another size")
    tables = Tables(packing, identity, [[]], [[]], [])
    if packing == 1:
        (count,) = cursor.numbers("H")
        require(count < 4096, "too long a dictionary")
        tables.dictionary.extend(fields(cursor.take(4), 4, 8) for _ in range(count))
        require(all(max(widths) <= 12 for widths in tables.dictionary[1:]), "width beyond 12")
        tables.dictionary.extend([0] * 8 for _ in range(4095 - count))
    else:
        for _ in range(7):
            (count,) = cursor.numbers("H")
            require(count <= 256, "too long a codebook")
            vectors = [fields(cursor.take(4), 4, 8) for _ in range(count)]
            tables.codebooks.append([[value - (value & 8) * 2 for value in vector] for vector in vectors])
        kinds = ["low"] * 2 + ["high"] * 28 + ["extension"] * 26
        tables.codes.extend(parse_code(cursor, kind) for kind in kinds)
    require(cursor.at == len(data), "bytes left over in the tables")
    return tables


def parse_code(cursor: Cursor, kind: str) -> dict[str, int]:
    """The symbols of a canonical code by their bits."""
    counts, code, following = cursor.numbers("16H"), {}, 0
    require(sum(count << 16 - length for length, count in enumerate(counts, 1)) == 1 << 16, "code is not complete")
    for length, count in enumerate(counts, 1):
        following *= 2
        for symbol in cursor.numbers(f"{count}H"):
            code[f"{following:0{length}b}"] = symbol
            following += 1
    require(ESCAPES[kind] in code.values(), "code without its escape")
    for symbol in set(code.values()) - {ESCAPES[kind]}:
        width_codes(symbol, kind)
    return code


def width_codes(symbol: int, kind: str) -> list[int]:
    codes = fields(symbol.to_bytes(2, "little"), 4, 4)
    limit = {"low": (12, 13), "high": (13, 13), "extension": (15, 15)}[kind]
    require(codes[0] <= limit[0] and max(codes) <= limit[1], "width code beyond its limit")
    return codes


def read_group(cursor: Cursor, width: int) -> list[int]:
    if width <= 8:
        return [value - (1 << width >> 1) for value in fields(cursor.take(width), width, 8)]
    low = [byte ^ 0x80 for byte in cursor.take(8)]
    return [high * 256 + byte for high, byte in zip(read_group(cursor, width - 8), low, strict=True)]


def read_block(cursor: Cursor, codes: list[int], extension: int, tables: Tables) -> list[int]:
    """64 values in zigzag order, the first being the DC difference."""
    values: list[int] = []
    for group, code in enumerate(codes):
        if code == 13:
            values += dict(enumerate(tables.codebooks[group])).get(cursor.take(1)[0], [0] * 8)
        else:
            values += read_group(cursor, code)
    return [values[0] + (extension << codes[0]), *values[1:]]


def wide_blocks(tile: bytes, classes: list[int], tables: Tables) -> list[list[int]]:
    cursor, count = Cursor(tile), len(classes)
    heads = fields(cursor.take((14 * count + 7) // 8), 14, count)
    require(all(head >> 12 < 3 for head in heads), "extension of 3 bytes")
    widths = [tables.dictionary[head & 4095] or fields(cursor.take(4), 4, 8) for head in heads]
    require(all(max(eight) <= 12 for eight in widths), "width beyond 12")
    blocks = []
    for head, eight in zip(heads, widths, strict=True):
        extension = int.from_bytes(cursor.take(head >> 12), "little", signed=True)
        blocks.append(read_block(cursor, eight, extension, tables))
    require(cursor.at == len(tile), "tile not filled exactly")
    return blocks


def compact_blocks(tile: bytes, classes: list[int], tables: Tables) -> list[list[int]]:
    cursor, at, blocks = Cursor(tile), 0, []
    bits = "".join(f"{byte:08b}" for byte in reversed(tile))

    def symbol(code: dict[str, int], kind: str) -> int:
        nonlocal at
        length = next((n for n in range(1, 17) if bits[at : at + n] in code), 0)
        found = code.get(bits[at : at + length], ESCAPES[kind])
        at += length + 16 * (found == ESCAPES[kind])
        require(length > 0 and at <= len(bits), "heads run out")
        return found if found != ESCAPES[kind] else int(bits[at - 16 : at], 2)

    for kind in classes:
        codes = width_codes(symbol(tables.codes[kind], "low"), "low")
        codes += width_codes(symbol(tables.codes[2 + kind * 14 + codes[3]], "high"), "high")
        extension = symbol(tables.codes[30 + kind * 13 + codes[0]], "extension")
        blocks.append(read_block(cursor, codes, extension - (extension & 0x8000) * 2, tables))
    require(cursor.at + (at + 7) // 8 == len(tile), "tile not filled exactly")
    return blocks


def read_segments(data: bytes) -> list[tuple[int, bytes]]:
    cursor, segments = Cursor(data), []
    while cursor.at < len(data):
        prefix, marker, high, low = cursor.take(4)
        require(prefix == 0xFF and 0xE0 <= marker <= 0xEF and high * 256 + low >= 2, "marker segment")
        segments.append((marker, cursor.take(high * 256 + low - 2)))
    return segments


def decode(record: bytes, tables: bytes) -> Decoded:
    """Reads a record with the entropy tables that it names; raises ValueError where it breaks a rule."""
    known, cursor = parse_tables(tables), Cursor(record)
    magic, version, encoding, packing, orientation, width, height, size, crc, identity = cursor.numbers("4s4B4IQ")
    count, model, adobe, tile_width, index_bits, steps, _, marker_bytes, payload = cursor.numbers("6BHII")
    require((magic, version, encoding) == (b"\x93SLP", 1, 1), "not a dct record of version 1")
    require(size == len(record), "record of another size")
    require(crc == crc32c(record[:20] + record[24:]), "checksum differs")
    require((packing, identity) == (known.packing, known.identity), "names other tables")
    require(
        orientation in range(1, 9) and min(width, height) in range(1, 65501) and max(width, height) <= 65500,
        "orientation or size",
    )
    require((count, model) in ((1, 0), (3, 1), (3, 2)), "components or colour model")
    require(tile_width in range(1, 17) and index_bits in range(1, 33) and steps in range(1, 5), "tile, index or tables")
    headers = [cursor.numbers("4B") for _ in range(3)]
    require(all(table < steps for _, _, table, _ in headers[:count]), "quantisation table that is not there")
    stored = [(factors >> 4, factors & 15) for _, factors, _, _ in headers[:count]]
    require(count == 3 or all(1 <= factor <= 4 for factor in stored[0]), "sampling")
    factors = stored if count == 3 else [(1, 1)]
    require(factors[0] in SAMPLINGS[: 5 if model == 1 else 1] and set(factors[1:]) <= {(1, 1)}, "sampling")
    quantisation = np.empty((steps, 64), np.int64)
    quantisation[:, ZIGZAG] = np.frombuffer(cursor.take(steps * 64), np.uint8).reshape(steps, 64)
    require(bool((quantisation > 0).all()), "quantisation step of 0")
    across, down = -(-width // (8 * factors[0][0])), -(-height // (8 * factors[0][1]))
    tiles = [(y, range(across)[x : x + tile_width]) for y in range(down) for x in range(0, across, tile_width)]
    sizes = fields(cursor.take((len(tiles) * index_bits + 7) // 8), index_bits, len(tiles))
    require(sum(sizes) == payload, "index does not add up")
    segments = read_segments(cursor.take(marker_bytes))
    extents = [(-(-width * h // factors[0][0]), -(-height * v // factors[0][1])) for h, v in factors]
    blocks = [np.zeros((-(-rows // 8), -(-columns // 8), 64), np.int16) for columns, rows in extents]
    for (y, xs), tile_bytes in zip(tiles, sizes, strict=True):
        grid = [(x, y, c, *factor) for x in xs for c, factor in enumerate(factors)]
        places = [(c, y * v + j, x * h + i) for x, y, c, h, v in grid for j in range(v) for i in range(h)]
        classes = [int(model == 1 and c > 0) for c, _, _ in places]
        values = (wide_blocks if packing == 1 else compact_blocks)(cursor.take(tile_bytes), classes, known)
        store(blocks, places, values)
    cursor.take(64)
    require(cursor.at == len(record), "bytes after the end")
    steps_of = [quantisation[table].reshape(8, 8) for _, _, table, _ in headers[:count]]
    natural = [values.reshape(*values.shape[:2], 8, 8) for values in blocks]
    components = [
        Component(*parts) for parts in zip([h[0] for h in headers], stored, extents, steps_of, natural, strict=False)
    ]
    return Decoded(width, height, orientation, model, adobe, segments, components)


def store(blocks: list[Coefficients], places: list[tuple[int, int, int]], values: list[list[int]]) -> None:
    """Puts the blocks of a tile at (component, row, column); of those outside their component only the DC counts."""
    dc = [0] * len(blocks)
    for (c, row, column), (difference, *others) in zip(places, values, strict=True):
        dc[c] = (dc[c] + difference + 0x8000) % 0x10000 - 0x8000
        if row < blocks[c].shape[0] and column < blocks[c].shape[1]:
            blocks[c][row, column, ZIGZAG] = [dc[c], *others]


def planes(decoded: Decoded) -> list[NDArray[np.uint8]]:
    """The samples of every component at its own size, by libjpeg's accurate integer transform (jidctint.c)."""
    found = []
    for component in decoded.components:
        columns, rows = component.size
        half = transform(component.coefficients * component.quantisation, 11)
        samples = transform(half.swapaxes(2, 3), 18).swapaxes(2, 3) + 128
        whole = samples.clip(0, 255).astype(np.uint8).swapaxes(1, 2)
        found.append(whole.reshape(whole.shape[0] * 8, -1)[:rows, :columns])
    return found


def transform(values: NDArray[np.int64], shift: int) -> NDArray[np.int64]:
    """The inverse transform of columns, rounded and shifted right; its constants are in units of 2^-13."""
    v0, v1, v2, v3, v4, v5, v6, v7 = np.moveaxis(values, 2, 0)
    turn, plus, minus = (v2 + v6) * 4433, (v0 + v4) << 13, (v0 - v4) << 13
    low, high = turn - v6 * 15137, turn + v2 * 6270
    even = np.stack([plus + high, minus + low, minus - low, plus - high], 2)
    turn = (v1 + v3 + v5 + v7) * 9633
    a, b, c, d = turn - (v3 + v7) * 16069, turn - (v1 + v5) * 3196, (v1 + v7) * -7373, (v3 + v5) * -20995
    odd = np.stack([v1 * 12299 + b + c, v3 * 25172 + a + d, v5 * 16819 + b + d, v7 * 2446 + a + c], 2)
    both = np.concatenate([even + odd, (even - odd)[:, :, ::-1]], 2)
    return (both + (1 << shift - 1)) >> shift
