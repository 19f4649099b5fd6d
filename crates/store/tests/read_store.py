#!/usr/bin/env python3
"""Reads an object out of a data folder, by docs/reference/layout.md alone.

usage: read_store.py FOLDER PATH OUTPUT

Writes the object's bytes to OUTPUT and what is known of it to standard output, as
JSON. Shares no code with the store: SQLite is Python's, zstd is the program, BLAKE3
is below. Slow, and right or an error.
"""

import hashlib
import json
import sqlite3
import struct
import subprocess
import sys
import uuid

MIB = 1 << 20
FRAME = 65536

# --- BLAKE3, from its specification -------------------------------------------

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
      0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
MIXES = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def compress(value, block, counter, length, flags):
    m = struct.unpack("<16I", block.ljust(64, b"\0"))
    s = list(value) + list(IV[:4]) + [
        counter & 0xFFFFFFFF, counter >> 32, length, flags]
    for _ in range(7):
        for n, (a, b, c, d) in enumerate(MIXES):
            s[a] = (s[a] + s[b] + m[2 * n]) & 0xFFFFFFFF
            x = s[d] ^ s[a]
            s[d] = (x >> 16 | x << 16) & 0xFFFFFFFF
            s[c] = (s[c] + s[d]) & 0xFFFFFFFF
            x = s[b] ^ s[c]
            s[b] = (x >> 12 | x << 20) & 0xFFFFFFFF
            s[a] = (s[a] + s[b] + m[2 * n + 1]) & 0xFFFFFFFF
            x = s[d] ^ s[a]
            s[d] = (x >> 8 | x << 24) & 0xFFFFFFFF
            s[c] = (s[c] + s[d]) & 0xFFFFFFFF
            x = s[b] ^ s[c]
            s[b] = (x >> 7 | x << 25) & 0xFFFFFFFF
        m = tuple(m[i] for i in ORDER)
    return tuple(s[i] ^ s[i + 8] for i in range(8))


def chunk(data, counter, root):
    value = IV
    blocks = [data[i:i + 64] for i in range(0, len(data), 64)] or [b""]
    for n, block in enumerate(blocks):
        flags = CHUNK_START if n == 0 else 0
        if n == len(blocks) - 1:
            flags |= CHUNK_END | (ROOT if root else 0)
        value = compress(value, block, counter, len(block), flags)
    return value


def parent(left, right, root):
    block = struct.pack("<16I", *left, *right)
    return compress(IV, block, 0, 64, PARENT | (ROOT if root else 0))


def merge(values, root):
    """Merges chaining values of equal subtrees, the last may be smaller."""
    if len(values) == 1:
        return values[0]
    left = 1
    while left * 2 < len(values):
        left *= 2
    return parent(merge(values[:left], False), merge(values[left:], False), root)


def subtree(data, first_chunk, root):
    parts = [data[i:i + 1024] for i in range(0, len(data), 1024)] or [b""]
    alone = root and len(parts) == 1
    values = [chunk(p, first_chunk + n, alone) for n, p in enumerate(parts)]
    return merge(values, root)


def text(value):
    return struct.pack("<8I", *value)


def blake3(data):
    return text(subtree(data, 0, True))


# --- the layout ---------------------------------------------------------------

def require(holds, what):
    if not holds:
        raise SystemExit(f"read_store: {what}")


def find(sql, path):
    at = 0
    *above, last = path.strip("/").split("/")
    for name in above:
        row = sql.execute("SELECT child FROM entry WHERE dir = ? AND name = ?",
                          (at, name.encode())).fetchone()
        require(row and row[0] is not None, f"{name}: no such directory")
        at = row[0]
    row = sql.execute(
        "SELECT object, mtime, durability, content_type, headers FROM entry"
        " WHERE dir = ? AND name = ?", (at, last.encode())).fetchone()
    require(row and row[0] is not None, f"{path}: no such object")
    return row


def expand(stored):
    done = subprocess.run(["zstd", "-dcq"], input=stored, capture_output=True)
    require(done.returncode == 0, f"zstd: {done.stderr!r}")
    return done.stdout


