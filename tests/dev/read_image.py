#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# read_image.py FILE: reads the image of a VM by docs/image-format.md and nothing else, and prints what it finds. With
# --ram it writes guest memory to standard output instead. It shares no code with dormouse.
import struct
import sys
import zlib

PAGE, CHUNK = 4096, 1 << 20


def demand(condition, what):
    if not condition:
        sys.exit(f"read_image: {what}")


def read_header(file):
    raw = file.read(4096)
    demand(len(raw) == 4096 and raw[:8] == b"DORMOUSE", "magic")
    names = "version page chunk sections size table base ram offset time id sum".split()
    header = dict(zip(names, struct.unpack_from("<4I6Q16sI", raw, 8)))
    demand(header["version"] == 1, "version")
    demand(zlib.crc32(raw[:4092]) == struct.unpack_from("<I", raw, 4092)[0], "checksum of the header")
    demand(header["page"] == PAGE and header["chunk"] == CHUNK, "page or chunk")
    demand(not any(raw[92:4092]), "reserved bytes")
    return header


def read_sections(file, header):
    file.seek(header["table"])
    table = file.read(32 * header["sections"])
    demand(zlib.crc32(table) == header["sum"], "checksum of the table")
    sections = {}
    end = header["table"] + len(table)
    for tag, instance, flags, checksum, offset, length in struct.iter_unpack("<4sIIIQQ", table):
        demand(offset % 8 == 0 and end <= offset < end + 8, f"place of {tag}")
        file.seek(offset)
        body = file.read(length)
        demand(len(body) == length and zlib.crc32(body) == checksum, f"checksum of {tag}")
        demand((tag, instance) not in sections, f"second {tag}")
        sections[tag, instance] = (flags, body)
        end = offset + length
    demand(file.seek(0, 2) == header["size"] and header["size"] - end < 8, "size")
    return sections


def read_ram(file, header, sections):
    ram = bytearray(header["ram"])
    last = -1
    for number, checksum, bits in struct.iter_unpack("<II32s", sections.get((b"RMAP", 0), (1, b""))[1]):
        demand(number > last, "order of chunks")
        last, found = number, 0
        for page in range(256):
            if bits[page // 8] >> page % 8 & 1:
                at = number * CHUNK + page * PAGE
                demand(at + PAGE <= len(ram), "page after RAM")
                file.seek(header["offset"] + at)
                ram[at:at + PAGE] = file.read(PAGE)
                found = zlib.crc32(ram[at:at + PAGE], found)
        demand(found == checksum and any(bits), f"checksum of chunk {number}")
    return ram


def main():
    with open(sys.argv[-1], "rb") as file:
        header = read_header(file)
        sections = read_sections(file, header)
        ram = read_ram(file, header, sections)
    if sys.argv[1] == "--ram":
        sys.stdout.buffer.write(ram)
        return
    print("id", header["id"].hex())
    print("memory", header["ram"], hex(header["base"]))
    for (tag, instance), (flags, body) in sections.items():
        print(f"section {tag.decode()}.{instance}, {len(body)} bytes{'' if flags & 1 else ', optional'}")


main()
