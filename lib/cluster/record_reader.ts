import type { Publisher } from "../broker/mod.ts";
import { decodePublish } from "../codec/mod.ts";
import { parseChange } from "./change_text.ts";
import { firstPlaceOf, type LogRecord, type RecordEntry, type SharedAgain } from "./record.ts";
import {
  AGAIN,
  CHANGE,
  ENDS_SESSION,
  KEEPS_SESSION,
  SHARE,
  SIZE_MASK,
  SOURCE,
  VERSION,
  VOID,
  WILL,
  WITH_TEXT,
} from "./record_form.ts";

const LATEST_PLAUSIBLE_VERSION = 100;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The same text as before is not decoded again: a record has many messages of each publisher. */
class TextReader {
  #bytes = new Uint8Array();
  #text = "";

  read(record: Uint8Array, start: number, end: number): string {
    const length = end - start;
    let isSame = length === this.#bytes.length;
    for (let i = 0; isSame && i < length; i++) isSame = record[start + i] === this.#bytes[i];
    if (!isSame) {
      this.#bytes = record.slice(start, end);
      this.#text = decoder.decode(this.#bytes);
    }
    return this.#text;
  }
}

/** A record of a later version than this program knows. What it says would be missing on this node, so nothing behind it may be applied either. */
export class NewerRecordError extends RangeError {
  constructor(readonly version: number) {
    super(`Cannot read a record of version ${version}: update this node`);
    this.name = "NewerRecordError";
  }
}

/** Reads a record; payloads are its own bytes. `sequence`: its number in the log, from which messages have their `logId`. Throws `RangeError` where it is none, or of a version that is not known. */
export function decodeRecord(given: Uint8Array, sequence = 0): LogRecord {
  const record = given.slice();
  const view = new DataView(record.buffer);
  const version = record[0] ?? 0;
  if (version > VERSION && hasHead(record, view)) throw new NewerRecordError(version);
  if (version > VERSION || version === 0) {
    throw new RangeError("Cannot read a record: it does not begin as one");
  }
  const nameAt = version < 4 ? 20 : 28;
  // What did not say it is taken as it was then.
  const since = version < 4 ? Infinity : view.getFloat64(20);
  const nameEnd = nameAt + record[1]!;
  const node = decoder.decode(record.subarray(nameAt, nameEnd));
  const entries: RecordEntry[] = [];
  const [names, texts] = [new TextReader(), new TextReader()];
  let source: Publisher | undefined;
  const firstPlace = firstPlaceOf(sequence);
  let at = nameEnd;
  for (let left = view.getUint16(18); left > 0; left--) {
    const expiresAtMs = view.getFloat64(at);
    const packetId = view.getUint16(at + 8);
    const publisherEnd = at + 16 + view.getUint16(at + 10);
    const size = view.getUint32(at + 12);
    const [isWill, isAgain, hasSource] = version < 5
      ? [size >= WILL, false, false]
      : [(size & WILL) !== 0, (size & AGAIN) !== 0, (size & SOURCE) !== 0];
    const end = publisherEnd + (size & SIZE_MASK);
    if (end > record.length) throw new RangeError("Cannot read a record: it is cut off");
    const publisherId = names.read(record, at + 16, publisherEnd);
    if (end === publisherEnd && WITH_TEXT.includes(expiresAtMs)) {
      at = textEndOf(record, view, end);
      entries.push(entryOf(expiresAtMs, decoder.decode(record.subarray(end + 4, at))));
      continue;
    }
    if (end === publisherEnd) {
      entries.push({
        clientId: publisherId,
        endsSession: (expiresAtMs & ENDS_SESSION) !== 0,
        keepsSession: (expiresAtMs & KEEPS_SESSION) !== 0,
        ...(expiresAtMs & VOID) === 0 ? {} : { isVoid: true },
      });
      at = end;
      continue;
    }
    const { topicName, payload, qos, retain, properties } = decodePublish(
      record,
      publisherEnd,
      end,
      5,
    );
    const logId = sequence === 0 ? 0 : firstPlace + entries.length;
    at = isAgain || hasSource ? textEndOf(record, view, end) : end;
    if (hasSource) source = sourceOf(publisherId, texts.read(record, end + 4, at), source);
    entries.push({
      packetId,
      ...hasSource ? { source } : {},
      ...isWill ? { isWill } : {},
      ...isAgain ? { again: againOf(decoder.decode(record.subarray(end + 4, at))) } : {},
      message: { topicName, payload, qos, retain, properties, expiresAtMs, publisherId, logId },
    });
  }
  return { node, epoch: view.getFloat64(2), number: view.getFloat64(10), since, entries };
}

/** Where the text ends whose length stands here. */
function textEndOf(record: Uint8Array, view: DataView, at: number): number {
  const end = at + 4 + view.getUint32(at);
  if (end > record.length) throw new RangeError("Cannot read a record: it is cut off");
  return end;
}

/** Whose rights a message goes by; `before`: those of an earlier one of the record. */
function sourceOf(clientId: string, text: string, before: Publisher | undefined): Publisher {
  const [listener, userName = null] = JSON.parse(text) as [string, (string | null)?];
  const isSame = before?.clientId === clientId && before.listener === listener &&
    before.userName === (userName ?? undefined);
  if (isSame) return before;
  checkText(listener, userName ?? "");
  return { clientId, userName: userName ?? undefined, listener };
}

function againOf(text: string): SharedAgain {
  const { share, before } = JSON.parse(text) as SharedAgain;
  checkText(share);
  return { share, before: Number(before) };
}

/** Whether these bytes begin as a record of every version does: what is none must not stop a node. */
function hasHead(record: Uint8Array, view: DataView): boolean {
  if (record.length < 28 || record[0]! > LATEST_PLAUSIBLE_VERSION) return false;
  const nameLength = record[1]!;
  const [epoch, number] = [view.getFloat64(2), view.getFloat64(10)];
  return nameLength > 0 && record.length >= 28 + nameLength && Number.isSafeInteger(epoch) &&
    epoch > 0 && Number.isSafeInteger(number) && number > 0;
}

function entryOf(kind: number, text: string): RecordEntry {
  // What is none of these would fail when it is applied, and all records behind it would wait for it.
  if (kind === CHANGE) {
    const change = parseChange(text);
    checkText(change.kind, change.clientId);
    return { change };
  }
  const value = JSON.parse(text);
  if (kind === SHARE) {
    checkText(value.kind, value.kind === "hello" ? "" : value.share);
    return { share: value };
  }
  checkText(value.node);
  return { dead: value };
}

function checkText(...values: readonly unknown[]): void {
  if (values.every((value) => typeof value === "string")) return;
  throw new RangeError("Cannot read a record: an entry is not what it says");
}
