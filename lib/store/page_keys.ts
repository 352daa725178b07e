/** First bytes of a page: a leaf of a table with rowids, and the two kinds of pages of one without. */
const TABLE_LEAF = 0x0d;
const INDEX_LEAF = 0x0a;
const INDEX_INTERIOR = 0x02;
/** Bytes of the header of the file, which is on its first page, before the header of that page. */
const FILE_HEADER_BYTES = 100;
/** Bytes of the headers in a write-ahead log: that of the log, and the one before each page. */
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Columns that are part of a key, at most. */
const KEY_COLUMNS = 2;

/** Columns of a key: a number, or the bytes of a text. */
export type PageKey = readonly (number | Uint8Array)[];

/**
 * The first keys of the pages of a database and of its log, as far as they can be read: places at which reading can go on after a
 * damaged page. They are only proposals, since pages that are not in use any more have keys too; SQLite reads the rows.
 */
export function* pageKeys(database: Uint8Array, log: Uint8Array): Generator<PageKey> {
  const pageBytes = pageSize(database, log);
  for (let at = 0; at + pageBytes <= database.length; at += pageBytes) {
    const key = firstKey(database.subarray(at, at + pageBytes), at === 0 ? FILE_HEADER_BYTES : 0);
    if (key !== undefined) yield key;
  }
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = LOG_HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    const key = firstKey(log.subarray(at + FRAME_HEADER_BYTES, at + frameBytes), 0);
    if (key !== undefined) yield key;
  }
}

/** Compares keys column by column, texts by their bytes, as SQLite does. A shorter key comes before those that begin with it. */
export function compareKeys(a: PageKey, b: PageKey): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareColumns(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareColumns(a: number | Uint8Array, b: number | Uint8Array): number {
  if (typeof a === "number") return typeof b === "number" ? a - b : -1;
  if (typeof b === "number") return 1;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}

/** Bytes of a page: the database says it, or its log where the database does not. */
export function pageSize(database: Uint8Array, log: Uint8Array): number {
  const said = (database[16] ?? 0) << 8 | (database[17] ?? 0);
  if (isPageSize(said)) return said;
  const logged = log.length < LOG_HEADER_BYTES
    ? 0
    : new DataView(log.buffer, log.byteOffset).getUint32(8);
  return isPageSize(logged) ? logged : 4096;
}

function isPageSize(size: number): boolean {
  return size >= 512 && size <= 32_768 && (size & size - 1) === 0;
}

/** The first key of a page; `undefined`: the page has no keys, or cannot be read. */
function firstKey(page: Uint8Array, headerAt: number): PageKey | undefined {
  const kind = page[headerAt];
  if (kind !== TABLE_LEAF && kind !== INDEX_LEAF && kind !== INDEX_INTERIOR) return undefined;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const cells = view.getUint16(headerAt + 3);
  if (cells === 0) return undefined;
  try {
    const cellAt = view.getUint16(headerAt + (kind === INDEX_INTERIOR ? 12 : 8));
    const reader = new CellReader(view, kind === INDEX_INTERIOR ? cellAt + 4 : cellAt);
    reader.varint(); // The size of what follows.
    return kind === TABLE_LEAF ? [reader.varint()] : reader.recordKey();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Reads a cell, as SQLite's file format defines it. Throws a `RangeError` where the page ends before the cell. */
class CellReader {
  readonly #view: DataView;
  #at: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  varint(): number {
    let value = 0;
    for (let i = 0; i < 9; i++) {
      const byte = this.#view.getUint8(this.#at++);
      if (i === 8) return value * 256 + byte;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) break;
    }
    return value;
  }

  /** The first columns of a record, up to one that is neither a whole number nor a text. */
  recordKey(): PageKey | undefined {
    const headerAt = this.#at;
    const headerEnd = headerAt + this.varint();
    const types: number[] = [];
    while (this.#at < headerEnd && types.length < KEY_COLUMNS) types.push(this.varint());
    this.#at = headerEnd;
    const key: (number | Uint8Array)[] = [];
    for (const type of types) {
      const column = this.#column(type);
      if (column === undefined) break;
      key.push(column);
    }
    return key.length === 0 ? undefined : key;
  }

  #column(type: number): number | Uint8Array | undefined {
    if (type === 8 || type === 9) return type - 8;
    if (type >= 1 && type <= 6) return this.#integer(type === 5 ? 6 : type === 6 ? 8 : type);
    if (type >= 13 && type % 2 === 1) return this.#text((type - 13) / 2);
    return undefined;
  }

  #integer(sizeBytes: number): number {
    let value = this.#view.getInt8(this.#at++);
    for (let i = 1; i < sizeBytes; i++) value = value * 256 + this.#view.getUint8(this.#at++);
    return value;
  }

  /** Of a text that continues on another page, the part on this page: in the order of keys it comes before the whole text. */
  #text(sizeBytes: number): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.#view;
    const end = Math.min(this.#at + sizeBytes, byteLength);
    const bytes = new Uint8Array(buffer, byteOffset + this.#at, end - this.#at);
    this.#at = end;
    return bytes;
  }
}
