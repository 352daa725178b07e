import { Marks } from "../../../lib/cluster/marks.ts";
import type { RecordEntry, RecordMessage } from "../../../lib/cluster/record.ts";
import { decodeRecord } from "../../../lib/cluster/record_reader.ts";
import { Violation } from "../records.ts";
import type { ClusterWorld } from "./world.ts";

/** How often each text counts in the log: a will does where its client is its node's. */
export function countInLog({ log }: ClusterWorld): Map<string, number> {
  const counts = new Map<string, number>();
  const marks = new Marks([], false);
  const homes = new Map<string, Home>();
  const deaths = new Map<string, number>();
  const ends = new Map<string, number>();
  const told = new ToldWills();
  for (const [i, bytes] of log.records.entries()) {
    const record = decodeRecord(bytes);
    if (marks.judge(record) !== "next") continue;
    for (const entry of record.entries) {
      if ("clientId" in entry && entry.isVoid === true) continue;
      if (!("message" in entry)) {
        const by = { node: record.node, at: i + 1, since: record.since, hasMoved: false };
        told.hear(entry, by, homes);
        moveHome({ homes, deaths, ends, marks }, by, entry);
        continue;
      }
      const home = homes.get(entry.message.publisherId);
      const isOthers = home === undefined
        ? Math.max(deaths.get(record.node) ?? 0, ends.get(entry.message.publisherId) ?? 0) >
          record.since
        : home.node !== record.node || home.at > record.since;
      if (entry.isWill === true && isOthers) continue;
      const text = new TextDecoder().decode(entry.message.payload);
      if (entry.isWill === true && told.isGoneBefore(text, i + 1)) {
        throw new Violation(`The will ${text} was published in record ${i + 1}, and was gone`);
      }
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  return counts;
}

/** What the log says of wills: one that is gone is not published any more, whatever has happened to whom. */
class ToldWills {
  readonly #wills = new Map<string, string>();
  readonly #goneAt = new Map<string, number>();

  hear(entry: Exclude<RecordEntry, RecordMessage>, by: Told, homes: ReadonlyMap<string, Home>) {
    if ("clientId" in entry && entry.endsSession) this.#wills.delete(entry.clientId);
    if (!("change" in entry) || entry.change.kind !== "will") return;
    const { clientId, will } = entry.change;
    const home = homes.get(clientId);
    if (home?.node !== by.node || by.since < home.at) return;
    if (will !== undefined) {
      const text = new TextDecoder().decode(will.will.payload);
      this.#goneAt.delete(text);
      return void this.#wills.set(clientId, text);
    }
    const text = this.#wills.get(clientId);
    this.#wills.delete(clientId);
    if (text !== undefined) this.#goneAt.set(text, by.at);
  }

  /** A node that publishes a will says in the same record that it is gone. */
  isGoneBefore(text: string, at: number): boolean {
    return (this.#goneAt.get(text) ?? at) < at;
  }
}

/** The node of a session, the record by which it came there, and whether another node had it before. */
interface Home {
  readonly node: string;
  readonly at: number;
  readonly hasMoved: boolean;
}

/** Who says something, where, and what it had applied. */
interface Told extends Home {
  readonly since: number;
}

/** Whose each session is; the records by which nodes died, and by which sessions moved that have ended. */
interface Homes {
  readonly homes: Map<string, Home>;
  readonly deaths: Map<string, number>;
  readonly ends: Map<string, number>;
  readonly marks: Marks;
}

/** Whose each session is, by the words of the log. */
function moveHome(
  { homes, deaths, ends, marks }: Homes,
  { node, at, since }: Told,
  entry: Exclude<RecordEntry, RecordMessage>,
): void {
  const end = (clientId: string) => {
    const home = homes.get(clientId);
    if (home?.hasMoved === true) ends.set(clientId, home.at);
    homes.delete(clientId);
  };
  if ("clientId" in entry) {
    const before = homes.get(entry.clientId);
    if (entry.keepsSession && before?.node === node) return;
    const hasMoved = before !== undefined;
    if (entry.keepsSession) homes.set(entry.clientId, { node, at, hasMoved });
    else end(entry.clientId);
    if (!entry.keepsSession && before !== undefined && before.node !== node) {
      ends.set(entry.clientId, at);
    }
  } else if ("dead" in entry) {
    const { dead } = entry;
    const { epoch, number } = marks.headOf(dead.node);
    if (epoch !== dead.epoch || number !== dead.number) return;
    deaths.set(dead.node, at);
    for (const [clientId, home] of homes) {
      if (home.node === dead.node) homes.set(clientId, { node, at, hasMoved: true });
    }
  } else if ("change" in entry) {
    const { kind, clientId } = entry.change;
    const home = homes.get(clientId);
    const isLate = Math.max(deaths.get(node) ?? 0, ends.get(clientId) ?? 0) > since;
    if (home === undefined && kind === "session" && !isLate) {
      homes.set(clientId, { node, at: 0, hasMoved: false });
    } else if (home?.node === node && kind === "ended" && since >= home.at) end(clientId);
  }
}
