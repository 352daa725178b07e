import type { SavedFences } from "./fences.ts";
import type { MarkList } from "./marks.ts";
import { VERSION } from "./record_form.ts";
import type { SavedShares } from "./share_table.ts";

/** How far the log has been applied. */
export interface Position {
  /** The last record of the log. */
  readonly sequence: number;
  /** When its stream was made: another time is another log. */
  readonly created: string;
  readonly marks: MarkList;
  /**
   * The version of records by whose rules the store has come there: which words count is decided alike by all programs of a version, and otherwise
   * by others. Absent: an earlier one.
   */
  readonly rules?: number;
  /** Records were missed: of nodes without a mark it is not known what they had written by then. Absent: none was. */
  readonly isBlind?: boolean;
  /** Of the record behind it so many entries are applied; absent: none. */
  readonly entries?: number;
  /** What nodes wrote before they knew better does not count; absent: nobody has such. */
  readonly fences?: SavedFences;
  /** Which nodes have members of shared subscriptions; absent: it was stored before there was such a table. */
  readonly shares?: SavedShares;
}

/** Whether what a store has was applied by the rules of another version than this program's. */
export function isOfOtherRules(text: string | undefined): boolean {
  const position = positionOf(text);
  return position !== undefined && position.rules !== VERSION;
}

/** Reads what was stored; `undefined`: nothing, or nothing of use. */
export function positionOf(text: string | undefined): Position | undefined {
  if (text === undefined) return undefined;
  try {
    const position = JSON.parse(text) as Position;
    if (Number.isInteger(position.sequence) && Array.isArray(position.marks)) return position;
  } catch {
    // It is of another program.
  }
  return undefined;
}
