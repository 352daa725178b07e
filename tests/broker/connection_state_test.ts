import { strict as assert } from "node:assert";
import { InvariantError } from "../../lib/broker/ground/invariant.ts";
import {
  type ConnectionEvent,
  type ConnectionState,
  nextState,
  TRANSITIONS,
} from "../../lib/broker/state/connection_state.ts";
import { Exchange } from "../support/exchange.ts";

const table: [from: ConnectionState, event: ConnectionEvent, to: ConnectionState | undefined][] = [
  ["waiting", "connect", "authenticating"],
  ["waiting", "admit", undefined],
  ["waiting", "close", "closed"],
  ["authenticating", "connect", undefined], // a second CONNECT is a fault of the peer, found before
  ["authenticating", "admit", "connected"],
  ["authenticating", "close", "closed"],
  ["connected", "connect", undefined],
  ["connected", "admit", undefined], // admitted twice it would take itself over
  ["connected", "close", "closed"],
  ["closed", "connect", undefined],
  ["closed", "admit", undefined],
  ["closed", "close", undefined],
];
for (const [from, event, to] of table) {
  Deno.test(`${from}, ${event}: ${to ?? "cannot be"}`, () => {
    if (to !== undefined) return assert.equal(nextState(from, event), to);
    assert.throws(() => nextState(from, event), InvariantError);
  });
}

Deno.test("The table of the test has every state and every event", () => {
  assert.equal(table.length, 4 * 3);
  assert.deepEqual(new Set(table.map(([from]) => from)), new Set(Object.keys(TRANSITIONS)));
});

Deno.test("A connection goes through the states as its packets come", () => {
  let answer = () => {};
  const exchange = new Exchange({
    access: {
      authenticate: (_, done) => {
        answer = () => done({ isAllowed: true });
      },
    },
  });
  const state = () => exchange.link("a").connection!.state;
  exchange.play("a opens");
  assert.equal(state(), "waiting");
  exchange.play("a> CONNECT");
  assert.equal(state(), "authenticating");
  exchange.test.turn(answer);
  exchange.play("a< CONNACK");
  assert.equal(state(), "connected");
  exchange.play("a x");
  assert.equal(state(), "closed");
});

Deno.test("What cannot be to a connection goes up to whoever runs the broker", () => {
  const exchange = new Exchange().play("a> CONNECT\na< CONNACK");
  const { connection } = exchange.link("a");
  assert.throws(() => connection!.enter("admit"), InvariantError);
  assert.equal(connection!.state, "connected");
});