def read_frames(file, ident):
    header = file[:128]
    magic, version, frame, length, entries, digests, table_at = struct.unpack(
        "<8sIIQQQQ", header[:48])
    require(magic == b"THOTHFRM" and version == 1 and frame == FRAME, "header")
    require(header[48:64] == ident, "the header has another id")
    require(header[112:128] == blake3(header[:112])[:16], "header's digest")
    table = file[table_at:]
    require(len(table) == 8 * entries + 32 * digests, "the table's length")
    require(header[96:112] == blake3(table)[:16], "the table's digest")
    out, at, kinds = bytearray(), 128, set()
    for n in range(entries):
        entry = table[8 * n:8 * n + 8]
        kind, number = entry[0], int.from_bytes(entry[1:4], "little")
        kinds.add(kind)
        if kind == 2:
            out += bytes(min(number * FRAME, length - len(out)))
            continue
        require(kind in (1, 3), f"entry {n}: kind {kind}")
        stored = file[at:at + number]
        at += number
        require(entry[4:] == blake3(stored)[:4], f"frame {n}: its check")
        bytes_ = stored if kind == 3 else expand(stored)
        require(len(bytes_) == min(FRAME, length - len(out)), f"frame {n}")
        out += bytes_
    require(at == table_at and len(out) == length, "frames and table")
    listed = [table[8 * entries + 32 * n:][:32] for n in range(digests)]
    return bytes(out), header[64:96], listed, sorted(kinds)


def read_sum(file, ident, length):
    magic, version, covers, size = struct.unpack("<8sIIQ", file[:24])
    require(magic == b"THOTHSUM" and version == 1 and covers == MIB, "sum")
    require(size == length and file[24:40] == ident, "sum of another object")
    require(file[-16:] == blake3(file[:-16])[:16], "the sum's digest")
    body = file[72:-16]
    return file[40:72], [body[n:n + 32] for n in range(0, len(body), 32)]


def slurp(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def main(folder, path, output):
    sql = sqlite3.connect(f"file:{folder}/store.db?mode=ro", uri=True)
    one = lambda pragma: sql.execute(f"PRAGMA {pragma}").fetchone()[0]
    require(one("application_id") == 0x54687468, "another program's database")
    require(one("user_version") == 3, "another version of the layout")
    key, mtime, durability, content_type, headers = find(sql, path)
    ident, size, digest, md5, names, body = sql.execute(
        "SELECT id, size, digest, md5, names, body FROM object WHERE key = ?",
        (key,)).fetchone()
    etag = str(uuid.UUID(bytes=ident))
    base = f"{folder}/objects/{ident[0]:02x}/{etag}"
    form, kinds, said, listed = "inline", [], None, None
    if body is None:
        framed, body = slurp(base + ".frames"), slurp(base)
        if framed is not None:
            form = "frames"
            body, said, listed, kinds = read_frames(framed, ident)
        else:
            form = "plain"
            require(body is not None, f"{base}: missing")
            if size > MIB:
                said, listed = read_sum(slurp(base + ".sum"), ident, size)
    require(len(body) == size, f"{len(body)} bytes, expected {size}")
    require(md5 is None or hashlib.md5(body).digest() == md5, "MD5")
    require(said in (None, digest), "the file has another digest")
    parts = [subtree(body[n:n + MIB], n // 1024, False)
             for n in range(0, size, MIB)] if size > MIB else []
    whole = text(merge(parts, True)) if parts else blake3(body)
    require(whole == digest, "the digest of the whole")
    if listed is not None:
        there = [text(part) for n, part in enumerate(parts)
                 if form == "plain" or any(body[n * MIB:(n + 1) * MIB])]
        require(there == listed, "the digests of the mebibytes")
    with open(output, "wb") as file:
        file.write(body)
    json.dump({"etag": etag, "size": size, "names": names, "form": form,
               "kinds": kinds, "mtime": mtime, "durability": durability,
               "type": content_type or "application/octet-stream",
               "headers": json.loads(headers) if headers else {}}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
