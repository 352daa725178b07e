/**
 * A record of a later version is not understood. Version 1 had no changes of sessions, version 2 none of shared subscriptions, version 3 no
 * `since` and no mark of wills, version 4 no messages for one shared subscription alone, version 5 no `goneAt`, by which nodes choose.
 * In version 6 nodes did not all know what each of them had to deliver to shared subscriptions, put messages into the log
 * again, and said where a member had gone; no claim was void.
 * In version 7 no other node knew whose rights a retained message goes by.
 */
export const VERSION = 8;
/** Beside a packet's size: it is a will. */
export const WILL = 0x8000_0000;
/** Beside it too, in versions 5 and 6: behind the packet stands which shared subscription it is for. */
export const AGAIN = 0x4000_0000;
/** Beside it too: behind the packet stands whose rights it goes by. */
export const SOURCE = 0x2000_0000;
/** What is left is the size. */
export const SIZE_MASK = 0x1fff_ffff;
/** In the place of a time, in an entry without a packet: what the entry is. */
export const ENDS_SESSION = 1;
/** A claim's session belongs to its node. */
export const KEEPS_SESSION = 2;
/** Nobody waits for a claim any more: it changes nothing. */
export const VOID = 32;
/** A change of a session. */
export const CHANGE = 4;
/** Another node is not heard. */
export const DEATH = 8;
/** A word on a shared subscription. */
export const SHARE = 16;
/** What has a text behind it. */
export const WITH_TEXT: readonly number[] = [CHANGE, DEATH, SHARE];
