import type { Core } from "../core/core.ts";
import { Service, STEPS } from "../core/work.ts";
import { dismantle } from "./dismantle.ts";
import { drop } from "./drop.ts";
import { attempt, report } from "./faults.ts";
import { actFor, disconnect } from "./lifecycle.ts";
import { continueFanOuts } from "./long_fan_out.ts";
import { relieve } from "./relief.ts";
import { pumpRetained } from "./retained_pump.ts";
import { routeMessage } from "./route_message.ts";
import { drain } from "./send.ts";
import { rewatch } from "./watch.ts";

/** Ends the turn: commits the writes and sends the packets that need not wait. */
export function endTurn(core: Core): void {
  for (const [connection, reason] of core.leaving.splice(0)) {
    attempt(core, "Cannot disconnect a client", { client: connection.name }, () => {
      disconnect(core, connection, reason);
    });
  }
  for (const act of core.asked.splice(0)) {
    attempt(core, "Cannot do what the program has asked for", {}, act);
  }
  publishAll(core);
  continueFanOuts(core);
  dismantle(core);
  if (core.waitingForFlight.size > 0) pumpWaiting(core);
  pumpAll(core);
  if (core.store !== undefined && !core.longFanOuts.holdsCommit) core.releases.commit(core.store);
  const { dirty } = core;
  core.dirty = [];
  for (const connection of dirty) {
    const { outbox } = connection;
    outbox.isDirty = false;
    if (outbox.ready.length > 0) connection.link.flush();
    core.congestion.account(connection);
    if (outbox.writingBytes > 0 && connection.state !== "closed") rewatch(core, connection);
  }
  if (core.closing.length > 0) core.closeLinks();
  relieve(core);
  renew(core);
  if (core.events.isWaiting) core.call(() => core.events.tell());
  wake(core);
}

/** Gives the next turn its steps: at once or, where this turn cost much, when all connections that are ready have been served. */
function renew({ work, ports }: Core): void {
  if (ports.afterRound === undefined || work.isLittle) work.beginTurn();
  else ports.afterRound(() => work.beginTurn());
}

/**
 * Routes messages that programs published during the turn. Those published in answer to them are routed in the next turn, so that a program
 * that keeps answering its own messages stalls nobody.
 */
function publishAll(core: Core): void {
  const { published, longFanOuts } = core;
  for (let left = published.length; left > 0; left--) {
    // All programs count as one publisher, whose messages keep their order.
    if (longFanOuts.isBusy("")) return;
    const message = published.shift()!;
    const { topicName } = message;
    try {
      routeMessage(core, message, core.router.route(topicName)!, null);
    } catch (error) {
      report(core, "Cannot publish a program's message", { topicName }, error);
      drop(core, null, "encoding_failed", message);
    }
  }
}

/**
 * Requests the next call of `tick`. Writes made after the turn's flush are due at once, such as the will of a client that `relieve` has
 * disconnected.
 */
export function wake(core: Core): void {
  const { deadlines, ports, pumping, published, postponed, dismantling, longFanOuts, nowMs } = core;
  const { nextMs } = deadlines;
  if (nextMs !== Infinity) ports.wake(nextMs);
  const left = pumping.size + published.length + postponed.length + dismantling.length +
    core.asked.length + core.dirty.length;
  if (left > 0 || longFanOuts.isActive || core.events.isWaiting) ports.wake(nowMs);
}

/** Calls the deadlines that are due, as far as there is time in this turn. */
export function runDue(core: Core): void {
  const { deadlines, work, nowMs } = core;
  const mustStop = () => {
    work.spend(STEPS.deadline);
    return work.isTurnOver;
  };
  // A deadline that throws is out of the queue, so calling again continues with the others.
  for (let isThrough = false; !isThrough;) {
    attempt(core, "Cannot do what is due", {}, () => {
      deadlines.run(nowMs, mustStop);
      isThrough = true;
    });
  }
}

/**
 * Connections that used their share of an earlier turn continue, as far as there is time in this one; at least one of them does.
 */
export function resumePostponed(core: Core): void {
  const { postponed, work } = core;
  core.isResuming = true;
  for (let left = postponed.length; left > 0; left--) {
    core.resume(postponed.shift()!, "budget");
    if (work.isTurnOver) break;
  }
  core.isResuming = false;
}

/** Clients that had nothing in flight, and no room because of others, try again. */
function pumpWaiting({ flights, waitingForFlight, pumping }: Core): void {
  if (!flights.isRelieved) return;
  for (const client of waitingForFlight) pumping.add(client);
  waitingForFlight.clear();
}

/**
 * Sends waiting and retained messages to the clients in `pumping`, one after the other; a client that has more to get goes to the
 * end. At least one client is served, even when others fill every turn.
 */
function pumpAll(core: Core): void {
  const { pumping, work } = core;
  if (pumping.size === 0 || !work.mayServe(Service.pump)) return;
  for (let left = pumping.size; left > 0; left--) {
    const [client] = pumping;
    pumping.delete(client!);
    const { connection } = client!;
    if (connection === null) continue;
    work.beginPart();
    actFor(core, connection, () => {
      drain(core, client!);
      pumpRetained(core, client!);
    });
    if (work.isTurnOver) return;
  }
}
